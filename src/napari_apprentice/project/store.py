"""Labels and vouched voxels of a large image: chunked arrays in a folder, of which only what is labelled takes space.

::

    store/labels/     uint32 (T, Z, Y, X)
          vouched/    uint8, the same chunks
          overview/   every n-th label along each axis: a coarse picture of all
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from napari_apprentice.data import regions
from napari_apprentice.data.regions import Region, Shape
from napari_apprentice.errors import UserError
from napari_apprentice.project import durable

_TYPES = {"labels": np.uint32, "vouched": np.uint8, "overview": np.uint32}


class LabelStore:
    """The arrays in a folder, made when they are first needed; `UserError` when the disk refuses."""

    def __init__(self, path: Path, shape: Shape) -> None:
        self.path = path
        self.shape = shape
        self.chunk = regions.chunk_of(shape)
        self.steps = regions.overview_steps(shape)
        self._arrays: dict[str, Any] = {}

    def read(self, region: Region) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """Labels and vouched voxels of a region, to be written in."""
        try:
            labels, vouched = (np.ascontiguousarray(self._array(name)[region]) for name in ("labels", "vouched"))
        except (OSError, ValueError, RuntimeError) as error:
            raise UserError(f"The saved labels in {self.path} are damaged: restore them from a copy.") from error
        return labels, vouched

    def write(self, part: Region, labels: NDArray[np.uint32], vouched: NDArray[np.uint8]) -> None:
        """Put the labels and vouched voxels of ``part``, which ends at edges of chunks, on disk."""
        try:
            self._array("labels")[part] = labels
            self._array("vouched")[part] = vouched
            for name in ("labels", "vouched"):
                self._sync(name, part)
            self._draw(part, labels)
        except OSError as error:
            raise durable.disk_trouble(error, self.path) from error

    @property
    def overview(self) -> Any:
        """Every n-th label of the image, n as in ``steps``: a chunked array."""
        return self._array("overview")

    def labelled(self) -> list[Region]:
        """The chunks that hold any label."""
        return list(self._existing("labels"))

    def vouched(self) -> list[Region]:
        """The chunks in which anything is vouched for."""
        return list(self._existing("vouched"))

    def _draw(self, part: Region, labels: NDArray[np.uint32]) -> None:
        first = [-(-edge.start // step) for edge, step in zip(part, self.steps, strict=True)]
        last = [-(-edge.stop // step) for edge, step in zip(part, self.steps, strict=True)]
        inside = tuple(
            slice(a * step - edge.start, None, step) for a, edge, step in zip(first, part, self.steps, strict=True)
        )
        coarse = labels[inside]
        if coarse.size:
            self._array("overview")[tuple(slice(a, b) for a, b in zip(first, last, strict=True))] = coarse

    def _array(self, name: str) -> Any:
        if name not in self._arrays:
            folder = self.path / name
            shape: tuple[int, ...] = self.shape
            if name == "overview":
                shape = tuple(-(-n // step) for n, step in zip(self.shape, self.steps, strict=True))
            chunk = tuple(min(n, most) for n, most in zip(shape, self.chunk, strict=True))
            if (folder / "zarr.json").exists():
                self._arrays[name] = zarr.open_array(folder, mode="r+")
            else:
                durable.make_folder(folder)
                self._arrays[name] = zarr.create_array(folder, shape=shape, chunks=chunk, dtype=_TYPES[name])
        return self._arrays[name]

    def _existing(self, name: str) -> Iterator[Region]:
        folder = self.path / name / "c"
        for file in sorted(folder.glob("*/*/*/*")):
            place = [int(i) for i in file.relative_to(folder).parts if i.isdigit()]
            if len(place) == 4:
                yield regions.chunk_region(place, self.chunk, self.shape)

    def _sync(self, name: str, part: Region) -> None:
        """Chunks take their old ones' places whole; here they are put on disk before the journal is let go of."""
        if os.name == "nt":
            return
        for place in regions.chunks_in(part, self.chunk):
            file = self.path.joinpath(name, "c", *map(str, place))
            if file.exists():
                descriptor = os.open(file, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
