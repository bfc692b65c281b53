"""What every writer is given, and how a file comes to be whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.units import millimeters
from napari_apprentice.data.volume import Volume


@dataclass(frozen=True)
class Export:
    """Labels (T, Z, Y, X) of an image; ``names`` has what classes are called.

    Without an image that was ``seen``, ``image`` only says the spacing.
    """

    labels: NDArray[Any]
    image: Volume
    names: dict[int, str] = field(default_factory=dict)
    seen: bool = True

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
        if told is None:
            return None
        affine = np.asarray(told, float)
        wanted = millimeters(self.image.unit) * np.array(self.image.spacing[::-1])
        lengths = np.linalg.norm(affine[:3, :3], axis=0)
        affine[:3, :3] *= wanted / np.where(lengths > 0, lengths, wanted)
        return affine


Writer = Callable[[Path, Export], None]


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A place beside ``path`` to write to, under the same suffix; it becomes ``path`` when all went well."""
    part = path.with_name(f".part-{path.name}")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder beside ``path`` to write into; it takes the place of ``path`` when all went well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part, old = path.with_name(f".part-{path.name}"), path.with_name(f".old-{path.name}")
    try:
        yield part
        if path.exists():
            os.replace(path, old)
        try:
            os.replace(part, path)
        except OSError:
            if old.exists():
                os.replace(old, path)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)
