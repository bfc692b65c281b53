"""``apprentice inside``: what one level of a network makes of an image, as an image of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Group, Parameter

from napari_apprentice.cli.progress import say, show_progress
from napari_apprentice.data.files import read_image, tiff, tiff_writing
from napari_apprentice.data.image.channels import chosen_channels
from napari_apprentice.data.provenance import MaskSource, Provenance
from napari_apprentice.errors import UserError
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import InsideMap, Session
from napari_apprentice.settings import SegmentSettings

Options = Annotated[SegmentSettings, Parameter(name="*", group=Group("Settings"))]


def inside(
    image: Path,
    /,
    *,
    model: str,
    level: str,
    out: Path,
    channel: tuple[str, ...] = (),
    settings: Options = SegmentSettings(),  # noqa: B008 (frozen)
) -> None:
    """Write the maps of one level of a network (TIFF), the channels that vary most first.

    Of a large image the middle is looked at: 1024 x 1024 network pixels in 2D, 16 x 192 x 192 in 3D.

    Parameters
    ----------
    image
        The image to look at; its first frame, and the middle slice of a volume if the model is 2D.
    model
        The name of a bundled model, or a model file.
    level
        Such as "encoder 0", "bottleneck", "decoder 1", "gate 0"; a wrong one is answered with those there are. "output"
        is the probability of foreground, or of each class, of all of the image.
    out
        The file to write (.tif).
    channel
        Which channel of the image to use, by name or counted from 0; given again for each input of the model. Empty:
        all, and for RGB what the model takes.
    """
    if out.suffix.lower() not in tiff.SUFFIXES:
        raise UserError(f"{out.name} should end with .tif: maps are written as TIFF.")
    if out.resolve() == image.resolve():
        raise UserError(f"{out} would be overwritten: choose another --out.")
    volume = read_image(image)
    with Session.temporary(InlineRunners()) as session:
        session.choose_model(model)
        session.add_image(chosen_channels(volume, channel))
        session.segment_settings = settings
        with show_progress(session, image.name):
            session.look_inside(level)
            session.run_until_idle()
        if session.inside_map is not None:
            note = session.mask_sources.note_of(session.model)
            source = () if note is None else (MaskSource.of(f"inside, {level}", note, settings),)
            write(out, session.inside_map, Provenance(image=image.name, masks=source).text())
            say(f"{out}: {words(session.inside_map)}")


def write(path: Path, found: InsideMap, told: str = "") -> None:
    """The map as OME-TIFF (c, z, y, x) with the size of its voxels; channels have their number in the network."""
    volume = found.entry.volume
    spacing = [step * size for step, size in zip(volume.spacing, found.scale, strict=True)]
    values = np.asarray(found.values, np.float32)
    flat = values.shape[1] == 1
    path.parent.mkdir(parents=True, exist_ok=True)
    tiff_writing.write(
        path,
        values[:, 0] if flat else values,
        "CYX" if flat else "CZYX",
        (spacing[0], spacing[1], spacing[2]),
        volume.unit,
        found.names or tuple(f"{found.level}, channel {i}" for i in found.channels),
        told,
    )


def words(found: InsideMap) -> str:
    """What was written and where it lies."""
    channels, _, height, width = found.values.shape
    _, y, x = found.origin
    return (
        f"{channels} map{'s' if channels > 1 else ''} of {height} x {width} voxels, each {found.scale[2]:.3g} image "
        f"pixels wide; the first one is centred on y {y:.2f}, x {x:.2f}"
    )
