"""Where bytes from elsewhere come in: each function takes what lies at a path, as a user's file is taken.

They may raise a `UserError`; whatever else they raise, print or need is a finding. The product is imported inside, so
that it can be instrumented first.
"""

from __future__ import annotations

import math
from contextlib import suppress
from pathlib import Path

from napari_apprentice.errors import UserError

_WHOLE = 1 << 25  # bytes; images up to here are read whole, of others what is looked at when they are opened
_MOST_PARTS = 4


def image(path: Path) -> None:
    """An image, or several: each read, some windows of it, a plane, and all of it where it is small; then as labels."""
    from napari_apprentice.data import files

    parts = files.parts_of(path)
    for part in parts[:_MOST_PARTS]:
        _pixels(files.read_image(part))


def _pixels(volume: object) -> None:
    import numpy as np

    from napari_apprentice.data.files import check_labels
    from napari_apprentice.data.image.lazy import windows
    from napari_apprentice.data.image.volume import Volume

    if not isinstance(volume, Volume):
        raise TypeError("read_image gives a Volume")
    pixels = volume.pixels
    windows(pixels)
    for level in volume.levels:
        windows(level)
    itemsize = np.dtype(pixels.dtype).itemsize
    if math.prod(pixels.shape[3:]) * itemsize <= _WHOLE:
        np.asarray(pixels[0, 0, 0])
    if math.prod(pixels.shape) * itemsize <= _WHOLE:
        check_labels(np.asarray(pixels)[:, 0], volume.name)


def outlines(path: Path) -> None:
    """Outlines of Fiji or QuPath, as objects of an image (2, 1, 3, 32, 32) and as areas of classes."""
    import numpy as np

    from napari_apprentice.data.image.volume import Volume
    from napari_apprentice.data.masks import read_masks
    from napari_apprentice.settings import ClassName

    image = Volume(np.zeros((2, 1, 3, 32, 32), np.uint8))
    read_masks(path, image)
    with suppress(UserError):  # none of them may be of a class
        read_masks(path, image, "classes", (ClassName(value=1, name="tumor"),))


def model_header(path: Path) -> None:
    """What ``apprentice info`` says of a model file, and whether it fits an image."""
    from napari_apprentice.cli.info import describe
    from napari_apprentice.data.models import read_header, why_not_fits

    describe(path)
    why_not_fits(read_header(path), (1, 1, 4, 64, 64))


def journal(path: Path) -> None:
    """The edits that a journal of an image (1, 2, 16, 16) can tell, done."""
    import numpy as np

    from napari_apprentice.data.labels.deltas import Delta
    from napari_apprentice.project import replay

    shape = (1, 2, 16, 16)
    labels, confirmed = np.zeros(shape, np.uint32), np.zeros(shape, np.uint8)
    for record in replay.read(path).records:
        try:
            delta = Delta.from_bytes(record.delta, shape)
        except ValueError:  # what opens a project counts as damage
            continue
        delta.apply(labels, confirmed)


def snapshot(path: Path) -> None:
    """The labels of an image (1, 2, 16, 16)."""
    from napari_apprentice.project import snapshots

    for read in (lambda: snapshots.read(path, (1, 2, 16, 16)), lambda: snapshots.voxels_taught(path)):
        try:
            read()
        except snapshots.Damaged:
            continue


def project(path: Path) -> None:
    """A project in a folder, opened twice with an edit between: the second time finds what the first one left."""
    from napari_apprentice.session import Session

    left: dict[str, bytes] = {}
    for _ in range(2):
        with Session.open(path) as session:
            for entry in list(session.entries):
                try:
                    if left.get(entry.id, entry.labels.tobytes()) != entry.labels.tobytes():
                        raise AssertionError("the labels are not those that were left")
                    session.choose_image(entry)
                    session.paint([0], 1)
                except UserError:  # its file is gone, or 1 is no class
                    continue
                left[entry.id] = entry.labels.tobytes()


def frames(path: Path) -> None:
    """What comes out of the pipe from the engine; a ValueError means that something else wrote there."""
    from napari_apprentice.runners import framing, messages

    with path.open("rb") as stream:
        try:
            while (message := framing.read(stream)) is not None:
                messages.from_engine(message)
        except ValueError:
            return
