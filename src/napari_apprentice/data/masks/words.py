"""How many of what, in a sentence."""

from __future__ import annotations


def count(number: int, what: str) -> str:
    """1 outline, 1,200 outlines."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def were(number: int, what: str) -> str:
    """1 outline was, 1,200 outlines were."""
    return f"{count(number, what)} {'was' if number == 1 else 'were'}"
