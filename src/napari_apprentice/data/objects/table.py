"""The table of objects: a row for each object and frame, a column for each measurement, as *Export* has them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.objects import names
from napari_apprentice.data.objects.sums import BEYOND, BORDER, CHANNELS, KEPT_VOXELS, SURE, VOXELS, ObjectSums

DOUBT = "doubt"  # how likely it is wrong, as the last proposal saw it
Objects = NDArray[np.int64]  # (n, 2): frame and id


@dataclass(frozen=True, eq=False)
class ObjectTable:
    """Objects in the order of frame and id.

    Attributes
    ----------
    objects
        Frame and id of each, (n, 2).
    columns
        By name, (n,) each: those that *Export* writes too, under its names and with its values, then ``confirmed``, the
        share of an object's voxels that is. In a project of classes a row is all of a class in its frame.
    size, intensities
        The names of the columns that say how large objects are (in the image's unit, or in pixels) and how bright in
        each channel.
    is_edited
        Which objects a user has said anything about: painted, approved or cut, in whole or in part.
    is_cut
        Which go on beyond the part of a large image that is open: of these not all is known.
    """

    objects: Objects
    columns: Mapping[str, NDArray[Any]]
    size: str
    intensities: tuple[str, ...]
    is_edited: NDArray[np.bool_]
    is_cut: NDArray[np.bool_]
    keys: NDArray[np.int64] = field(repr=False)  # frame and id in one number each, ascending

    def __len__(self) -> int:
        return len(self.objects)

    @classmethod
    def of(cls, sums: ObjectSums, image: Volume, classes: Mapping[int, str], *, first_frame: int = 0) -> ObjectTable:
        """What sums say; ``classes`` are the names of labels where these are classes.

        The first frame of the labels is ``first_frame`` of the image: by that is it called in the column.
        """
        voxels = sums.sums[:, VOXELS]
        columns: dict[str, NDArray[Any]] = {names.LABEL: sums.ids}
        if image.labels_shape[0] > 1:
            columns[names.FRAME] = sums.frames + first_frame
        if classes:
            columns[names.CLASS] = np.array([classes.get(int(one), "") for one in sums.ids], object)
        columns[names.PIXELS] = voxels.astype(np.int64)
        size = names.column_name("area", image)
        columns[size] = voxels * math.prod(image.spacing if image.is_3d else image.spacing[1:])
        channels = range(sums.sums.shape[1] - CHANNELS)
        intensities = tuple(names.column_name(f"intensity_mean-{channel}", image) for channel in channels)
        for channel, name in enumerate(intensities):
            columns[name] = sums.sums[:, CHANNELS + channel] / voxels
        columns[names.BORDER] = (sums.sums[:, BORDER] > 0).astype(np.int64)
        columns[names.CONFIRMED] = sums.sums[:, SURE] / voxels
        return cls(
            objects=objects_of(sums.keys),
            columns=columns,
            size=size,
            intensities=intensities,
            is_edited=(sums.sums[:, SURE] + sums.sums[:, KEPT_VOXELS]) > 0,
            is_cut=sums.sums[:, BEYOND] > 0,
            keys=sums.keys,
        )

    def with_columns(self, columns: Mapping[str, NDArray[Any]]) -> ObjectTable:
        """The same with further columns."""
        return replace(self, columns={**self.columns, **columns})

    def rows_of(self, objects: Objects) -> NDArray[np.int64]:
        """The rows of those that are still there, in the order given."""
        return found_in(self.keys, keys_of(objects))[0]


def keys_of(objects: Objects) -> NDArray[np.int64]:
    """Frame and id in one number each, as `ObjectTable.keys`."""
    frames, ids = np.asarray(objects, np.int64).reshape(-1, 2).T
    return (frames << 32) | ids


def found_in(among: NDArray[np.int64], keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where those of ``keys`` are that are ``among`` ascending ones, and which they are: indices of both, (m,)."""
    if len(among) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    at = np.minimum(np.searchsorted(among, keys), len(among) - 1)
    there = np.flatnonzero(among[at] == keys)
    return at[there], there


def objects_of(keys: NDArray[np.int64]) -> Objects:
    """Frame and id, (n, 2), of what `keys_of` has in one number."""
    return np.stack([keys >> 32, keys & 0xFFFFFFFF], axis=1)
