"""``apprentice masks``: masks that another program made, as labels of their image in any format that is written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Group, Parameter

from napari_apprentice.cli.progress import say, warn
from napari_apprentice.data.exports import write_labels, writer_of
from napari_apprentice.data.files import read_image
from napari_apprentice.data.masks import read_masks
from napari_apprentice.errors import UserError
from napari_apprentice.session.result_words import count_words
from napari_apprentice.settings import Kind, MaskSettings

Options = Annotated[MaskSettings, Parameter(name="*", group=Group("What the masks say"))]


def masks(
    image: Path,
    masks: Path,
    /,
    *,
    out: Path,
    kind: Kind = "instances",
    settings: Options = MaskSettings(),  # noqa: B008 (frozen)
) -> None:
    """Read masks of an image, such as a Fiji ROI set or GeoJSON of QuPath, and write them in another format.

    Parameters
    ----------
    image
        The image: outlines are drawn in its shape.
    masks
        Its masks: a label image, a Fiji ROI or ROI set (.roi, .zip), GeoJSON, or what Cellpose saves (_seg.npy).
    out
        The file to write; its suffix says the format.
    kind
        Whether masks are objects, each by itself, or areas of classes.
    """
    if out.resolve() in (image.resolve(), masks.resolve()):
        raise UserError(f"{out} would be overwritten: choose another --out.")
    writer_of(out)
    volume = read_image(image)
    found = read_masks(masks, volume, kind, (), settings)
    for sentence in found.notes:
        warn(sentence)
    names = {one.value: one.name for one in found.classes} if kind == "classes" else {}
    write_labels(out, found.labels, like=volume, names=names)
    say(f"{out}: {count_words(len(np.unique(found.labels[found.labels > 0])), kind)}")
