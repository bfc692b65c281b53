"""How many clicks a network needs on images with known objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from apprentice_lab.clicks.scenes import Scene
from apprentice_lab.clicks.user import EXACT, MOST, User, clicks_to, ious_of
from napari_apprentice.engine.device import mixed_precision, pick
from napari_apprentice.engine.folding import ready
from napari_apprentice.engine.nets import Net
from napari_apprentice.engine.prompts import dialogue
from napari_apprentice.engine.prompts.inputs import answer

_AROUND = 450  # pixels around an object that are enough to ask for it
_LOWERED = 0.005


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
    to80, to85 = (np.array([clicks_to(run, goal) for run in runs]) for goal in (0.8, 0.85))
    later = np.concatenate([np.diff(run) for run in runs])
    return ClickScore(
        len(runs),
        float(np.mean([run[0] >= 0.8 for run in runs])),
        float(np.mean([run[0] for run in runs])),
        float(np.minimum(to80, MOST).mean()),
        float(np.minimum(to85, MOST).mean()),
        float((to80 > MOST).mean()),
        float((later < -_LOWERED).mean()) if later.size else 0.0,
    )


def judge(
    net: Net, scenes: Sequence[Scene], most: int, seed: int = 0, user: User = EXACT
) -> Iterator[tuple[str, ClickScore]]:
    """The score of each kind of scene, on at most ``most`` of its objects that no edge cuts."""
    predict = predictor(net)
    by_kind: dict[str, list[Scene]] = defaultdict(list)
    for one in scenes:
        by_kind[one.kind].append(one)
    for kind in sorted(by_kind):
        whole = [(one, it) for one in by_kind[kind] for it in one.objects if not _is_cut(it[1], one.labels.shape)]
        chosen = np.random.default_rng(seed).permutation(len(whole))[:most]
        if len(chosen):
            runs = []
            for i in chosen:
                one, found = whole[int(i)]
                runs.append(_run(predict, one, found, user, np.random.default_rng((seed, int(i)))))
            yield kind, score_of(runs)


def predictor(net: Net) -> dialogue.Predict:
    """The network as a dialogue asks it, on the processor."""
    device = pick("cpu")
    fused = ready(net, device)

    def predict(inputs: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        with torch.inference_mode(), mixed_precision(device):
            mask, iou = answer(fused(torch.from_numpy(inputs)[:, :, None]).float())
        return mask.numpy(), iou.numpy()

    return predict


def _run(
    predict: dialogue.Predict,
    one: Scene,
    found: tuple[int, tuple[slice, slice]],
    user: User,
    rng: np.random.Generator,
) -> list[float]:
    number, box = found
    around = tuple(slice(max(0, side.start - _AROUND), side.stop + _AROUND) for side in box)
    pixels, truth = one.pixels[around], one.labels[around] == number
    asked = dialogue.Asked()

    def click(at: tuple[float, float], remove: bool) -> NDArray[np.bool_]:
        nonlocal asked
        asked = dialogue.click(pixels, asked, at, predict, remove=remove)
        return np.zeros(truth.shape, bool) if asked.mask is None else asked.mask

    return ious_of(click, truth, user, rng)


def _is_cut(box: tuple[slice, slice], shape: tuple[int, ...]) -> bool:
    return any(side.start == 0 or side.stop == length for side, length in zip(box, shape, strict=True))
