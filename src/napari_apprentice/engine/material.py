"""What a job of teaching works with: windows that teach, cases that judge, and the network it begins with."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np

from napari_apprentice.data.models import representation_of
from napari_apprentice.engine import judging, replay
from napari_apprentice.engine.balance import balance_classes
from napari_apprentice.engine.clock import Clock
from napari_apprentice.engine.distilling import Said, said_of, set_last_layer
from napari_apprentice.engine.features.learned_values import LearnedSlices
from napari_apprentice.engine.inputs import scaling_for
from napari_apprentice.engine.judging import EvaluationCase
from napari_apprentice.engine.start import Start, begin
from napari_apprentice.engine.teaching_recipe import TeachingRecipe
from napari_apprentice.engine.training_data import CorrectedFrame, frames_of, read_corrections, seen_in
from napari_apprentice.engine.windows import TrainingWindow, windows_of
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event
from napari_apprentice.jobs import TeachJob

_BEGINS_AS_LEARNED = "Teaching begins with what Live learned, as far as the last layer of the network can say it."
_LOOKING = 0.15  # of the time
_LEFT_OUT = "What Live learned is left out: the network below it is taught, from all that is confirmed."
_LIVE_SAW_ALL = "It begins with what Live learned from all corrections: none are left to judge it by."


@dataclass(frozen=True)
class Material:
    """What a job of teaching works with, read from its corrections.

    ``windows`` teach. Of what is set aside ``judging`` are cases that judge (none, or too few: ``why_not_judged``), and
    ``choosing`` those that choose which state of the network is kept. ``own`` are of what teaches, ``new_to_parent`` of
    what the parent never learned from: all that is set aside, and of what teaches that of images new to it. ``note`` is
    a sentence about the beginning.
    """

    start: Start
    windows: tuple[TrainingWindow, ...]
    judging: tuple[EvaluationCase, ...]
    choosing: tuple[EvaluationCase, ...]
    own: tuple[EvaluationCase, ...]
    new_to_parent: tuple[EvaluationCase, ...]
    why_not_judged: str
    note: str = ""


def read_material(
    job: TeachJob, recipe: TeachingRecipe, clock: Clock, rng: np.random.Generator
) -> Generator[Event, None, Material]:
    """Read corrections and images, and the parent or a fresh network; yields a beat between images."""
    yield clock.beat(0, "Reading corrections")
    corrected = read_corrections(job)
    start = begin(job, corrected, clock.is_cancelled)
    representation = representation_of(start.header)
    windows: list[TrainingWindow] = []
    said: list[Said] = []
    for frame in frames_of(corrected, list(start.zooms)):
        yield clock.beat(0, "Reading images")
        slices = None
        if start.learned is not None:
            scaling = scaling_for(start.learned.header, frame.fitted_on)
            slices = LearnedSlices(start.learned, frame.pixels, frame.zoom, scaling)
        frame = _seen(frame, start.header.image_channels)
        for window in windows_of(frame, representation, start.header.normalize, rng):
            windows.append(window)
            yield clock.beat(0, "Reading images")
            in_time = clock.elapsed < _LOOKING * job.settings.max_seconds
            if slices is not None and in_time and window.confirmed.any():
                said.append(said_of(window, slices))
                yield clock.beat(0, "Looking at what Live learned")
    is_set = bool(said) and set_last_layer(start.net, said, representation.meanings, start.header.normalize.gain)
    note = "" if not start.after_live else _BEGINS_AS_LEARNED if is_set else _LEFT_OUT
    if not any(len(window.source.centres) for window in windows):
        raise UserError("Nothing teaches yet: correct or approve a few whole objects, then teach.")
    sources = balance_classes([window.source for window in windows], job.kind)
    teaching = [replace(one, source=source) for one, source in zip(windows, sources, strict=True)]
    if job.kind == "instances":
        teaching = [replay.with_stand_in(one, representation, recipe.stand_in) for one in teaching]
    net = start.header.net
    shuffled = [windows[i] for i in rng.permutation(len(windows))]
    learned = () if start.parent is None else start.parent.trained_on
    new = [window for window in shuffled if window.name not in learned]
    judge, choose = (tuple(judging.cases_of(windows, net, part)) for part in ("judges", "chooses"))
    most = recipe.training_cases
    return Material(
        start,
        tuple(teaching),
        judging=judge,
        choosing=choose,
        own=tuple(judging.cases_of(shuffled, net, "teaches", most=most)),
        new_to_parent=(*judging.cases_of(new, net, "teaches", most=most), *judge, *choose),
        why_not_judged=corrected.holdout.why_not_judged or (_LIVE_SAW_ALL if is_set else ""),
        note=note,
    )


def _seen(frame: CorrectedFrame, channels: int) -> CorrectedFrame:
    pixels, fitted_on = (seen_in(one, channels) for one in (frame.pixels, frame.fitted_on))
    return replace(frame, pixels=pixels, fitted_on=fitted_on)
