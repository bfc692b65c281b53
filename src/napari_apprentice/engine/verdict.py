"""What becomes known of a new version: better for sure, or why it has to wait until somebody looks at it."""

from __future__ import annotations

from dataclasses import dataclass

from napari_apprentice.data.labels.gains import Gain, Tally, gain_of
from napari_apprentice.engine.evaluator import Score
from napari_apprentice.engine.guard import Guard


@dataclass(frozen=True)
class Verdict:
    """``gain`` with its interval; ``why_waits`` is one sentence, "" when the version is better for sure."""

    gain: Gain
    why_waits: str

    @property
    def is_better(self) -> bool:
        """Whether it may be used unasked."""
        return not self.why_waits


def judged(
    before: tuple[Score, Tally],
    after: tuple[Score, Tally],
    guard: Guard,
    right: float,
    joined: Tally | None = None,
) -> Verdict:
    """Compare a version with the model it was taught from, on corrections that neither taught nor chose.

    The interval of what is gained has to lie above 0, average precision at IoU .50 (for classes: mean Dice) must not
    have fallen, and of what the old model was sure of, ``right`` to a share, not too much may be lost (`guard`). Where
    two networks were judged, each by what taught the other, their mean (``joined``), which learned from all of it, has
    to know the corrections as well as they did.
    """
    gain = gain_of(before[1], after[1])
    old, new = before[0].score, after[0].score
    numbers = f"{old:.2f} before, {new:.2f} after"
    if gain.is_loss:
        return Verdict(gain, f"It does worse on corrections set aside ({numbers}).")
    if not gain.is_sure or new < old:
        return Verdict(gain, f"On corrections set aside it is not clearly better ({numbers}).")
    if joined is not None and joined.score < after[1].score:
        return Verdict(gain, "It was taught in two halves, and of both together came less than of each.")
    if guard.is_against(right):
        share = round(100 * guard.lost / guard.total)
        return Verdict(
            gain,
            f"It does better on corrections set aside ({numbers}), but elsewhere {share} % of what the old one was "
            "sure of are gone or different.",
        )
    return Verdict(gain, "")
