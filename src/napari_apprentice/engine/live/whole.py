"""*Apply to the whole image*: what *Live* learned in the views looked at, on every slice, part by part."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Generator, Iterator

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.storage import scratch
from napari_apprentice.engine.live import objects
from napari_apprentice.engine.live.answer import decode
from napari_apprentice.engine.live.maps import Box
from napari_apprentice.engine.live.sight import Sight, open_sight
from napari_apprentice.engine.warm import Warm
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Finished, Progress, Started, TileDone
from napari_apprentice.jobs import LiveAllJob, SegmentResult

_EDGE = 1024  # pixels of a part at most


def run(job: LiveAllJob, cancelled: Callable[[], bool], warm: Warm | None = None) -> Iterator[Event]:
    """Write labels (T, Z, Y, X) to ``job.out``. `UserError` where what is confirmed does not suffice to tell any apart.

    Parts that hold samples are looked at first, so that all of what is confirmed counts.
    """
    began = time.monotonic()
    found, words = yield from (_classes if job.corrections is None else _objects)(job, cancelled, warm or Warm())
    seconds = time.monotonic() - began
    yield Finished(result=SegmentResult(job=job.id, labels=job.out, objects=found, seconds=seconds, device=words))


def _classes(job: LiveAllJob, cancelled: Callable[[], bool], warm: Warm) -> Generator[Event, None, tuple[int, str]]:
    sight = open_sight(job, cancelled, warm)
    yield Started(device=sight.network.device.words)
    places, values = job.samples.unpacked()
    yield from _look_at(sight, places)
    head, _ = sight.head(places, values)
    if head is None:
        raise UserError("There is one class only: paint some of another one, or of the background, then apply it.")
    out = _labels(job, sight)
    for (t, z, box), clock in _tiles(sight):
        features, _ = yield from sight.features((t, z), box)
        out[t, z, slice(*box[0]), slice(*box[1])] = decode(features, head)
        yield TileDone(region=((t, t + 1), (z, z + 1), *box))
        yield clock()
    out.flush()
    return len(np.setdiff1d(head.values, [0])), sight.network.device.words


def _objects(job: LiveAllJob, cancelled: Callable[[], bool], warm: Warm) -> Generator[Event, None, tuple[int, str]]:
    labels, confirmed, diameter = objects.corrected_in(job)
    sight = open_sight(job, cancelled, warm, diameter)
    yield Started(device=sight.network.device.words)
    yield from _look_at(sight, np.argwhere(confirmed))
    head, _ = objects.fit_objects(sight, labels, confirmed, np.zeros(4, np.int64), diameter or 1.0)
    if head is None or diameter is None:
        raise UserError("No whole object is confirmed: approve or paint a few, and some background, then apply it.")
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


def _look_at(sight: Sight, places: NDArray[np.int64]) -> Generator[Event, None, None]:
    """Have features at hand where samples (n, 4) are."""
    for t, z in sorted({(int(t), int(z)) for t, z in np.unique(places[:, :2], axis=0)}):
        on_plane = places[(places[:, 0] == t) & (places[:, 1] == z), 2:]
        for box in _parts(sight):
            if _holds(box, on_plane):
                yield from sight.features((t, z), box)


def _tiles(sight: Sight) -> Iterator[tuple[tuple[int, int, Box], Callable[[], Progress]]]:
    """Frame, slice and part of everything there is, in this order, and how far that is."""
    frames, _, depth, *_ = sight.pixels.shape
    tiles = list(itertools.product(range(frames), range(depth), _parts(sight)))
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


def _parts(sight: Sight) -> list[Box]:
    """Even parts of a slice."""
    edges = []
    for length in sight.pixels.shape[3:]:
        cuts = np.linspace(0, length, -(-length // _EDGE) + 1).round().astype(int).tolist()
        edges.append(list(itertools.pairwise(cuts)))
    return list(itertools.product(*edges))


def _holds(box: Box, points: NDArray[np.int64]) -> bool:
    low, high = np.array(box).T
    return bool(((points >= low) & (points < high)).all(axis=1).any())
