"""What jobs name by place: images, stores, corrections. Large arrays are never carried."""

from __future__ import annotations

from napari_apprentice.jobs.base import ArrayRef
from napari_apprentice.settings import Settings

Point = tuple[int, int, int, int]  # t, z, y, x


class VolumeRef(Settings):
    """Pixels (T, C, Z, Y, X) with what is needed to interpret them. ``spacing`` is (z, y, x).

    ``fitted_on`` are pixels (1, C, Z, Y, X) from everywhere in the image that these are a part of: what intensities
    mean is fitted on them, so that all parts agree. None: on each frame.
    """

    pixels: ArrayRef
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    unit: str = "pixel"
    name: str = ""
    fitted_on: ArrayRef | None = None
    channels: tuple[str, ...] = ()


class StoreRef(Settings):
    """Corrected labels of a large image: folders of zarr arrays (T, Z, Y, X) with the same chunks.

    ``labels`` and ``confirmed`` are read; the proposal merged with them goes to ``merged``, its new objects numbered
    from ``first``, and every n-th voxel of that to ``overview``, n as in ``steps``.
    """

    labels: str
    confirmed: str
    merged: str
    overview: str
    steps: Point
    first: int = 1


class TrainingImageRef(Settings):
    """One image with the corrections as they were when the job was made: both (T, Z, Y, X).

    ``key`` never changes for an image ("": its name); a hash of it decides which blocks are set aside to judge.
    Parts of a large image that lie at the same place in the plane share it.
    """

    image: VolumeRef
    labels: ArrayRef
    confirmed: ArrayRef
    key: str = ""
