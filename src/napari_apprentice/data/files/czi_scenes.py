"""The scenes of a CZI file, by one library or the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.files.pixels import refuse_nonsense
from napari_apprentice.data.files.planes import Planes, library, missing
from napari_apprentice.errors import UserError

_READ_AT_ONCE = 1024  # pixels; tiles are of about this size
_SMALLEST = 512  # no level needs to be coarser
_TYPES = {"Gray8": "u1", "Gray16": "u2", "Gray32Float": "f4", "Bgr24": "u1", "Bgr48": "u2", "Bgr96Float": "f4"}


@dataclass(frozen=True)
class Scene:
    """One scene: its number in the file (None: the file has none), its place and size, and the lengths of its axes.

    ``start`` and ``sizes`` are of T, C and Z; of ``others``, axes that have more than one place too, the first is read.
    """

    number: int | None
    box: tuple[int, int, int, int]  # x, y, width, height in the file's pixels
    start: tuple[int, int, int]
    sizes: tuple[int, int, int]
    others: dict[str, int] = field(default_factory=dict)


class CziFile(Protocol):
    """An open file."""

    xml: str
    scenes: tuple[Scene, ...]

    def planes(self, scene: Scene, factor: int = 1) -> Planes:
        """The pixels with axes TCZYX or TCZYXS, every n-th row and column of them."""
        ...

    def factors(self, scene: Scene) -> Iterable[int]:
        """How much coarser the levels are that can be read quickly."""
        ...

    def missing(self, scene: Scene) -> list[tuple[int, ...]]:
        """Places (t, c, z) of a scene, from 0, of which the file has nothing, as far as the library tells."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


def open_czi(path: Path) -> CziFile:
    """The file, by the library that is there; `UserError` when there is none."""
    file: CziFile = _ByLibCzi(path) if find_spec("pylibCZIrw") is not None else _ByCziFile(path)
    try:
        for scene in file.scenes:  # a damaged file may claim millions of channels
            refuse_nonsense(path, (*scene.sizes, *scene.box[2:]), 1)
    except UserError:
        file.close()
        raise
    return file


class _ByLibCzi:
    """By Zeiss's own library, which reads a scene at any zoom."""

    def __init__(self, path: Path) -> None:
        self._file = library("pylibCZIrw.czi", "CZI", "czi").CziReader(str(path))
        self.xml: str = self._file.raw_metadata
        box = self._file.total_bounding_box_no_pyramid
        edges = [box.get(axis, (0, 1)) for axis in "TCZ"]
        start, sizes = tuple(a for a, _ in edges), tuple(max(1, b - a) for a, b in edges)
        others = {axis: b - a for axis, (a, b) in box.items() if axis not in "TCZYXSM" and b - a > 1}
        found = self._file.scenes_bounding_rectangle_no_pyramid or {
            None: self._file.total_bounding_rectangle_no_pyramid
        }
        self.scenes = tuple(
            Scene(number, (int(one.x), int(one.y), int(one.w), int(one.h)), start, sizes, others)
            for number, one in sorted(found.items(), key=lambda item: item[0] or 0)
        )

    def planes(self, scene: Scene, factor: int = 1) -> Planes:
        types = [self._file.get_channel_pixel_type(scene.start[1] + c) for c in range(scene.sizes[1])]
        rgb = types[0].startswith("Bgr")
        x, y, width, height = scene.box

        def read(at: tuple[int, ...], rows: slice, columns: slice) -> NDArray[Any]:
            top, bottom, left, right = rows.start, rows.stop, columns.start, columns.stop
            roi = (x + left * factor, y + top * factor, (right - left) * factor, (bottom - top) * factor)
            plane = {axis: begin + i for axis, begin, i in zip("TCZ", scene.start, at, strict=True)}
            found: NDArray[Any] = self._file.read(roi=roi, plane=plane, scene=scene.number, zoom=1 / factor)
            return found[:: rows.step, :: columns.step, ::-1] if rgb else found[:: rows.step, :: columns.step, 0]

        shape = (*scene.sizes, height // factor, width // factor, *((3,) if rgb else ()))
        dtype = np.result_type(*(_TYPES[one] for one in types))
        return Planes("TCZYX" + ("S" if rgb else ""), shape, dtype, read, _READ_AT_ONCE)

    def factors(self, scene: Scene) -> Iterable[int]:
        coarsest = 1.0

        def look(_index: int, block: Any) -> bool:
            nonlocal coarsest
            coarsest = max(coarsest, block.logicalRect.w / max(1, block.physicalSize.w))
            return True

        self._file.enumerate_subblocks(look)
        factor = 2
        while factor <= coarsest and min(scene.box[2:]) // factor >= _SMALLEST:
            yield factor
            factor *= 2

    def missing(self, scene: Scene) -> list[tuple[int, ...]]:
        there: set[tuple[int, ...]] = set()

        def look(_index: int, block: Any) -> bool:
            at = block.coordinate.to_dict()
            if scene.number is None or at.get("S", scene.number) == scene.number:
                there.add(tuple(at.get(axis, begin) - begin for axis, begin in zip("TCZ", scene.start, strict=True)))
            return True

        self._file.enumerate_subblocks(look)
        return [at for at in product(*(range(n) for n in scene.sizes)) if at not in there]

    def close(self) -> None:
        self._file.close()


class _ByCziFile:
    """By czifile, at full resolution."""

    def __init__(self, path: Path) -> None:
        module = library("czifile", "CZI", "czi")
        if not hasattr(module, "CziImage"):  # versions before 2026, which read little and wrongly
            raise missing("CZI", "czi")
        self._file = module.CziFile(path)
        self.xml: str = self._file.metadata()
        self._images = dict(self._file.scenes.items())
        self.scenes = tuple(self._scene(number, image) for number, image in sorted(self._images.items()))

    def _scene(self, number: int, image: Any) -> Scene:
        begin = dict(zip(image.dims, image.start, strict=True))
        sizes = tuple(int(image.sizes.get(axis, 1)) for axis in "TCZ")
        others = {axis: int(n) for axis, n in image.sizes.items() if axis not in "TCZYXSM" and n > 1}
        start = tuple(int(begin.get(axis, 0)) for axis in "TCZ")
        return Scene(number, image.bbox, (start[0], start[1], start[2]), (sizes[0], sizes[1], sizes[2]), others)

    def planes(self, scene: Scene, factor: int = 1) -> Planes:
        image = self._images[scene.number or 0]
        rgb = "S" in image.dims
        x, y, width, height = scene.box
        begin = dict(zip(image.dims, image.start, strict=True))

        def read(at: tuple[int, ...], rows: slice, columns: slice) -> NDArray[Any]:
            there = {axis: begin[axis] + i for axis, i in zip("TCZ", at, strict=True) if axis in begin}
            there |= {axis: begin[axis] for axis in scene.others}
            roi = (x + columns.start, y + rows.start, columns.stop - columns.start, rows.stop - rows.start)
            found = image(**there, roi=roi).asarray()
            whole: NDArray[Any] = found.reshape(roi[3], roi[2], *((3,) if rgb else ()))
            return whole[:: rows.step, :: columns.step]

        shape = (*scene.sizes, height, width, *((3,) if rgb else ()))
        return Planes("TCZYX" + ("S" if rgb else ""), shape, image.dtype, read, _READ_AT_ONCE)

    def factors(self, scene: Scene) -> Iterable[int]:
        return ()

    def missing(self, scene: Scene) -> list[tuple[int, ...]]:
        return []

    def close(self) -> None:
        self._file.close()
