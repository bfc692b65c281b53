"""The images that come with the package, rendered from their seeds: ``python -m apprentice_lab.simulate.samples``.

All follows from the seeds here: shapes, point-spread function, uneven light, shot and read noise.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apprentice_lab.simulate import cells, nuclei, tissue
from napari_apprentice.data import samples
from napari_apprentice.data.files import tiff_writing

Rendered = tuple[NDArray[Any], NDArray[Any]]

_RENDERERS: dict[str, tuple[Callable[[int], Rendered], int]] = {
    "nuclei_2d": (nuclei.nuclei_2d, 1),
    "cells_2d": (cells.cells_2d, 1),
    "nuclei_3d": (nuclei.nuclei_3d, 1),
    "tissue_2d": (tissue.tissue_2d, 1),
}


def render(name: str) -> Rendered:
    """Image and truth of a sample, rendered anew from its seed, in the sample's axes (RGB last)."""
    renderer, seed = _RENDERERS[samples.describe_sample(name).name]
    return renderer(seed)


def write(name: str, target: Path) -> None:
    """Render a sample and write ``NAME.tif`` and ``NAME_truth.tif`` into a folder."""
    sample = samples.describe_sample(name)
    image, truth = render(name)
    axes = sample.axes + "S" * (image.ndim - truth.ndim)
    tiff_writing.write(target / f"{name}.tif", image, axes, sample.spacing, "um")
    tiff_writing.write(target / f"{name}_truth.tif", np.asarray(truth, np.uint16), sample.axes, sample.spacing, "um")


def main(folder: Path) -> None:
    """Write every sample into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in samples.names():
        write(name, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else samples.folder())
