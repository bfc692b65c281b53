"""The network that is asked by clicks learns from objects that were kept, and is judged by clicks on others.

::

    confirmed objects ---> those that teach ---> questions, rounds of clicks -> network -> running average -> written
      (`practice.kept`)    and those set aside    (`practice`), drawn objects              |
                           ------------------------------------------------> a simulated user clicks: before, after

Drawn objects are asked for as well (`practice.rendered`), so that it still knows what background is, and objects of
other kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from napari_apprentice.data.geometry.blocks import cores
from napari_apprentice.data.labels.gains import Gain, gain_of_values
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.asking import predictor
from napari_apprentice.engine.clock import Clock
from napari_apprentice.engine.device import Device, pick
from napari_apprentice.engine.folding import ready
from napari_apprentice.engine.nets import Net
from napari_apprentice.engine.network import Network
from napari_apprentice.engine.practice.clicked import clicked
from napari_apprentice.engine.practice.kept import KeptObjects, read_kept, why_not_judged
from napari_apprentice.engine.practice.questions import Question, ask
from napari_apprentice.engine.practice.rendered import rendered
from napari_apprentice.engine.practice.rounds import OBJECTIVE, answered, loss_of
from napari_apprentice.engine.practice.scenes import Box, Scene, scene
from napari_apprentice.engine.practice.user import clicks_to, curves
from napari_apprentice.engine.schedules import Cosine
from napari_apprentice.engine.train import Course, Learner
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Finished, Note, Started
from napari_apprentice.jobs import TeachClicksJob, TeachClicksResult

_READING = "Reading kept objects"
_BATCH = 16
_DRAWN = 4  # of a batch are about drawn objects
_SCENES = 48  # of drawn objects
_RATE = 1e-3
_WARMUP = 0.1
_AVERAGE = 0.95

_JUDGED = 30  # objects that are clicked, before and after
_GOAL = 0.8  # IoU
_MOST = 6  # clicks on an object that judges
_CURVE = 3  # clicks after which the IoU counts
_SHARE_TO_JUDGE = 6  # a sixth of the time, before and again after
_LONGER = 3.0  # at most so many times as long after as before, where it takes longer then
_FEWEST = 3  # objects of which clicks are told; of fewer they say nothing


def run(job: TeachClicksJob, cancelled: Callable[[], bool]) -> Iterator[Event]:
    """Learn, judge, and write the new version to ``job.out``.

    Raises `errors.Cancelled` soon after a cancel, and `UserError` when there is nothing to learn from or the parent is
    not asked by clicks; nothing is written then.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(job.settings.threads or max(1, cores() - 1))
    try:
        clock, device = Clock(job.settings, cancelled), pick(job.settings.device)
        yield Started(device=device.words)
        yield from _teach(job, clock, device)
    finally:
        torch.set_num_threads(threads)


def _teach(job: TeachClicksJob, clock: Clock, device: Device) -> Iterator[Event]:
    rng = np.random.default_rng(job.settings.seed)
    torch.manual_seed(job.settings.seed)
    yield clock.beat(0, _READING)
    header, net = checkpoint.load(job.parent)
    if header.kind != "prompts":
        raise UserError(f"{header.name} is not a model that is asked for single objects: choose another one.")
    kept = yield from _kept(job, clock, rng)
    if not kept.teaches:
        raise UserError("The objects that were kept are too small to learn from: keep some of 30 pixels or more.")
    judged = _drawn([(one, found) for one in kept.judges for found in one.objects], rng)

    def asked(learned: Net) -> Network:
        return Network(header, ready(learned, device), device)

    began = clock.elapsed
    until = began + job.settings.max_seconds / _SHARE_TO_JUDGE
    before = yield from _clicked(asked(net), judged, clock, 0, until)
    judged = judged[: 0 if before is None else len(before.ious)]
    took = clock.elapsed - began
    clock.keep_back(1.5 * took + 1)
    learner = Learner(net, device, Course(OBJECTIVE, average=_AVERAGE, freeze_norm=True))
    yield from _learn(learner, kept.teaches, clock, job)
    until = clock.elapsed + _LONGER * took + 1
    after = yield from _clicked(asked(learner.average), judged, clock, learner.steps, until)
    yield clock.beat(learner.steps, "Writing the model")
    result = TeachClicksResult(
        job=job.id,
        model=job.out,
        objects=kept.taught,
        steps=learner.steps,
        seconds=clock.elapsed,
        **_told(kept, before, after),
    )
    scores = {} if after is None else {"clicks an object": round(after.clicks, 2)}
    checkpoint.save(job.out, _header_of(Path(job.out).stem, header, scores), learner.average)
    yield Finished(result=result)


def _kept(job: TeachClicksJob, clock: Clock, rng: np.random.Generator) -> Generator[Event, None, KeptObjects]:
    """What was kept, with a beat after everything that was looked at."""
    reading = read_kept(job.training_data, rng)
    while True:
        try:
            next(reading)
        except StopIteration as end:
            kept: KeptObjects = end.value
            return kept
        yield clock.beat(0, _READING)


