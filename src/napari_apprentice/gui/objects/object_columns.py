"""The columns of the table of objects, in words."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from napari_apprentice.data.image.units import PIXEL
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.objects import names
from napari_apprentice.data.objects.classes import BY_HAND, PROBABILITY
from napari_apprentice.data.objects.names import CONFIRMED
from napari_apprentice.data.objects.table import DOUBT, ObjectTable
from napari_apprentice.gui.objects.columns import Column, number_words


def columns_of(table: ObjectTable, image: Volume) -> list[Column]:
    """Id, frame, class, size, intensities, border, what is confirmed, and further ones."""
    found = []
    for name, values in table.columns.items():
        if name == names.PIXELS:  # the size says it
            continue
        title, tip = _heading(name, table, image)
        longest = max(set(values.tolist()), key=len, default="") if name == names.CLASS else ""
        found.append(Column(name, title, tip, values, _WORDS.get(name, number_words), longest))
    return found


def size_title(table: ObjectTable, image: Volume) -> str:
    """What the size of objects is called: "Area (um2)"."""
    return _heading(table.size, table, image)[0]


_TIPS = {
    names.LABEL: "The number of the object in the masks",
    names.FRAME: "The frame of the time series, from 0",
    names.CLASS: "What the class is called, as you gave it, or as it is proposed",
    PROBABILITY: "How likely it is of this class, by what you gave others; 100 % where you gave it",
    BY_HAND: "Whether you gave it",
    names.BORDER: "Whether it touches the edge of the image; in a volume also the first or last slice",
    "unusual": "How far it is from the objects that look most like it to the network: 1 is as usual (Map)",
    DOUBT: "How likely it is wrong, by what the network said when it proposed it; empty where you corrected",
    CONFIRMED: "Whether you painted or approved all of it, or a part",
}


def _heading(name: str, table: ObjectTable, image: Volume) -> tuple[str, str]:
    """What a column is called and what it is."""
    if name == table.size:
        if image.unit == PIXEL:
            return ("Voxels", "How many voxels it has") if image.is_3d else ("Pixels", "How many pixels it has")
        what = "Volume" if image.is_3d else "Area"
        return f"{what} ({image.unit}{3 if image.is_3d else 2})", f"{what} in the image's unit"
    if name in table.intensities:
        channel = names.channel_names(image)[table.intensities.index(name)]
        title = "Intensity" if len(table.intensities) == 1 else f"Intensity {channel}"
        return title, f"Mean intensity of the channel {channel}"
    title = {names.LABEL: "Id", names.BORDER: "Border", PROBABILITY: "Likely", BY_HAND: "Yours"}.get(
        name, name[:1].upper() + name[1:]
    )
    return title, _TIPS.get(name, "A number for each object that a script gave")


def _share(value: Any) -> str:
    return "yes" if value == 1 else "partly" if value > 0 else ""


_WORDS: dict[str, Callable[[Any], str]] = {
    names.LABEL: str,
    names.FRAME: str,
    names.CLASS: str,
    names.BORDER: lambda value: "yes" if value else "",
    CONFIRMED: _share,
    BY_HAND: lambda value: "yes" if value else "",
    PROBABILITY: lambda value: "" if math.isnan(value) else f"{100 * value:.0f} %",
    DOUBT: lambda value: "" if math.isnan(value) else f"{100 * value:.0f} %",
}
