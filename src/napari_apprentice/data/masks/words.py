"""How many of what, in a sentence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


def count(number: int, what: str) -> str:
    """1 outline, 1,200 outlines."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def were(number: int, what: str) -> str:
    """1 outline was, 1,200 outlines were."""
    return f"{count(number, what)} {'was' if number == 1 else 'were'}"


@dataclass
class LeftOut:
    """What of a file is not drawn: marks without an area, by what they are, and outlines that are damaged."""

    marks: Counter[str] = field(default_factory=Counter)
    damaged: int = 0

    @property
    def is_any(self) -> bool:
        """Whether something is."""
        return bool(self.marks or self.damaged)

    @property
    def only(self) -> str:
        """What a file holds of which nothing is left."""
        return "only damaged outlines" if self.damaged else "no outlines"

    def notes(self) -> list[str]:
        """Sentences on it, if there is any."""
        notes = []
        if self.marks:
            kinds = ", ".join(count(number, what) for what, number in sorted(self.marks.items()))
            notes.append(f"Left out, having no area: {kinds}.")
        if self.damaged:
            notes.append(f"{were(self.damaged, 'outline')} left out, being damaged.")
        return notes
