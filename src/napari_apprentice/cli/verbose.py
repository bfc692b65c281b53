"""``--verbose``: what libraries say, and where an error comes from, on stderr; without it one sentence is all."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

VERBOSE = "--verbose"
_OURS = "napari_apprentice"


def leave_quietly(arguments: Sequence[str]) -> None:
    """Without `VERBOSE` nothing is said from now on: libraries that clear up behind an error complain of it."""
    if VERBOSE not in arguments:
        logging.getLogger().addHandler(logging.NullHandler())
        sys.unraisablehook = lambda _: None


@contextmanager
def heard(arguments: Sequence[str]) -> Iterator[list[str]]:
    """The arguments without `VERBOSE`; with it all is said meanwhile, without it only what commands say."""
    verbose = VERBOSE in arguments
    root, ours = logging.getLogger(), logging.getLogger(_OURS)
    handler = logging.StreamHandler(sys.stderr) if verbose else logging.NullHandler()
    before = ours.level
    root.addHandler(handler)
    try:
        with warnings.catch_warnings():
            if verbose:
                ours.setLevel(logging.DEBUG)
                logging.captureWarnings(True)
            else:
                warnings.simplefilter("ignore", append=True)  # behind what somebody asked for
            yield [word for word in arguments if word != VERBOSE]
    finally:
        if verbose:
            logging.captureWarnings(False)
        ours.setLevel(before)
        root.removeHandler(handler)
