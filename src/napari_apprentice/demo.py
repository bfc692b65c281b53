"""The loop on a real sample without a window: segment, correct, teach, segment again, and say honestly what it gave.

The corrections come from the known truth, on the left of the image only; the scores are taken on the right,
where nobody corrected anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import find_boundaries

from napari_apprentice.data import samples
from napari_apprentice.data.exports import write_labels
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels import scores
from napari_apprentice.data.labels.corrections import UNKNOWN, teaching_part
from napari_apprentice.data.storage.results import folder, machine
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Failed, Finished
from napari_apprentice.jobs import TeachResult
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session
from napari_apprentice.settings import TeachSettings

Labels = NDArray[np.uint32]

SAMPLE = "nuclei_2d"
MODEL = "nuclei-2d"
OBJECTS = 50
_TRUTH, _BEFORE, _AFTER = (90, 220, 255), (255, 196, 0), (90, 255, 120)


@dataclass
class DemoOutcome:
    """Labels (T, Z, Y, X) before and after teaching, and what the session said."""

    before: Labels
    after: Labels
    corrected: int
    taught: TeachResult | None
    model: str
    why_waited: str = ""


def run(out: Path, *, teach_seconds: float = 45.0, objects: int = OBJECTS) -> Iterator[str]:
    """Write ``before.tif``, ``after.tif``, ``before_after.png`` and ``scores.json``; yields lines for people."""
    folder(out)
    volume, truth = samples.load(SAMPLE)
    yield f"Segmenting the sample {SAMPLE} with {MODEL}, correcting {objects} objects on its left, teaching..."
    outcome = _loop(volume, truth, teach_seconds, objects)
    for name, labels in (("before", outcome.before), ("after", outcome.after)):
        write_labels(out / f"{name}.tif", labels, volume.spacing, volume.unit)
    imageio.imwrite(out / "before_after.png", before_after(volume, truth, outcome.before, outcome.after))
    found = _scores(truth, outcome)
    (out / "scores.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    yield from _lines(found)
    yield f"Written to {out}: before.tif, after.tif, before_after.png, scores.json"


def _loop(volume: Volume, truth: Labels, teach_seconds: float, objects: int) -> DemoOutcome:
    endings: list[Event] = []
    with Session.temporary(InlineRunners()) as session:
        session.job_ended.connect(lambda kind, event: endings.append(event))
        entry = session.add_image(volume)
        session.choose_model(MODEL)
        session.segment()
        session.run_until_idle()
        before = np.array(entry.labels)
        corrected = correct(session, truth, objects)
        session.teach_settings = TeachSettings(max_seconds=teach_seconds)
        session.teach()
        session.run_until_idle()  # a version that is better for sure segments again by itself
        waiting = session.waiting
        if waiting is not None:  # the user of the demo is curious
            session.use()
            session.run_until_idle()
        after, model = np.array(entry.labels), session.model.title
    for event in endings:
        if isinstance(event, Failed):
            raise UserError(event.message)
    results = [event.result for event in endings if isinstance(event, Finished)]
    taught = next((result for result in results if isinstance(result, TeachResult)), None)
    return DemoOutcome(before, after, corrected, taught, model, "" if waiting is None else waiting.why)


def correct(session: Session, truth: Labels, objects: int, seed: int = 0) -> int:
    """Correct as a person would: paint some objects on the left as they are, a rim and a stroke of background.

    Returns how many objects were painted.
    """
    left = left_half(truth)
    ids = np.unique(truth[left & (truth > 0)])
    ids = ids[[bool(left[truth == value].all()) for value in ids]]
    chosen = np.random.default_rng(seed).permutation(ids)[:objects]
    entry = session.current
    if entry is None:
        raise UserError("There is no image to correct: add one first.")
    for value in chosen:
        mask = truth == value
        rim = (
            ndimage.binary_dilation(mask, np.ones((1, 1, 5, 5)))
            & (truth == 0)
            & (teaching_part(entry.confirmed) == UNKNOWN)
        )
        with session.edits.stroke():
            session.paint(np.flatnonzero(mask), entry.next_id())
            session.paint_background(np.flatnonzero(rim))
    session.paint_background(np.flatnonzero(stroke_of_background(truth, left)))
    return len(chosen)


def left_half(labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Where the corrections are made, an array of the labels' shape."""
    left = np.zeros(labels.shape, bool)
    left[..., : labels.shape[-1] // 2] = True
    return left


def stroke_of_background(truth: Labels, where: NDArray[np.bool_], width: int = 9) -> NDArray[np.bool_]:
    """One horizontal stroke where most of a line is background."""
    free = (truth == 0) & where
    row = int(np.argmax(ndimage.uniform_filter1d(free.sum(axis=(0, 1, 3)).astype(float), width)))
    stroke = np.zeros(truth.shape, bool)
    stroke[:, :, max(0, row - width // 2) : row + width // 2 + 1] = True
    stroke &= free
    return stroke


def _scores(truth: Labels, outcome: DemoOutcome) -> dict[str, Any]:
    right = ~left_half(truth)
    judged = [np.where(right, labels, 0) for labels in (truth, outcome.before, outcome.after)]
    thresholds = [f"AP{threshold:.2f}".replace("0.", ".") for threshold in scores.THRESHOLDS]
    table = {
        name: dict(
            zip(thresholds, [round(m.average_precision, 4) for m in scores.matches(judged[0], labels)], strict=True)
        )
        for name, labels in (("before", judged[1]), ("after", judged[2]))
    }
    return {
        "sample": SAMPLE,
        "model": MODEL,
        "model_in_use": outcome.model,
        "why_it_waited": outcome.why_waited,
        "corrected_objects": outcome.corrected,
        "judged_on": "the right half, where nothing was corrected",
        "objects_to_find": int(len(np.unique(judged[0])) - 1),
        "scores": table,
        "teaching": None
        if outcome.taught is None
        else outcome.taught.model_dump(mode="json", exclude={"model", "job"}),
        "machine": machine(),
    }


def _lines(found: dict[str, Any]) -> Iterator[str]:
    before, after = found["scores"]["before"], found["scores"]["after"]
    changes = ", ".join(f"{name} {before[name]:.3f} -> {after[name]:.3f}" for name in before)
    yield f"Corrected {found['corrected_objects']} objects; on the other half of the image: {changes}."
    taught = found["teaching"]
    if taught is not None:
        yield f"Taught {taught['steps']} steps in {taught['seconds']:.0f} s; {judgement(taught)}."
    if found["why_it_waited"]:
        yield f"The new version would wait for a person ({found['why_it_waited'].rstrip('.')}); the demo uses it."
    yield f"The model in use now: {found['model_in_use']}."


def judgement(taught: dict[str, Any]) -> str:
    """What the corrections that were set aside say."""
    before, after = taught["score_before"], taught["score_after"]
    if after is None:
        return f"not judged: {taught['why_no_score'].rstrip('.') or 'too few objects were set aside'}"
    return f"on corrections set aside {'' if before is None else f'{before:.3f} -> '}{after:.3f}"


def before_after(volume: Volume, truth: Labels, before: Labels, after: Labels) -> NDArray[np.uint8]:
    """Two pictures (Y, X, 3) side by side: the proposal (yellow, then green) drawn over the truth (blue)."""
    gray = as_gray(np.asarray(volume.pixels[0, :, volume.pixels.shape[2] // 2]))
    z = truth.shape[1] // 2
    panels = []
    for labels, colour in ((before, _BEFORE), (after, _AFTER)):
        picture = np.repeat(gray[..., None], 3, axis=2)
        picture[find_boundaries(truth[0, z], mode="inner")] = _TRUTH
        picture[find_boundaries(labels[0, z], mode="inner")] = colour
        panels.append(picture)
    gap = np.full((gray.shape[0], 6, 3), 255, np.uint8)
    return np.concatenate([panels[0], gap, panels[1]], axis=1)


def as_gray(plane: NDArray[Any]) -> NDArray[np.uint8]:
    """Channels (C, Y, X) to one 8-bit plane (Y, X), from the 1st to the 99.8th percentile, dim parts lifted."""
    mean = plane.astype(np.float32).mean(axis=0)
    low, high = np.percentile(mean, (1, 99.8))
    lifted = np.clip((mean - low) / max(high - low, 1e-6), 0, 1) ** 0.6
    gray: NDArray[np.uint8] = (255 * lifted).astype(np.uint8)
    return gray
