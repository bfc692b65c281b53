"""The hand of a process that works until it is killed: what it picks at random, and how it tells what it does."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apprentice_lab.trust.kill_told import Begins, Done, Plan, content_of, digest, seen_of
from napari_apprentice.data import samples
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.session import Session
from napari_apprentice.session.project_image import ProjectImage

_SIDE = 64
_LARGE = (1, 1, 4, 130, 700)  # two regions of 512


class Hand:
    """Tells that an action begins, and what there is when it has returned."""

    def __init__(self, told: Connection, plan: Plan, session: Session) -> None:
        self.session = session
        self.random = np.random.default_rng(plan.seed)
        self._told = told
        self._plan = plan

    @property
    def entry(self) -> ProjectImage:
        """The image worked on."""
        return self.session.images.open_entry

    def tell(self, action: str, do: Callable[[], Any], *, is_edit: bool = False, **known: str) -> None:
        """Do one action; it has begun when that is told, and is acknowledged when it has returned."""
        entry = self.session.current
        if is_edit and entry is not None:
            known["image"] = entry.id
        self._told.send(Begins(action, seen_of(self.session), **known))
        do()
        self.acknowledge(action, known.get("export", ""))

    def acknowledge(self, action: str, export: str = "") -> None:
        """What was begun last has returned."""
        project = "" if self.session.project is None else str(self.session.project.path)
        content = content_of(Path(export)) if export else ""
        self._told.send(Done(action, seen_of(self.session), project, export, content))

    # what is needed for it

    def _image(self) -> Volume:
        if self._plan.is_large:
            pixels = self.random.integers(0, 200, _LARGE).astype(np.uint8)
            return Volume(pixels, name=f"large-{self._plan.seed}")
        sample, _ = samples.load("nuclei_2d")
        y, x = (int(self.random.integers(0, n - _SIDE)) for n in sample.pixels.shape[-2:])
        pixels = np.ascontiguousarray(sample.pixels[..., y : y + _SIDE, x : x + _SIDE])
        return Volume(pixels, name=f"nuclei-{y}-{x}")

    def _shape(self) -> tuple[int, ...]:
        return self.entry.labels.shape

    def _box(self) -> NDArray[np.int64]:
        spans = []
        for n in self._shape():
            length = int(self.random.integers(1, 16))
            start = int(self.random.integers(0, max(1, n - length)))
            spans.append(np.arange(start, min(n, start + length)))
        return np.ravel_multi_index(np.ix_(*spans), self._shape()).reshape(-1)

    def _id(self) -> int:
        ids = np.unique(self.entry.labels)[1:]
        is_new = len(ids) == 0 or self.random.random() < 0.5
        return self.entry.next_id() if is_new else int(self.random.choice(ids))

    def _painted(self, where: NDArray[np.int64], value: int, *, filled: bool = False) -> None:
        """As a layer does: the labels are changed before the session hears of it."""
        flat = self.entry.labels.reshape(-1)
        before = flat[where].copy()
        flat[where] = value
        self.session.edits.record_paint(where, before, value, filled=filled)

    def _after(self, deltas: list[Any]) -> str:
        labels, confirmed = self.entry.labels.copy(), self.entry.confirmed.copy()
        for delta in deltas:
            delta.apply(labels, confirmed)
        return digest(labels, confirmed)
