"""Images and labels as compressed OME-TIFF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from napari_apprentice.data.image.units import PIXEL, plain_unit
from napari_apprentice.data.storage import disk
from napari_apprentice.data.storage.atomic_write import atomic_write

NAMESPACE = "napari-apprentice"  # of the annotation that says where a file comes from
Spacing = tuple[float, float, float]


def write_labels(path: Path, labels: NDArray[Any], spacing: Spacing, unit: str, told: str = "") -> None:
    """Write labels (T, Z, Y, X) as compressed OME-TIFF; axes of length 1 are left out except Y and X.

    ``told`` becomes a structured annotation of the file, as of `metadata_of`.
    """
    t, z, _, _ = labels.shape
    axes = axes_of(t, z)
    flat = np.asarray(labels, np.uint32)
    flat = flat if t > 1 else flat[0]
    flat = flat if z > 1 else flat[..., 0, :, :]
    write(path, flat, axes, spacing, unit, told=told)


def write(
    path: Path,
    pixels: NDArray[Any],
    axes: str,
    spacing: Spacing,
    unit: str,
    channels: tuple[str, ...] = (),
    told: str = "",
) -> None:
    """Write an image as compressed OME-TIFF; it appears under its name only when it is complete."""
    metadata = metadata_of(axes, spacing, unit, told)
    if channels:
        metadata["Channel"] = {"Name": list(channels)}
    photometric = "rgb" if axes.endswith("S") else "minisblack"
    try:
        with atomic_write(path) as part:
            tifffile.imwrite(part, pixels, ome=True, compression="zlib", metadata=metadata, photometric=photometric)
    except OSError as error:
        raise disk.refusal(error, path) from error


def axes_of(t: int, z: int) -> str:
    """The axes of labels with so many frames and slices, without those of length 1."""
    return ("T" if t > 1 else "") + ("Z" if z > 1 else "") + "YX"


def metadata_of(axes: str, spacing: Spacing, unit: str, told: str = "") -> dict[str, Any]:
    """What tifffile is told for OME: axes, the pixel size when there is one, and a text as a comment annotation."""
    metadata: dict[str, Any] = {"axes": axes}
    if told:
        metadata["CommentAnnotation"] = {"Namespace": NAMESPACE, "Value": told}
    for letter, step in zip("ZYX", spacing, strict=True):
        if unit != PIXEL or set(spacing) != {1.0}:
            metadata[f"PhysicalSize{letter}"] = float(step)
            metadata[f"PhysicalSize{letter}Unit"] = "µm" if plain_unit(unit) == "um" else plain_unit(unit)
    return metadata
