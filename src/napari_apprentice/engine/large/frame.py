"""One frame of a large image in the folder of its job: what each piece reads and what it writes.

::

    image --predict--> prediction --decode--> places, N.npz --number--> labels
                                                  |  join, link  ^
                                                  +--> numbers --+   (the only step that looks at the whole frame)

Nothing is kept from one piece to the next, so that pieces can be done by anyone who sees the folder, in any order
within a step, and twice.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import BloscCodec

from napari_apprentice.data.geometry.lattice import Part
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.labels.linking import FrameOverlap, named_after, renamed
from napari_apprentice.data.models import outputs_of
from napari_apprentice.data.storage import npy, scratch
from napari_apprentice.data.storage.atomic_write import atomic_write
from napari_apprentice.engine.device import free_memory, is_out_of_memory
from napari_apprentice.engine.large import parts, plan
from napari_apprentice.engine.large.marks import attempt
from napari_apprentice.engine.large.parts import NO_PAIRS, Beyond, FoundObjects, Places
from napari_apprentice.engine.large.plan import Plan
from napari_apprentice.engine.network import Network
from napari_apprentice.errors import UserError
from napari_apprentice.settings import Triple


def prepare(folder: Path, network: Network, made: Callable[[], Plan]) -> Plan:
    """The plan that is there, or a new one, and the arrays for what comes between."""
    folder.mkdir(exist_ok=True)
    if not (folder / "plan.json").exists():
        for name in ("prediction", "places"):
            shutil.rmtree(folder / name, ignore_errors=True)
        found = made()
        lattice, channels = found.lattice, outputs_of(network.header)
        predicted, step = (channels, *lattice.network_shape), (channels, *lattice.step)
        _made(folder / "prediction", predicted, step, np.float16)
        places = np.uint64 if network.header.kind == "instances" else np.uint32
        _made(folder / "places", lattice.shape, chunk_of(found), places)
        plan.write_plan(found, folder / "plan.json")
    return plan.read_plan(folder / "plan.json")


def _made(path: Path, shape: tuple[int, ...], chunks: tuple[int, ...], dtype: Any) -> None:
    """An array that is read again soon: compressed so lightly that it takes less time than the disk would."""
    lightly = BloscCodec(cname="lz4", clevel=1, shuffle="shuffle")
    zarr.create_array(path, shape=shape, chunks=chunks, dtype=dtype, compressors=lightly)


def chunk_of(found: Plan) -> Triple:
    """The image voxels (z, y, x) of a tile: every piece writes whole chunks of its own."""
    z, y, x = found.lattice.step
    step = found.lattice.in_image((slice(0, z), slice(0, y), slice(0, x)))
    return max(1, step[0].stop), max(1, step[1].stop), max(1, step[2].stop)


class LargeFrame:
    """One frame (C, Z, Y, X) as pieces see it; ``labels`` (Z, Y, X) is where they end, ``before`` the frame before."""

    def __init__(
        self,
        network: Network,
        spacing: tuple[float, float, float],
        pixels: Any,
        folder: Path,
        labels: Any,
        before: Any = None,
        *,
        with_doubts: bool = False,
    ) -> None:
        self.plan = plan.read_plan(folder / "plan.json")
        self._network = network.at(self.plan.zoom)
        self._spacing = spacing
        self._pixels = pixels
        self._folder = folder
        self._labels = labels
        self._before = before
        self._with_doubts = with_doubts
        self._prediction = zarr.open_array(folder / "prediction", mode="r+")
        self._places = zarr.open_array(folder / "places", mode="r+")

    def predict(self, index: int) -> None:
        """Write what the network says of a tile."""
        lattice = self.plan.lattice
        tile = lattice.tiles()[index]
        predict = parts.predict_tile if self._network.learned is None else partial(parts.learned_tile, self.plan.zoom)
        found = predict(self._network, lattice, self._pixels, self.plan.scaling, tile)
        self._prediction[(slice(None), *tile.put)] = found

    def decode(self, index: int) -> None:
        """Write the places of a block's objects, and which there are.

        A block that memory cannot hold is decoded in halves; so is one over which a process died, which is what
        happens on Linux when memory runs out.
        """
        with attempt(self._folder / f"{index}.tried") as deaths:
            found, beyond, doubts = self._decoded(self.plan.blocks[index], deaths)
        part = self._folder / f"{index}.{os.getpid()}.part.npz"
        z, y, x = beyond
        np.savez_compressed(part, there=found.there, cut=found.cut, joined=found.joined, z=z, y=y, x=x)
        if self._with_doubts:
            with atomic_write(self._folder / f"{index}.doubts") as beside:
                beside.write_bytes(doubts.to_bytes())
        part.replace(self._folder / f"{index}.npz")

    def join(self, index: int) -> Places:
        """Pairs (n, 2) of objects that margins cut and that are one across the near faces of a block."""
        cut = npy.open_mapped(self._folder / "cut.npy")
        blocks, found = self.plan.blocks, [NO_PAIRS]
        for axis, before in enumerate(blocks.before(index)):
            if before is not None:
                (seen,) = npy.archive(self._folder / f"{before}.npz", "zyx"[axis])
                found.append(self._joined(seen, blocks[index], axis, cut))
        return np.concatenate(found)

    def link(self, index: int) -> FrameOverlap:
        """What a block's objects, as they were numbered, share with those of the frame before."""
        place = self.plan.lattice.in_image(self.plan.blocks[index].put)
        return FrameOverlap.of(np.asarray(self._before[place]), self._numbered(index, np.asarray(self._places[place])))

    def number(self, index: int) -> None:
        """Write the labels of a block."""
        place = self.plan.lattice.in_image(self.plan.blocks[index].put)
        places = np.asarray(self._places[place])
        if self._network.header.kind == "classes":
            self._labels[place] = places
            return
        self._labels[place] = self._numbered(index, places)

    def find_objects(self) -> FoundObjects:
        """The objects of all blocks; when they are classes, the values there are."""
        found = []
        for index in range(len(self.plan.blocks)):
            found.append(FoundObjects(*npy.archive(self._folder / f"{index}.npz", "there", "cut", "joined")))
        return FoundObjects.together(found)

    def find_doubts(self, most: int) -> Doubts:
        """The most doubtful places of all blocks, in voxels of the frame."""
        found = Doubts.none()
        for index in range(len(self.plan.blocks)):
            path = self._folder / f"{index}.doubts"
            if path.exists():
                found = Doubts.together([found, Doubts.from_bytes(path.read_bytes())]).most_doubtful(most)
        return found

    def keep_cut(self, cut: Places) -> None:
        """Tell those who join which objects were cut."""
        scratch.write(self._folder / "cut.npy", cut)

    def keep_numbers(self, found: FoundObjects, joined: Sequence[Places], first: int) -> int:
        """Tell those who number which place has which id, after ``first``; returns how many ids there are."""
        known, ids = parts.numbers(found.there, np.concatenate([found.joined, *joined]))
        scratch.write(self._folder / "known.npy", known)
        scratch.write(self._folder / "ids.npy", ids + np.uint32(first))
        return int(ids.max(initial=0))

    def keep_linked(self, counted: FrameOverlap, first: int) -> int:
        """Tell those who number that objects are those of the frame before; how many are new, after ``first``."""
        links = counted.links()
        names = named_after(counted.now, links, first + 1)
        scratch.write(self._folder / "ids.npy", renamed(npy.open_mapped(self._folder / "ids.npy"), counted.now, names))
        return len(names) - len(links[0])

    def _numbered(self, index: int, places: Places) -> NDArray[np.uint32]:
        known, ids = (npy.open_mapped(self._folder / f"{name}.npy") for name in ("known", "ids"))
        try:
            return parts.renumber(places, known, ids)
        except ValueError as error:
            raise UserError(
                f"Block {index} was written by two workers at once: remove {self._folder.parent} and begin again."
            ) from error

    def _decoded(self, block: Part, halvings: int) -> tuple[FoundObjects, Beyond, Doubts]:
        halves = self.plan.halves(block)
        if not halves or halvings == 0:
            try:
                return self._decoded_whole(block)
            except (RuntimeError, MemoryError) as error:
                if not halves or not is_out_of_memory(error):
                    raise
            free_memory(self._network.device)
        (one, near, some), (two, far, others) = (self._decoded(half, max(0, halvings - 1)) for half in halves)
        axis = next(axis for axis in range(3) if halves[0].put[axis] != halves[1].put[axis])
        joined = self._joined(near[axis], halves[1], axis, np.concatenate([one.cut, two.cut]))
        beyond = [far[i] if i == axis else np.concatenate([near[i], far[i]], axis) for i in range(3)]
        doubts = Doubts.together([some, others])
        return FoundObjects.together([one, two], [joined]), (beyond[0], beyond[1], beyond[2]), doubts

    def _decoded_whole(self, block: Part) -> tuple[FoundObjects, Beyond, Doubts]:
        values = np.asarray(self._prediction[(slice(None), *block.read)])
        decoded = parts.decode_block(
            self._network, self.plan.lattice, values, block, self._spacing, with_doubts=self._with_doubts
        )
        self._places[self.plan.lattice.in_image(block.put)] = decoded.places
        return decoded.found, decoded.beyond, decoded.doubts

    def _joined(self, seen: Places, part: Part, axis: int, cut: Places) -> Places:
        """Pairs across the near face of a part: ``seen`` is how its first layer is seen from before it."""
        if not seen.size or not len(cut):
            return NO_PAIRS
        own = self.plan.lattice.in_image(part.put)
        first = (*own[:axis], slice(own[axis].start, own[axis].start + 1), *own[axis + 1 :])
        return parts.joins(seen, np.asarray(self._places[first]), cut)