def _header_of(version: str, parent: ModelHeader, scores: dict[str, float]) -> ModelHeader:
    told = {
        "id": f"click-{version}",
        "name": f"Click network, version {version.removeprefix('v')} of this project",
        "parent": parent.id,
        "trained_on": tuple(dict.fromkeys([*parent.trained_on, "objects that were kept"])),
        "scores": scores,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return parent.model_copy(update=told)


def _learn(learner: Learner, scenes: Sequence[Scene], clock: Clock, job: TeachClicksJob) -> Iterator[Event]:
    draw = _Draw(scenes, job.settings.seed)
    schedule = Cosine(_RATE, _WARMUP, last=0.0)
    clock.begin_steps()
    has_warned = False
    while (used := clock.share_used(learner.steps)) < 1:
        words = clock.words("Learning", learner.steps)
        yield clock.beat(learner.steps, words)
        rng = np.random.default_rng((job.settings.seed, learner.steps))
        learner.ready_to_train()
        loss = loss_of(*answered(learner.net, draw(rng), learner.device, rng))
        yield clock.beat(learner.steps, words)
        learner.backward(loss)
        learner.update(schedule.rate(used))
        if not has_warned and (warning := clock.too_few(learner.steps, "it")):
            has_warned = True
            yield Note(text=warning)


class _Draw:
    """Draws the questions of a step: of scenes by the root of how many objects there are, some of drawn objects."""

    def __init__(self, scenes: Sequence[Scene], seed: int) -> None:
        self._scenes = scenes
        shares = np.sqrt([len(one.objects) for one in scenes])
        self._shares = shares / shares.sum()
        self._seed = seed
        self._rendered: dict[int, Scene] = {}

    def __call__(self, rng: np.random.Generator) -> list[Question]:
        own = rng.choice(len(self._scenes), size=_BATCH - _DRAWN, p=self._shares)
        others = rng.integers(_SCENES, size=_DRAWN)
        scenes = [*(self._scenes[int(i)] for i in own), *(self._drawn(int(i)) for i in others)]
        return [ask(one, rng) for one in scenes]

    def _drawn(self, number: int) -> Scene:
        """A scene of drawn objects, drawn when it is first asked for."""
        if number not in self._rendered:
            attempt = 0
            while not (made := _rendered(self._seed, number, attempt)).objects:
                attempt += 1
            self._rendered[number] = made
        return self._rendered[number]


def _rendered(seed: int, number: int, attempt: int) -> Scene:
    return scene(f"drawn {number}", "rendered", *rendered(np.random.default_rng((seed, number, attempt))))


@dataclass(frozen=True)
class _Clicked:
    """What came of clicks on the objects that judge: how many each took, and its mean IoU after the first few."""

    each: np.ndarray
    ious: np.ndarray

    @property
    def clicks(self) -> float:
        """The mean of all."""
        return float(self.each.mean())

    def first(self, count: int) -> _Clicked:
        """Of the first objects only."""
        return _Clicked(self.each[:count], self.ious[:count])


_Objects = Sequence[tuple[Scene, tuple[int, Box]]]


def _drawn(objects: _Objects, rng: np.random.Generator) -> _Objects:
    return [objects[int(i)] for i in rng.permutation(len(objects))[:_JUDGED]]


def _clicked(
    network: Network, objects: _Objects, clock: Clock, steps: int, until: float = np.inf
) -> Generator[Event, None, _Clicked | None]:
    """What a simulated user needs for the objects that judge; None where there is none.

    After ``until`` seconds of the clock no other object is begun.
    """
    predict = predictor(network)
    runs: list[list[float]] = []
    for i, (one, found) in enumerate(objects):
        if runs and clock.elapsed >= until:
            break
        yield clock.beat(steps, f"Clicking objects set aside, {i + 1} of {len(objects)}")
        runs.append(clicked(predict, one, found, np.random.default_rng(i), until=_GOAL, most=_MOST))
    if not runs:
        return None
    each = np.array([min(clicks_to(run, _GOAL, _MOST), _MOST) for run in runs], float)
    return _Clicked(each, curves(runs, _CURVE).mean(axis=1))


def _told(kept: KeptObjects, before: _Clicked | None, after: _Clicked | None) -> dict[str, object]:
    """What a result says of clicks, and whether the new version is better for sure."""
    if before is None or after is None or len(after.ious) < _FEWEST:
        return {"why_no_score": kept.why_not_judged or "The objects that were set aside are too small."}
    before = before.first(len(after.ious))
    told: dict[str, object] = {
        "judged": len(before.ious),
        "clicks_before": round(before.clicks, 4),
        "clicks_after": round(after.clicks, 4),
    }
    if why_not := kept.why_not_judged or why_not_judged(len(before.ious)):
        return told | {"why_no_score": why_not}
    gain = gain_of_values(before.ious, after.ious)
    why_waits = _why_waits(gain, before.clicks, after.clicks, len(before.ious))
    return told | {"gain_low": gain.low, "gain_high": gain.high, "better": not why_waits, "why_waits": why_waits}


def _why_waits(gain: Gain, before: float, after: float, objects: int) -> str:
    """One sentence; "" when the new version is better for sure: masks are, and no more clicks are needed."""
    numbers = f"{before:.1f} clicks an object before, {after:.1f} after, on {objects} set aside"
    if gain.is_loss:
        return f"It does worse ({numbers})."
    if not gain.is_sure or after > before:
        return f"It is not clearly better ({numbers})."
    return ""
