"""Names and options of ``apprentice segment`` that are easily taken for something else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.reading import read_as
from napari_apprentice.errors import UserError
from napari_apprentice.session.batch import images_in
from napari_apprentice.settings import ReadAs


def test_brackets_of_a_name_are_letters_in_a_pattern_and_empty_folders_do_not_matter(tmp_path: Path) -> None:
    for name in ("exp[1]", "exp1", "empty"):
        (tmp_path / name).mkdir()
    for name in ("exp[1]", "exp1"):
        tifffile.imwrite(tmp_path / name / "a.tif", np.zeros((4, 5), np.uint8))
    assert images_in(tmp_path / "exp[1]" / "*.tif") == [tmp_path / "exp[1]" / "a.tif"]
    assert len(images_in(tmp_path / "e*")) == 2


def test_axes_of_rgb_files_are_taken_or_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "rgb.tif"
    tifffile.imwrite(path, np.random.default_rng(0).integers(0, 255, (30, 40, 3)).astype(np.uint8), photometric="rgb")
    volume = read_image(path)
    assert read_as(volume, ReadAs(axes="YXS")).pixels.shape == (1, 3, 1, 30, 40)
    assert np.array_equal(read_as(volume, ReadAs(axes="YXC")).pixels, volume.pixels)
    for wrong in ("YX", "QQ", "ZYXC"):
        with pytest.raises(UserError):
            read_as(volume, ReadAs(axes=wrong))


@pytest.mark.parametrize("step", [0.0, -1.0, float("nan"), float("inf")])
def test_a_spacing_is_a_length(tmp_path: Path, step: float) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.eye(20, dtype=np.uint8))
    with pytest.raises(UserError, match="not positive"):
        read_as(read_image(path), ReadAs(spacing=(1.0, step, 1.0)))
