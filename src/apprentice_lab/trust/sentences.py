"""What a user may read: one sentence, or a few, and never a traceback."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 600  # characters


def faults(said: Iterable[str]) -> list[str]:
    """What is wrong with these sentences."""
    return [f"not a sentence: {one!r}" for one in said if not is_said_well(one)]


def is_said_well(sentence: str) -> bool:
    """Whether it ends, has no line breaks, and speaks of what to do rather than of a bug."""
    is_whole = sentence.endswith(".") and len(sentence) <= _LONGEST and "\n" not in sentence
    return is_whole and "Traceback" not in sentence and "went wrong in the program" not in sentence
