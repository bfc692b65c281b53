"""What a job of teaching works with: windows that teach, cases that judge, and the network it begins with."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_apprentice.data.labels.holdout import Side
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
from napari_apprentice.engine.training_data import (
    CorrectedFrame,
    CorrectedImages,
    frames_of,
    read_corrections,
    seen_in,
)
from napari_apprentice.engine.windows import TrainingWindow, windows_of
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event
from napari_apprentice.jobs import TeachJob

_BEGINS_AS_LEARNED = "Teaching begins with what Live learned, as far as the last layer of the network can say it."
_LOOKING = 0.15  # of the time
_LEFT_OUT = "What Live learned is left out: the network below it is taught, from all that is confirmed."
_LIVE_SAW_ALL = "It begins with what Live learned from all corrections: none are left to judge it by."
_LEARNED_FROM_ALL = "It goes on from a version that learned from all corrections: none are left to judge it by."


@dataclass(frozen=True)
class Lesson:
    """What one network learns: ``windows`` teach, ``own`` are cases of what teaches, and ``judging`` those that judge.

    Of few corrections there are two lessons, and the second has the windows of the first, in the same order.
    """

    windows: tuple[TrainingWindow, ...]
    own: tuple[EvaluationCase, ...]
    judging: tuple[EvaluationCase, ...]


@dataclass(frozen=True)
class Material:
    """What a job of teaching works with, read from its corrections.

    ``lessons`` is one, or one for each half of the corrections. Where nothing judges, or too little, they have
    ``why_not_judged``. ``choosing`` are cases that choose which state of the network is kept, ``new_to_parent`` those
    that the parent never learned from: all that is set aside, and of what teaches that of images new to it. ``note`` is
    a sentence about the beginning.
    """

    start: Start
    lessons: tuple[Lesson, ...]
    choosing: tuple[EvaluationCase, ...]
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
    halves = None
    if start.learns_in_halves:
        yield clock.beat(0, "Sharing corrections out")
        halves = corrected.halves
    said: list[Said] = []
    windows = yield from _windows(job, corrected, start, halves.one if halves else None, clock, rng, said)
    others = (yield from _windows(job, corrected, start, halves.other, clock, rng, said)) if halves else []
    is_set = bool(said) and set_last_layer(start.net, said, representation.meanings, start.header.normalize.gain)
    note = "" if not start.after_live else _BEGINS_AS_LEARNED if is_set else _LEFT_OUT
    lessons = tuple(_lesson(job, recipe, start, some, rng) for some in (windows, others) if some)
    choosing = tuple(judging.cases_of(windows, start.header.net, "chooses"))
    why_not_judged = "" if halves else corrected.holdout.why_not_judged
    if is_set:
        why_not_judged = why_not_judged or _LIVE_SAW_ALL
    elif start.further is not None and start.further.header.learned_from_all:
        why_not_judged = _LEARNED_FROM_ALL
    return Material(start, lessons, choosing, _new_to(start, lessons, choosing), why_not_judged, note)


def _windows(
    job: TeachJob,
    corrected: CorrectedImages,
    start: Start,
    sides: Sequence[Side] | None,
    clock: Clock,
    rng: np.random.Generator,
    said: list[Said],
) -> Generator[Event, None, list[TrainingWindow]]:
    """All windows, shared out as in ``sides`` (None: with a part set aside); to ``said`` comes what *Live* says."""
    representation, found = representation_of(start.header), []
    for frame in frames_of(corrected, list(start.zooms), sides):
        yield clock.beat(0, "Reading images")
        slices = None
        if start.learned is not None:
            scaling = scaling_for(start.learned.header, frame.fitted_on)
            slices = LearnedSlices(start.learned, frame.pixels, frame.zoom, scaling)
        seen = _seen(frame, start.header.image_channels)
        for window in windows_of(seen, representation, start.header.normalize, rng):
            found.append(window)
            yield clock.beat(0, "Reading images")
            in_time = clock.elapsed < _LOOKING * job.settings.max_seconds
            if slices is not None and in_time and window.confirmed.any():
                said.append(said_of(window, slices))
                yield clock.beat(0, "Looking at what Live learned")
    return found


def _lesson(
    job: TeachJob, recipe: TeachingRecipe, start: Start, windows: list[TrainingWindow], rng: np.random.Generator
) -> Lesson:
    if not any(len(window.source.centres) for window in windows):
        raise UserError("Nothing teaches yet: correct or approve a few whole objects, then teach.")
    sources = balance_classes([window.source for window in windows], job.kind)
    teaching = [replace(one, source=source) for one, source in zip(windows, sources, strict=True)]
    if job.kind == "instances":
        representation = representation_of(start.header)
        teaching = [replay.with_stand_in(one, representation, recipe.stand_in) for one in teaching]
    net = start.header.net
    shuffled = [windows[i] for i in rng.permutation(len(windows))]
    return Lesson(
        tuple(teaching),
        own=tuple(judging.cases_of(shuffled, net, "teaches", most=recipe.training_cases)),
        judging=tuple(judging.cases_of(windows, net, "judges")),
    )


def _new_to(start: Start, lessons: Sequence[Lesson], choosing: Sequence[EvaluationCase]) -> tuple[EvaluationCase, ...]:
    """Cases that the parent never learned from."""
    parent = start.parent
    known = () if parent is None else parent.trained_on
    aside = [case for lesson in lessons for case in lesson.judging] + list(choosing)
    if len(lessons) > 1 or (parent is not None and parent.learned_from_all):
        return tuple(case for case in aside if case.name not in known)
    own = [case for case in lessons[0].own if case.name not in known]
    return (*own, *aside)


def _seen(frame: CorrectedFrame, channels: int) -> CorrectedFrame:
    pixels, fitted_on = (seen_in(one, channels) for one in (frame.pixels, frame.fitted_on))
    return replace(frame, pixels=pixels, fitted_on=fitted_on)
