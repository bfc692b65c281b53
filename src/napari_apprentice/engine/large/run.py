"""All pieces of a large image in turn, in this process: labels come out as OME-Zarr.

Beside the labels a folder keeps what is done, so that a job that was stopped in any way goes on where it was; it is
removed at the end.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from napari_apprentice.data.exports import omezarr
from napari_apprentice.data.exports.export import Export
from napari_apprentice.data.lattice import Part
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.large import parts, plan
from napari_apprentice.engine.large.parts import Found
from napari_apprentice.engine.large.plan import Plan
from napari_apprentice.engine.predict import Network
from napari_apprentice.engine.warm import Warm
from napari_apprentice.errors import Cancelled, UserError
from napari_apprentice.events import Event, Finished, Note, Progress, Started
from napari_apprentice.jobs import SegmentLargeJob, SegmentLargeResult
from napari_apprentice.settings import Triple

_PREDICTING, _DECODING = 0.85, 0.95  # shares of the work done by then


def run(job: SegmentLargeJob, cancelled: Callable[[], bool], warm: Warm | None = None) -> Iterator[Event]:
    """Write labels (T, Z, Y, X) to ``job.out``; raises `errors.Cancelled` within a tile of a cancel."""
    began = time.monotonic()
    network = (warm or Warm()).network(job.model, pick(job.settings.device))
    yield Started(device=network.device.words)
    volume = plan.open_image(job)
    pixels = plan.channels_for(volume, network.header)
    omezarr.refuse(Path(job.out), volume)
    work = work_folder(Path(job.out))
    if not goes_on(work, job):
        _begin(work, job)
    else:
        yield Note(text="Going on where this was stopped.")
    objects, cut, seen, first = 0, 0, set[int](), None
    for t in range(pixels.shape[0]):
        frame = Frame(network, volume.spacing, pixels[t], work / str(t), cancelled)
        frame.prepare(partial(plan.plan_for, job, network, volume, pixels[t], first))
        first = first or frame.plan
        out = omezarr.begun(work / "labels", Path(job.out), volume.labels_shape, frame.chunk)
        if t == 0:
            yield Note(text=plan.words(volume, frame.plan))
        for share, what in frame.steps(out, t, objects):
            done = t + share
            left = (time.monotonic() - began) * (pixels.shape[0] - done) / done if done > 0.01 else None
            yield Progress(done=done, total=pixels.shape[0], left_s=left, what=what)
        objects, cut, seen = objects + frame.objects, cut + frame.cut, seen | frame.classes
    if cut:
        yield Note(text=f"{cut} objects are wider than the margin of a block and may be in two parts.")
    classes = {one.value: one.name for one in network.header.classes}
    omezarr.finish(work / "labels", Path(job.out), Export(np.zeros((1, 1, 1, 1)), volume, classes))
    shutil.rmtree(work)
    yield Finished(
        result=SegmentLargeResult(
            job=job.id,
            labels=job.out,
            objects=objects or len(seen),
            seconds=time.monotonic() - began,
            device=network.device.words,
        )
    )


def work_folder(out: Path) -> Path:
    """Where a job keeps what it has done so far."""
    return out.with_name(f".{out.name}.work")


def goes_on(work: Path, job: SegmentLargeJob) -> bool:
    """Whether a folder holds the beginning of just this job."""
    try:
        return bool(json.loads((work / "job.json").read_text()) == _same(job))
    except (OSError, ValueError):
        return False


def _begin(work: Path, job: SegmentLargeJob) -> None:
    shutil.rmtree(work, ignore_errors=True)
    try:
        work.mkdir(parents=True)
    except OSError as error:
        raise UserError(f"Cannot write {work} ({error.strerror}): choose another folder.") from error
    (work / "job.json").write_text(json.dumps(_same(job)))


def _same(job: SegmentLargeJob) -> dict[str, Any]:
    """What must be the same for a job to go on: not its name, nor the memory that it may take."""
    return job.model_dump(mode="json", exclude={"id", "memory_mb", "store", "labels_kind"})


class Frame:
    """One frame (C, Z, Y, X) with what is done of it in a folder.

    When it is done, ``objects`` and ``cut`` count instances and those wider than margins, ``classes`` are those found.
    """

    def __init__(
        self,
        network: Network,
        spacing: tuple[float, float, float],
        pixels: Any,
        folder: Path,
        cancelled: Callable[[], bool],
    ) -> None:
        self._network = network
        self._spacing = spacing
        self._pixels = pixels
        self._folder = folder
        self._cancelled = cancelled
        self.objects = self.cut = 0
        self.classes: set[int] = set()
        self.plan: Plan

    def prepare(self, made: Callable[[], Plan]) -> None:
        """Take the plan that is there, or make one, and the arrays for what comes between."""
        self._folder.mkdir(exist_ok=True)
        if not (self._folder / "plan.json").exists():
            for name in ("prediction", "places"):
                shutil.rmtree(self._folder / name, ignore_errors=True)
            found = made()
            lattice = found.lattice
            channels = self._network.header.net.out_channels
            z, y, x = (slice(0, n) for n in lattice.step)
            step = lattice.in_image((z, y, x))
            zarr.create_array(
                self._folder / "prediction",
                shape=(channels, *lattice.network_shape),
                chunks=(channels, *lattice.step),
                dtype=np.float16,
            )
            zarr.create_array(
                self._folder / "places",
                shape=lattice.shape,
                chunks=tuple(max(1, s.stop) for s in step),
                dtype=np.uint64,
            )
            plan.kept(found, self._folder / "plan.json")
        self.plan = plan.known(self._folder / "plan.json")
        self._prediction = zarr.open_array(self._folder / "prediction", mode="r+")
        self._places = zarr.open_array(self._folder / "places", mode="r+")

    @property
    def chunk(self) -> Triple:
        """The image voxels (z, y, x) of a tile: every piece writes whole chunks of its own."""
        z, y, x = self._places.chunks
        return z, y, x

    def steps(self, out: Any, t: int, first: int) -> Iterator[tuple[float, str]]:
        """Do what is not done yet; yields how much is, and what. Ids in ``out[t]`` begin after ``first``."""
        tiles, blocks = self.plan.lattice.tiles(), list(self.plan.lattice.blocks(self.plan.tiles, self.plan.margin))
        for i in self._left("tiles", len(tiles)):
            self._predict(tiles[i])
            self._mark("tiles", i)
            yield _PREDICTING * (i + 1) / len(tiles), "Predicting"
        for i in self._left("blocks", len(blocks)):
            self._decode(blocks[i], i)
            self._mark("blocks", i)
            yield _PREDICTING + (_DECODING - _PREDICTING) * (i + 1) / len(blocks), "Separating objects"
        known, ids = self._numbers(blocks)
        for i, block in enumerate(blocks):
            self._check()
            place = self.plan.lattice.in_image(block.put)
            self._write(out, (t, *place), known, ids, first)
            yield _DECODING + (1 - _DECODING) * (i + 1) / len(blocks), "Numbering objects"
        self.objects = int(ids.max(initial=0)) if self._network.header.kind == "instances" else 0

    def _predict(self, tile: Part) -> None:
        self._check()
        found = parts.predict_tile(self._network, self.plan.lattice, self._pixels, self.plan.scaling, tile)
        self._prediction[(slice(None), *tile.put)] = found

    def _decode(self, block: Part, index: int) -> None:
        self._check()
        values = np.asarray(self._prediction[(slice(None), *block.read)])
        places, found = parts.decode_block(self._network, self.plan.lattice, values, block, self._spacing)
        self._places[self.plan.lattice.in_image(block.put)] = places
        part = self._folder / f"{index}.part.npz"
        np.savez(part, owned=found.owned, cut=found.cut)
        part.replace(self._folder / f"{index}.npz")

    def _numbers(self, blocks: list[Part]) -> tuple[np.ndarray, np.ndarray]:
        """Which places are which ids, those of objects joined that margins cut."""
        found = []
        for index in range(len(blocks)):
            with np.load(self._folder / f"{index}.npz") as told:
                found.append(Found(told["owned"], told["cut"]))
        cut = np.unique(np.concatenate([one.cut for one in found]))
        joined = self._joined(blocks, cut) if len(cut) else np.zeros((0, 2), np.uint64)
        known, ids = parts.numbers(np.concatenate([cut, *(one.owned for one in found)]), joined)
        self.cut = len(cut)
        return known, ids

    def _joined(self, blocks: list[Part], cut: np.ndarray) -> np.ndarray:
        """What was cut and belongs together, by the faces between blocks."""
        found = [np.zeros((0, 2), np.uint64)]
        for block in blocks:
            self._check()
            own = self.plan.lattice.in_image(block.put)
            for axis in range(3):
                if own[axis].start == 0:
                    continue
                at = own[axis].start
                faces = [
                    np.asarray(self._places[(*own[:axis], slice(i, i + 1), *own[axis + 1 :])]) for i in (at - 1, at)
                ]
                found.append(parts.joins(faces[0], faces[1], cut))
        return np.concatenate(found)

    def _write(self, out: Any, place: tuple[Any, ...], known: np.ndarray, ids: np.ndarray, first: int) -> None:
        places = np.asarray(self._places[place[1:]])
        if self._network.header.kind == "classes":
            self.classes |= set(np.unique(places).tolist()) - {0}
            out[place] = places.astype(np.uint32)
            return
        labels = parts.renumbered(places, known, ids)
        out[place] = np.where(labels > 0, labels + np.uint32(first), 0)

    def _left(self, name: str, count: int) -> list[int]:
        """What is not done yet, by the marks there are."""
        path = self._folder / f"{name}.txt"
        done = set(map(int, path.read_text().split())) if path.exists() else set()
        return [i for i in range(count) if i not in done]

    def _mark(self, name: str, index: int) -> None:
        with (self._folder / f"{name}.txt").open("a") as file:
            file.write(f"{index}\n")

    def _check(self) -> None:
        if self._cancelled():
            raise Cancelled
