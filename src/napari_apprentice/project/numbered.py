"""Files of a project that replace each other under growing numbers, and where damaged ones are put.

``state-3.npz`` is ours; ``state-3 (conflicted copy).npz``, as programs that keep folders the same make, is not.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

_MOST_DIGITS = 15
_NO_FILE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)  # ELOOP: links that lead to each other


def numbers(folder: Path, name: str, suffix: str) -> list[int]:
    """The numbers of the files ``<name>-<number><suffix>`` in a folder, the smallest first."""
    ours = re.compile(rf"{name}-(0|[1-9][0-9]{{0,{_MOST_DIGITS - 1}}}){re.escape(suffix)}")
    found = (ours.fullmatch(path.name) for path in folder.glob(f"{name}-*{suffix}"))
    return sorted(int(match[1]) for match in found if match)


def is_readable(path: Path) -> bool:
    """Whether a path is a file, possibly behind a link, and no folder or pipe; `OSError` when the disk cannot say."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError as error:
        if error.errno not in _NO_FILE:
            raise
        return False


def set_aside(path: Path) -> Path:
    """Rename what is damaged, so that nothing takes it for the project's and nothing is written over it."""
    place = free_place(path)
    path.rename(place)
    return place


def free_place(path: Path) -> Path:
    """The name under which a damaged file is kept: ``state-3.damaged``, or with a number when that is taken."""
    return next(place for place in _places(path) if not os.path.lexists(place))


def _places(path: Path) -> Iterator[Path]:
    place = path.with_suffix(".damaged")
    yield place
    for number in range(2, 1_000_000):
        yield place.with_suffix(f".damaged-{number}")
