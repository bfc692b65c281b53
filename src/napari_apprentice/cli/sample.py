"""``apprentice sample``: an image that comes with the package, with its masks, as files to try things with."""

from __future__ import annotations

import shutil
from pathlib import Path

from napari_apprentice.cli.progress import say
from napari_apprentice.data import samples
from napari_apprentice.data.storage.results import folder
from napari_apprentice.errors import UserError


def sample(name: str, /, *, out: Path = Path()) -> None:
    """Write an image that comes with the package, and its true masks, as `NAME.tif` and `NAME_masks.tif`.

    Parameters
    ----------
    name
        nuclei_2d, cells_2d, nuclei_3d or tissue_2d.
    out
        The folder to write them to.
    """
    described = samples.describe_sample(name)
    written = {f"{name}.tif": f"{name}.tif", f"{name}_truth.tif": f"{name}_masks.tif"}
    there = [out / mine for mine in written.values() if (out / mine).exists()]
    if there:
        raise UserError(f"{there[0]} is there already: move it away, or choose another --out.")
    folder(out)
    for theirs, mine in written.items():
        shutil.copyfile(samples.folder() / theirs, out / mine)
    say(f"{described.title}: {', '.join(str(out / mine) for mine in written.values())}")
