"""Files that go beside one that was named. Nobody was asked about them, so what others wrote there stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari_apprentice.errors import UserError

_LARGEST = 1 << 28  # bytes


def refuse_others(side: Path, path: Path, is_ours: Callable[[Path], bool]) -> None:
    """`UserError` where ``side``, which goes beside ``path``, is there and not ours.

    ``is_ours`` is asked of a file; what reading raises means that it is not.
    """
    if not side.exists():
        return
    try:
        ours = side.is_file() and side.stat().st_size <= _LARGEST and is_ours(side)
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        ours = False
    if not ours:
        raise UserError(f"{side} is there and says nothing of {path.name}: choose another name, or move it.")
