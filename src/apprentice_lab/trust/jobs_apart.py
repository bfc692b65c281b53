"""Jobs that are to go wrong, run by a session as a window runs them: how they ended, and what was said when."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import psutil
from numpy.typing import NDArray

from apprentice_lab.trust import sentences
from apprentice_lab.trust.fair_clock import FairClock
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.events import Event, Failed, Finished
from napari_apprentice.project.versions import Lineage
from napari_apprentice.runners import InlineRunners, ProcessRunners, Runners
from napari_apprentice.session import Session
from napari_apprentice.settings import TeachSettings

ENGINE = "apprentice_lab.trust.failing_engine"
PLAN = "APPRENTICE_TRUST"  # names the file that tells the engine what goes wrong
_OBJECT = 900  # of the corrections; ids of proposals are small
_LONGEST_S = 300.0
_SAME = 0.98  # of the labelled voxels, when tiles were made smaller on the way


@dataclass
class Ended:
    """How a job ended: its last event, and the sentences said, each with the time."""

    event: Event | None = None
    said: list[tuple[float, str]] = field(default_factory=list)
    at: float = 0.0


class Jobs:
    """A session with an image that has a few corrections, and an engine that does as a file says."""

    def __init__(self, place: Path, *, in_processes: bool) -> None:
        place.mkdir(parents=True, exist_ok=True)
        self._plan = place / "plan.json"
        os.environ[PLAN] = str(self._plan)
        os.environ["APPRENTICE_HOME"] = str(place / "home")
        self.plan("nothing")
        self.clock = FairClock()
        self.runners: Runners = ProcessRunners(ENGINE) if in_processes else InlineRunners(ENGINE)
        self.session = Session.temporary(self.runners)
        self.session.options = self.session.options.model_copy(update={"resegment_after_teach": False})
        self.session.teach_settings = TeachSettings(max_steps=3, batch_size=2, patch=64, threads=1)
        self.session.add_image(Volume(discs()[None, None, None], name="discs"))
        self.session.choose_model("nuclei-2d")
        labels = self.session.current.labels[0, 0] if self.session.current else np.zeros((1, 1))
        for number, (y, x) in enumerate(CENTRES[:3]):
            self.session.paint(_disc(labels.shape, y, x).ravel().nonzero()[0], _OBJECT + number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.session.close()
        self.runners.close()

    def plan(self, how: str, at: int = 0, spare: int = 0) -> None:
        """What goes wrong in the next job."""
        told = {"how": how, "at": at, "spare": spare}
        self._plan.write_text(json.dumps(told), encoding="utf-8")
        self._plan.with_suffix(".told").unlink(missing_ok=True)

    def told(self) -> dict[str, Any]:
        """What the engine wrote about it: how many calls there were, and when one failed."""
        try:
            told: dict[str, Any] = json.loads(self._plan.with_suffix(".told").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return told

    def done(self, verb: str, meanwhile: Callable[[Ended], None] = lambda ended: None) -> Ended:
        """Run a job to its end; ``meanwhile`` is called again and again, as a window's timer is."""
        ended = Ended()

        def on_ended(_: str, event: Event) -> None:
            ended.event, ended.at = event, time.time()

        def on_message(sentence: str) -> None:
            ended.said.append((time.time(), sentence))

        self.session.job_ended.connect(on_ended)
        self.session.message.connect(on_message)
        begun = time.time()
        try:
            getattr(self.session, verb)()
            while ended.event is None and self.clock.since(begun) < _LONGEST_S:
                self.clock.look()
                if not self.session.pump():
                    time.sleep(0.02)
                meanwhile(ended)
        finally:
            self.session.job_ended.disconnect(on_ended)
            self.session.message.disconnect(on_message)
            if ended.event is None:
                self.session.queue.end_all()
        return ended

    @property
    def lineage(self) -> Lineage:
        """The versions there are."""
        if self.session.project is None:
            raise RuntimeError("there is no project")
        return self.session.project.lineage

    def labels(self) -> NDArray[np.uint32]:
        """Of the image, as they are."""
        entry = self.session.current
        return np.zeros((1, 1, 1, 1), np.uint32) if entry is None else entry.labels.copy()

    def processes(self) -> list[psutil.Process]:
        """The engines that are there."""
        found = []
        for child in psutil.Process().children(recursive=True):
            try:
                if ENGINE in child.cmdline():
                    found.append(child)
            except psutil.Error:
                continue
        return found


def faults(jobs: Jobs, ended: Ended, right: NDArray[np.uint32], within_s: float, since: float | None) -> list[str]:
    """What is wrong with how a job ended that met trouble at ``since``: neither right, nor a sentence in time."""
    found = sentences.faults(sentence for _, sentence in ended.said)
    if ended.event is None:
        return [*found, f"no end within {_LONGEST_S:g} s"]
    if isinstance(ended.event, Failed):
        took = 0.0 if since is None else jobs.clock.between(since, ended.at)
        if took > within_s:
            found.append(f"the sentence came after {took:.1f} s")
        told = [] if ended.event.user_error else [ended.event.details[-600:]]
        return [*found, *[f"{one} {told}" for one in sentences.faults([ended.event.message])]]
    if isinstance(ended.event, Finished) and not _is_same(jobs.labels(), right):
        found.append("the result is not what it is without trouble")
    return found


def _is_same(labels: NDArray[np.uint32], right: NDArray[np.uint32]) -> bool:
    """Whether both say the same, but for ids, and for what a tile less changes."""
    either = (labels > 0) | (right > 0)
    both = (labels > 0) & (right > 0)
    count = [len(np.unique(one)) for one in (labels, right)]
    return bool(count[0] == count[1] and both.sum() >= _SAME * either.sum())


CENTRES = ((30, 30), (34, 90), (92, 40), (100, 100), (150, 60), (150, 150), (60, 150), (180, 110))
_RADIUS = 13


def discs() -> NDArray[np.float32]:
    """Bright nuclei on a dim ground, (Y, X)."""
    picture = np.random.default_rng(0).normal(20, 3, (200, 200))
    for y, x in CENTRES:
        picture[_disc(picture.shape, y, x)] += 100
    return picture.clip(0, 255).astype(np.float32)


def _disc(shape: tuple[int, ...], y: int, x: int) -> NDArray[np.bool_]:
    rows, columns = np.ogrid[: shape[-2], : shape[-1]]
    return np.asarray((rows - y) ** 2 + (columns - x) ** 2 < _RADIUS**2)
