"""``click-2d`` from annotated images to a model file, one cycle after the other."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from apprentice_lab.clicks.judging import ClickScore, judge
from apprentice_lab.clicks.scenes import SHARES, read_scenes
from apprentice_lab.clicks.training import ClickPlan, train
from apprentice_lab.recipes.recipe import seed_of
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine.checkpoint import load, save
from napari_apprentice.engine.practice.rendered import rendered_scenes
from napari_apprentice.engine.prompts.inputs import NET
from napari_apprentice.errors import UserError
from napari_apprentice.session.catalog import ASKED

log = logging.getLogger(__name__)

_RENDERED = 300  # scenes of drawn objects
_JUDGED = 40  # objects of a kind


def make(data: Path, out: Path, plan: ClickPlan, start: Path | None, leave_out: Sequence[str] = ()) -> Path:
    """Train for the plan's minutes from the model file ``start``, or from nothing; returns the file in ``out``.

    Judged on the held-out fold of train, and on the kinds that were left out: on all of their train images.
    """
    if unknown := [kind for kind in leave_out if kind not in SHARES]:
        raise UserError(f"There is no kind of image {unknown[0]}: choose among {', '.join(SHARES)}.")
    out.mkdir(parents=True, exist_ok=True)
    if start is not None:
        plan = replace(plan, seed=seed_of(start))
    scenes = read_scenes(data, "train", leave_out)
    log.info("%d images", len(scenes))
    if "rendered" not in leave_out:
        scenes += rendered_scenes(_RENDERED, plan.seed)
    net = train(scenes, plan, out / "last.pt", None if start is None else load(start)[1])
    unseen = [one for one in read_scenes(data, "train") if one.kind in leave_out]
    scores = {}
    for kind, score in judge(net, [*read_scenes(data, "fold", leave_out), *unseen], _JUDGED):
        scores[kind] = score
        log.info("%s: %s", kind, "  ".join(f"{name} {value:.3g}" for name, value in asdict(score).items()))
    path = out / f"{ASKED}.safetensors"
    save(path, _header(scores, leave_out), net, half=True)
    return path


def _header(scores: dict[str, ClickScore], leave_out: Sequence[str]) -> ModelHeader:
    means = {name: float(np.mean([getattr(one, name) for one in scores.values()])) for name in ("first", "noc80")}
    return ModelHeader(
        id=ASKED,
        name="Click 2D",
        kind="prompts",
        net=NET,
        trained_on=tuple(kind for kind in SHARES if kind not in leave_out),
        scores={f"fold {name}": round(value, 4) for name, value in means.items()},
        licence=(
            "BSD-3-Clause; trained on images under CC0-1.0 (dsb2018, bbbc039, pfc_neurons), Apache-2.0 "
            "(tissue_dapi16), MIT (usiigaci_phase, axons_tem_srf, chloroplasts_sem) and CC-BY 4.0 (histology_tnbc: "
            "Naylor et al., Zenodo 2579118; em_fib25: FlyEM, Janelia)"
        ),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        notes="apprentice train click-2d",
    )
