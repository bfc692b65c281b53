"""One row for each image, or for each well of a plate: how many objects, how densely, how large."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.image.units import PIXEL, micrometers
from napari_apprentice.data.objects.sums import SURE, VOXELS, ObjectSums

_FIELD = re.compile(r"[/\\]([A-Za-z]{1,2})[/\\](\d{1,3})[/\\]\d+$")  # of a plate: row, column, field
_UM_PER_MM, _PIXELS = 1e3, 1e6


@dataclass(frozen=True, eq=False)
class ObjectsOfOne:
    """What an image, or a well, has of objects; of a time series all frames together.

    Attributes
    ----------
    sizes
        Of each object, (n,) in ``unit`` squared or cubed; None when they were not counted, as of images too large for
        it.
    confirmed, in_part
        Of how many all voxels are confirmed, and of how many some.
    extent
        How much of area or volume was looked at, in the same.
    classes
        How many objects are of each class, by its name; empty where that is not known.
    """

    name: str
    well: str
    sizes: NDArray[np.float64] | None
    confirmed: int
    extent: float
    dims: int
    unit: str
    in_part: int = 0
    classes: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        sums: ObjectSums | None,
        name: str,
        source: str | None,
        shape: tuple[int, ...],
        steps: tuple[float, ...],
        unit: str,
    ) -> ObjectsOfOne:
        """From the sums of labels of ``shape`` (T, Z, Y, X) with ``steps`` (z, y, x) in ``unit`` between voxels."""
        dims = 3 if shape[1] > 1 else 2
        voxel = math.prod(steps[-dims:])
        sizes = None if sums is None else sums.sums[:, VOXELS] * voxel
        confirmed = in_part = 0
        if sums is not None:
            whole = sums.sums[:, SURE] == sums.sums[:, VOXELS]
            confirmed, in_part = int(whole.sum()), int(((sums.sums[:, SURE] > 0) & ~whole).sum())
        return cls(name, well_of(source), sizes, confirmed, math.prod(shape) * voxel, dims, unit, in_part)

    @property
    def count(self) -> int | None:
        """How many objects; in a time series in all frames."""
        return None if self.sizes is None else len(self.sizes)

    @property
    def density(self) -> float | None:
        """Objects per mm2 or mm3, or per million pixels or voxels where there is no pixel size."""
        um = micrometers(self.unit)
        whole = self.extent / _PIXELS if um is None else self.extent * (um / _UM_PER_MM) ** self.dims
        return None if self.sizes is None else len(self.sizes) / whole

    @property
    def median_size(self) -> float | None:
        """Half of the objects are smaller; None without any."""
        return float(np.median(self.sizes)) if self.sizes is not None and len(self.sizes) else None

    @property
    def density_unit(self) -> str:
        """Such as "per mm2"."""
        if self.unit == PIXEL:
            return "per million pixels" if self.dims == 2 else "per million voxels"
        return f"per mm{self.dims}"

    @property
    def size_unit(self) -> str:
        """Such as "um2"."""
        return "px" if self.unit == PIXEL else f"{self.unit}{self.dims}"


def by_well(rows: Iterable[ObjectsOfOne]) -> list[ObjectsOfOne]:
    """The fields of each well together, in the order in which wells first come; images of no plate stay as they are."""
    found: dict[str, ObjectsOfOne] = {}
    for one in rows:
        key = f"{one.well} {one.unit}{one.dims}" if one.well else f" {len(found)}"
        found[key] = _together(found[key], one) if key in found else replace(one, name=one.well or one.name)
    return list(found.values())


def well_of(source: str | None) -> str:
    """The plate's well that an image is a field of, by its path: "B3" for ``plate.ome.zarr/B/3/0``; "" for others."""
    found = None if source is None else _FIELD.search(source)
    if found is None or source is None:
        return ""
    plate = PurePath(source[: found.start()]).name
    return f"{plate} {found[1]}{found[2]}"


def _together(one: ObjectsOfOne, other: ObjectsOfOne) -> ObjectsOfOne:
    sizes = None if one.sizes is None or other.sizes is None else np.concatenate([one.sizes, other.sizes])
    return replace(
        one,
        sizes=sizes,
        confirmed=one.confirmed + other.confirmed,
        in_part=one.in_part + other.in_part,
        classes={
            name: one.classes.get(name, 0) + other.classes.get(name, 0) for name in {**one.classes, **other.classes}
        },
        extent=one.extent + other.extent,
    )
