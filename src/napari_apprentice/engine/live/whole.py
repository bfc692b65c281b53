"""*Apply to the whole image*: what *Live* learned in the views looked at, on every slice, part by part."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Generator, Iterator

import numpy as np

from napari_apprentice.data.storage import scratch
from napari_apprentice.engine.features.learned_values import parts_of
from napari_apprentice.engine.features.maps import Box
from napari_apprentice.engine.live import objects
from napari_apprentice.engine.live.answer import decode
from napari_apprentice.engine.live.fitting import fit_all_objects, fit_classes
from napari_apprentice.engine.live.sight import Sight
from napari_apprentice.engine.warm import Warm
from napari_apprentice.events import Event, Finished, Progress, TileDone
from napari_apprentice.jobs import LiveAllJob, SegmentResult


def run(job: LiveAllJob, cancelled: Callable[[], bool], warm: Warm | None = None) -> Iterator[Event]:
    """Write labels (T, Z, Y, X) to ``job.out``; `UserError` where what is confirmed does not suffice."""
    began = time.monotonic()
    found, words = yield from (_classes if job.corrections is None else _objects)(job, cancelled, warm or Warm())
    seconds = time.monotonic() - began
    yield Finished(result=SegmentResult(job=job.id, labels=job.out, objects=found, seconds=seconds, device=words))


def _classes(job: LiveAllJob, cancelled: Callable[[], bool], warm: Warm) -> Generator[Event, None, tuple[int, str]]:
    fitted = yield from fit_classes(job, cancelled, warm)
    sight, head = fitted.sight, fitted.head
    out = _labels(job, sight)
    for (t, z, box), clock in _tiles(sight):
        features, _ = yield from sight.features((t, z), box)
        out[t, z, slice(*box[0]), slice(*box[1])] = decode(features, head)
        yield TileDone(region=((t, t + 1), (z, z + 1), *box))
        yield clock()
    out.flush()
    return len(np.setdiff1d(head.values, [0])), sight.network.device.words


def _objects(job: LiveAllJob, cancelled: Callable[[], bool], warm: Warm) -> Generator[Event, None, tuple[int, str]]:
    fitted = yield from fit_all_objects(job, cancelled, warm)
    sight, head = fitted.sight, fitted.objects
    out, highest = _labels(job, sight), 0
    values = np.zeros((2, *out.shape[1:]), np.float16)
    for (t, z, box), clock in _tiles(sight):
        features, _ = yield from sight.features((t, z), box)
        values[:, z, slice(*box[0]), slice(*box[1])] = head.values(features)
        yield clock()
        if z == out.shape[1] - 1 and (box[0][1], box[1][1]) == out.shape[2:]:  # the last part of a frame
            found = objects.decode_objects(values, head, job.image.spacing)
            found[found > 0] += np.uint32(highest)
            out[t], highest = found, max(highest, int(found.max()))
            yield TileDone(region=((t, t + 1), *((0, n) for n in out.shape[1:])))
    out.flush()
    return highest, sight.network.device.words


def _tiles(sight: Sight) -> Iterator[tuple[tuple[int, int, Box], Callable[[], Progress]]]:
    """Frame, slice and part of everything there is, in this order, and how far that is."""
    frames, _, depth, *_ = sight.pixels.shape
    tiles = list(itertools.product(range(frames), range(depth), parts_of(sight.pixels.shape[3:])))
    began = time.monotonic()
    for number, tile in enumerate(tiles, start=1):

        def clock(number: int = number) -> Progress:
            each_s = (time.monotonic() - began) / number
            left_s = each_s * (len(tiles) - number)
            return Progress(done=number, total=len(tiles), left_s=left_s, what="Applying what was learned")

        yield tile, clock


def _labels(job: LiveAllJob, sight: Sight) -> np.memmap:
    frames, _, *rest = sight.pixels.shape
    return scratch.create(job.out.path, (frames, *rest), np.uint32, f"the masks of {job.image.name}")
