"""How many clicks a network needs on images with known objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from apprentice_lab.clicks.counting import means_of
from apprentice_lab.clicks.methods import predict_with
from napari_apprentice.engine.nets import Net
from napari_apprentice.engine.practice.clicked import clicked
from napari_apprentice.engine.practice.scenes import Scene, is_cut
from napari_apprentice.engine.practice.user import EXACT, User


@dataclass(frozen=True)
class ClickScore:
    """Means over the objects of a kind; ``first`` is the share at IoU .80 after one click, ``failed`` that never there.

    ``noc80`` and ``noc85`` are the clicks to an IoU of .80 and .85 (a failure counts as 20); ``lowered`` the share of
    later clicks that made the mask worse.
    """

    objects: int
    first: float
    first_iou: float
    noc80: float
    noc85: float
    failed: float
    lowered: float


def score_of(runs: Sequence[Sequence[float]]) -> ClickScore:
    """The score of some objects, from the IoU after each click on them."""
    means = means_of(runs)
    return ClickScore(
        len(runs),
        means["first .80"],
        means["IoU 1"],
        means["NoC .80"],
        means["NoC .85"],
        means["failed .80"],
        means["lowered"],
    )


def judge(
    net: Net, scenes: Sequence[Scene], most: int, seed: int = 0, user: User = EXACT
) -> Iterator[tuple[str, ClickScore]]:
    """The score of each kind of scene, on at most ``most`` of its objects that no edge cuts."""
    predict = predict_with(net)
    by_kind: dict[str, list[Scene]] = defaultdict(list)
    for one in scenes:
        by_kind[one.kind].append(one)
    for kind in sorted(by_kind):
        whole = [(one, it) for one in by_kind[kind] for it in one.objects if not is_cut(it[1], one.labels.shape)]
        chosen = np.random.default_rng(seed).permutation(len(whole))[:most]
        if len(chosen):
            runs = []
            for i in chosen:
                one, found = whole[int(i)]
                runs.append(clicked(predict, one, found, np.random.default_rng((seed, int(i))), user=user))
            yield kind, score_of(runs)
