from __future__ import annotations

from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_apprentice.data.labels.outline_pictures import small_picture, write_pair


@pytest.mark.parametrize(("size", "side"), [(20, 60), (30, 60), (40, 40), (90, 64)])
def test_a_small_image_is_shown_enlarged_and_a_large_one_in_part(size: int, side: int, tmp_path: Path) -> None:
    labels = np.zeros((size, size), np.uint32)
    labels[2:8, 2:8] = 1
    pixels = np.random.default_rng(0).random((size, size))
    write_pair(tmp_path / "pair.png", pixels, labels, 0 * labels, edge=64)
    picture = iio.imread(tmp_path / "pair.png")
    assert picture.shape == (side, 2 * side + 4, 3)
    green = (picture[:, :side] == (60, 220, 90)).all(axis=2)
    times = side // size if side > size else 1
    assert green.sum() == 4 * (6 * times - 1)  # the outline of a square
    assert not (picture[:, side + 4 :] == (255, 80, 160)).all(axis=2).any()


def test_pixels_that_are_no_numbers_are_dark_and_leave_the_others_as_they_are():
    pixels = np.linspace(0, 1, 400, dtype=np.float32).reshape(1, 20, 20)
    nothing = np.zeros((20, 20), np.uint32)
    whole = small_picture(pixels, nothing, 20)
    pixels[0, 10, :4] = np.nan, np.nan, np.inf, -np.inf
    picture = small_picture(pixels, nothing, 20)
    assert (picture[10, :4] == 0).all()
    assert np.abs(picture[12:].astype(int) - whole[12:]).max() <= 3
