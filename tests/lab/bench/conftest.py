from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_apprentice.data import samples


@pytest.fixture(scope="session")
def cropped() -> Callable[[Path, int, int], Path]:
    """Fill a folder with so many square parts, so many pixels wide, of the sample of rendered nuclei."""

    def crop(folder: Path, count: int, edge: int) -> Path:
        volume, truth = samples.load("nuclei_2d")
        for part, array in (("images", np.asarray(volume.pixels)[0, 0, 0]), ("labels", truth[0, 0])):
            (folder / part).mkdir()
            for i in range(count):
                tifffile.imwrite(folder / part / f"{i}.tif", array[:edge, edge * i : edge * (i + 1)])
        return folder

    return crop
