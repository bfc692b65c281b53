"""Doors that go wrong for inputs that begin with a certain letter."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from apprentice_lab.trust.fuzzing.targets import Target
from napari_apprentice.errors import UserError


def door(path: Path) -> None:
    letter = path.read_bytes()[:1]
    if letter == b"T":
        raise KeyError("a traceback")
    if letter == b"L":
        sys.stderr.write("a line of another library\n")
    if letter == b"C":
        os.abort()
    if letter == b"M":
        try:
            raise MemoryError
        except MemoryError as error:
            raise UserError("It is damaged: get it again.") from error
    if letter == b"U":
        raise UserError("It is damaged: get it again.")


TARGETS = (Target("played", door, "x.txt", ("tests.lab.trust.played_targets",), listed_in=__name__),)
