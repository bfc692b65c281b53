"""What a run of clicks on an object comes to, and means over objects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_apprentice.engine.practice.user import MOST, clicks_to, iou_after

AFTER = (1, 2, 3, 5)  # clicks
LOWERED = 0.005  # less IoU than before, by more than this: the click made it worse

Part = tuple[float, float]


def counts_of(ious: Sequence[float]) -> dict[str, Part]:
    """From the IoU after each click: every measure as a part and the whole it is divided by, summed over objects.

    ``first .80``: the first click reached it; ``IoU 3``: after three clicks;
    ``NoC .80``: clicks to it, where a failure counts as `MOST`; ``lowered``: of the later clicks those that made it
    worse.
    """
    later = np.diff(ious)
    counts: dict[str, Part] = {}
    for goal in (0.8, 0.85, 0.9):
        counts[f"first {_name(goal)}"] = (float(ious[0] >= goal), 1)
    for clicks in AFTER:
        counts[f"IoU {clicks}"] = (iou_after(ious, clicks), 1)
    for goal in (0.7, 0.8, 0.85):
        needed = clicks_to(ious, goal)
        counts[f"NoC {_name(goal)}"] = (min(needed, MOST), 1)
        counts[f"failed {_name(goal)}"] = (float(needed > MOST), 1)
    counts["final IoU"] = (ious[-1], 1)
    counts["lowered"] = (float((later < -LOWERED).sum()), len(later))
    return counts


def means_of(runs: Sequence[Sequence[float]]) -> dict[str, float]:
    """Every measure over some objects, from the IoU after each click on them."""
    each = [counts_of(run) for run in runs]
    sums = {name: np.sum([one[name] for one in each], axis=0) for name in each[0]}
    return {name: float(part / max(whole, 1)) for name, (part, whole) in sums.items()}


def _name(goal: float) -> str:
    return f"{goal:.2f}".removeprefix("0")
