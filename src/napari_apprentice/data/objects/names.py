"""What the columns of measurements are called, in a table that is shown and in one that is written."""

from __future__ import annotations

from napari_apprentice.data.image.units import PIXEL
from napari_apprentice.data.image.volume import Volume

LABEL, FRAME, CLASS, PIXELS, BORDER = "label", "frame", "class", "pixels", "touches_border"
PARENT = "parent"  # the id of the object that a division made this one of; 0: none
CONFIRMED = "confirmed"  # the share of an object's voxels that is


def column_name(key: str, image: Volume) -> str:
    """What a property of scikit-image's is called: the axis or channel by name, and the unit.

    ``image`` is where it was measured: in pixels of an image without a unit, in the plane of one with a single slice.
    """
    base, _, number = key.rpartition("-")
    axes = "zyx" if image.is_3d else "yx"
    length = "px" if image.unit == PIXEL else image.unit
    power = "" if image.unit == PIXEL else len(axes)
    if base == "centroid":
        return f"centroid_{axes[int(number)]}_{length}"
    if base == "bbox":
        place = int(number)
        return f"{'first' if place < len(axes) else 'end'}_{axes[place % len(axes)]}"
    if key.startswith("intensity"):  # of one channel it has no number
        return f"{base or key}_{channel_names(image)[int(number) if base else 0]}"
    if key == "num_pixels":
        return PIXELS
    if key == "area":
        return f"{'area' if len(axes) == 2 else 'volume'}_{length}{power}"
    if key == "equivalent_diameter_area":
        return f"equivalent_diameter_{length}"
    return f"{key}_{length}" if key in ("axis_major_length", "axis_minor_length", "perimeter") else key


def channel_names(image: Volume) -> list[str]:
    """What each channel is called; by its number where nothing says."""
    named = image.channels
    return [str(named[i]) if i < len(named) else f"channel_{i}" for i in range(image.pixels.shape[1])]
