"""*Segment*: labels for every frame of an image, shown tile by tile while they are made."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator

import numpy as np

from napari_apprentice.data.geometry.patches import Slices
from napari_apprentice.data.image.zoom import typical_diameter
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.labels.linking import link_frame
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine.decoding import labels_of, quick_labels
from napari_apprentice.engine.doubting import doubts_of, sureness
from napari_apprentice.engine.predict import PredictionStep
from napari_apprentice.engine.task import Task, open_task, predict_frame, quicker
from napari_apprentice.engine.telling import telling
from napari_apprentice.engine.warm import Warm
from napari_apprentice.events import Event, Finished, Note, Progress, Region, Started, TileDone
from napari_apprentice.jobs import ProposingJob, SegmentResult

_PREDICTING = 0.85  # of the work of a frame; the rest is decoding


def run(job: ProposingJob, cancelled: Callable[[], bool], warm: Warm | None = None) -> Iterator[Event]:
    """Write labels (T, Z, Y, X) to ``job.out``: provisional ones at first, the final ones before the last event.

    Ids are unique over all frames. Raises `errors.Cancelled` within a tile of a cancel.
    """
    began = time.monotonic()
    task = open_task(job.image, job.model, job.settings, warm or Warm(), cancelled)
    yield Started(device=task.network.words)
    if task.note:
        yield Note(text=task.note)
    frames = task.pixels.shape[0]
    out = scratch.create(job.out.path, (frames, *task.pixels.shape[2:]), np.uint32, f"the masks of {job.image.name}")
    clock = _Clock(frames, began)
    objects, diameters, doubts, sure = 0, [], [], []
    for t in range(frames):
        labels, doubtful, expected = yield from _frame(task, t, out[t], clock, with_doubts=job.doubts)
        doubts.append(doubtful.moved((t, 0, 0, 0)))
        sure.append(expected)
        if task.network.header.kind == "instances":
            diameters.append(typical_diameter(labels))
            labels, objects = _numbered(labels, out[t - 1] if t and job.settings.link else None, objects)
        out[t] = labels
        task = quicker(task, t)  # after the first frame: nothing may delay the first masks
    out.flush()
    if task.network.header.kind == "classes":
        objects = len(np.setdiff1d(np.unique(out), [0]))
    known = [one for one in diameters if one is not None]
    yield Finished(
        result=SegmentResult(
            job=job.id,
            labels=job.out,
            objects=objects,
            diameter=float(np.median(known)) if known else None,
            seconds=time.monotonic() - began,
            device=task.network.words,
            doubts=Doubts.together(doubts).to_text() if job.doubts else "",
            sure=float(np.mean(sure)) if job.doubts else None,
        )
    )


def _numbered(labels: np.ndarray, before: np.ndarray | None, objects: int) -> tuple[np.ndarray, int]:
    """A frame's objects under ids of their own, or of the frame ``before``; and how many ids there are now."""
    if before is not None:
        linked, free = link_frame(before, labels, objects + 1)
        return linked, free - 1
    labels[labels > 0] += np.uint32(objects)
    return labels, int(labels.max(initial=objects))


def _frame(
    task: Task, t: int, out: np.ndarray, clock: _Clock, *, with_doubts: bool
) -> Generator[Event, None, tuple[np.ndarray, Doubts, float]]:
    """Predict and decode one frame; events on the way, its labels (Z, Y, X), what is doubtful and how sure it is."""
    header = task.network.header
    highest = 0

    def shown(step: PredictionStep) -> Iterator[Event]:
        nonlocal highest
        if step.note:
            yield Note(text=step.note)
        if step.block is not None and step.region is not None:
            labels = quick_labels(step.block, header)
            region = show(out, labels, step.region, step.shape, highest if header.kind == "instances" else 0)
            highest += int(labels.max())
            yield TileDone(region=((t, t + 1), *region))
        yield clock.at(t + _PREDICTING * step.done / step.total, "Predicting")

    prediction = yield from telling(predict_frame(task, t), shown)

    def decode() -> tuple[np.ndarray, Doubts, float]:
        labels = labels_of(prediction, header, task.image.spacing)
        if not with_doubts:
            return labels, Doubts.none(), 0.0
        doubts = doubts_of(prediction, labels, header)
        return labels, doubts, sureness(prediction, doubts, header)

    found = yield from task.warm.background.run(decode, task.cancelled, clock.at(t + _PREDICTING, "Separating objects"))
    yield clock.at(t + 1, "Separating objects")
    return found


def show(out: np.ndarray, labels: np.ndarray, region: Slices, shape: tuple[int, int, int], offset: int) -> Region:
    """Put labels of a region at network resolution into ``out`` (Z, Y, X); returns the region of the image."""
    place = [region[0]]
    picks = []
    for size, length, part in zip(out.shape[1:], shape[1:], region[1:], strict=True):
        source = np.minimum(((np.arange(size) + 0.5) * length / size).astype(np.int64), length - 1)
        start, stop = np.searchsorted(source, [part.start, part.stop])
        place.append(slice(int(start), int(stop)))
        picks.append(source[start:stop] - part.start)
    shown = labels[:, picks[0][:, None], picks[1]]
    out[tuple(place)] = np.where(shown > 0, shown + np.uint32(offset), 0)
    return tuple((part.start, part.stop) for part in place)


class _Clock:
    """Progress in frames, with the time left at the pace so far."""

    def __init__(self, frames: int, began: float) -> None:
        self._frames = frames
        self._began = began

    def at(self, done: float, what: str) -> Progress:
        """How far it is."""
        passed = time.monotonic() - self._began
        left = passed * (self._frames - done) / done if done > 0 else None
        return Progress(done=done, total=self._frames, left_s=left, what=what)
