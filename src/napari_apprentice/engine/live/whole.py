"""*Apply to the whole image*: what *Live* learned in the views looked at, on every slice, part by part."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator

import numpy as np

from napari_apprentice.data.storage import scratch
from napari_apprentice.engine.live.answer import decode
from napari_apprentice.engine.live.maps import Box
from napari_apprentice.engine.live.sight import open_sight
from napari_apprentice.engine.warm import Warm
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Finished, Progress, Started, TileDone
from napari_apprentice.jobs import LiveAllJob, SegmentResult

_EDGE = 1024  # pixels of a part at most


def run(job: LiveAllJob, cancelled: Callable[[], bool], warm: Warm | None = None) -> Iterator[Event]:
    """Write class values (T, Z, Y, X) to ``job.out``. `UserError` where what is confirmed is of one class only.

    Parts that hold samples are looked at first, so that all of what is confirmed counts.
    """
    began = time.monotonic()
    sight = open_sight(job, cancelled, warm or Warm())
    yield Started(device=sight.network.device.words)
    frames, _, depth, height, width = sight.pixels.shape
    places, values = job.samples.unpacked()
    parts = list(itertools.product(_parts(height), _parts(width)))
    for t, z in sorted({(int(t), int(z)) for t, z in places[:, :2]}):
        on_plane = places[(places[:, 0] == t) & (places[:, 1] == z), 2:]
        for box in parts:
            if _holds(box, on_plane):
                yield from sight.features((t, z), box)
    head, _ = sight.head(places, values)
    if head is None:
        raise UserError("There is one class only: paint some of another one, or of the background, then apply it.")
    out = scratch.create(job.out.path, (frames, depth, height, width), np.uint32, f"the masks of {job.image.name}")
    tiles = list(itertools.product(range(frames), range(depth), parts))
    for number, (t, z, box) in enumerate(tiles, start=1):
        features, _ = yield from sight.features((t, z), box)
        (top, bottom), (left, right) = box
        out[t, z, top:bottom, left:right] = decode(features, head)
        done = (time.monotonic() - began) / number
        yield TileDone(region=((t, t + 1), (z, z + 1), *box))
        yield Progress(
            done=number, total=len(tiles), left_s=done * (len(tiles) - number), what="Applying what was learned"
        )
    out.flush()
    found = len(np.setdiff1d(head.values, [0]))
    seconds = time.monotonic() - began
    words = sight.network.device.words
    yield Finished(result=SegmentResult(job=job.id, labels=job.out, objects=found, seconds=seconds, device=words))


def _parts(length: int) -> list[tuple[int, int]]:
    """(start, stop) of even parts of an edge."""
    edges = np.linspace(0, length, -(-length // _EDGE) + 1).round().astype(int).tolist()
    return list(itertools.pairwise(edges))


def _holds(box: Box, points: np.ndarray) -> bool:
    low, high = np.array(box).T
    return bool(((points >= low) & (points < high)).all(axis=1).any())
