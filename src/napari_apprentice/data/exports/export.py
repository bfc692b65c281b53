"""What every writer is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.image.orientation import is_usable
from napari_apprentice.data.image.units import millimeters
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.objects.classes import ObjectClasses
from napari_apprentice.data.provenance import Provenance
from napari_apprentice.errors import UserError

MANY = 1 << 16  # ids beyond are ranked before scikit-image walks through all that there could be


@dataclass(frozen=True)
class ExportRequest:
    """Labels (T, Z, Y, X) of an image; ``names`` has what classes are called, ``colors`` their colours ("#ff7f0e").

    Without an image that was ``seen``, ``image`` only says the spacing. Labels of a part of an image begin at its voxel
    ``corner`` (t, z, y, x). ``confirmed`` says what of them was confirmed by hand (None: not known), ``first_number``
    is what tables call the image's first frame; ``classes`` are those of objects, where these have some.
    """

    labels: NDArray[Any]
    image: Volume
    names: dict[int, str] = field(default_factory=dict)
    seen: bool = True
    corner: tuple[int, int, int, int] = (0, 0, 0, 0)
    colors: Mapping[int, str] = field(default_factory=dict)
    confirmed: NDArray[np.uint8] | None = None
    provenance: Provenance = field(default_factory=Provenance)
    first_number: int = 1
    classes: ObjectClasses | None = None

    @property
    def compact(self) -> NDArray[Any]:
        """The labels in the smallest type that holds them."""
        highest = int(self.labels.max(initial=0))
        kind = next(kind for kind in (np.uint8, np.uint16, np.uint32) if highest <= np.iinfo(kind).max)
        return self.labels.astype(kind, copy=False)

    @property
    def affine(self) -> NDArray[np.float64] | None:
        """From voxels (x, y, z) to millimetres in the patient (RAS), when the image says; steps are its spacing."""
        told = self.image.metadata.get("affine")
        affine = np.array(np.eye(4) if told is None else told, float)
        if told is None or not is_usable(affine):
            return None
        wanted = millimeters(self.image.unit) * np.array(self.image.spacing[::-1])
        affine[:3, :3] *= wanted / np.linalg.norm(affine[:3, :3], axis=0)
        return affine


Writer = Callable[[Path, ExportRequest], None]


def refuse_image(path: Path, image: Volume) -> None:
    """`UserError` when labels would take the place of their image."""
    if image.source is not None and Path(image.source).resolve() == path.resolve():
        raise UserError(f"{path} is the image itself: choose another name for the labels.")
