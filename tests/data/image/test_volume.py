"""Coarser levels belong to the pixels they were made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_apprentice.data.image.axes import check_pixels, to_volume
from napari_apprentice.data.image.channels import one_channel
from napari_apprentice.data.image.volume import Volume


def _pixels(*shape: int, dtype: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, shape).astype(dtype)


def _pyramid() -> Volume:
    levels = [_pixels(1, 2, 5, n, m) for n, m in ((65, 90), (33, 45), (11, 15))]
    return Volume(levels[0], levels=tuple(levels[1:]))


def test_levels_stay_with_their_pixels() -> None:
    volume = _pyramid()
    assert [level.shape[-2:] for level in volume.levels] == [(33, 45), (11, 15)]
    assert replace(volume, spacing=(2.0, 1.0, 1.0)).levels == volume.levels
    assert replace(volume, pixels=volume.pixels + 1).levels == ()
    assert one_channel(volume, 1).levels[1].shape == (1, 1, 5, 11, 15)
    np.testing.assert_array_equal(one_channel(volume, 1).levels[0][:, 0], volume.levels[0][:, 1])


def test_what_is_no_coarser_level_is_left_out() -> None:
    fine = _pixels(2, 1, 5, 64, 64)
    wrong = [
        _pixels(1, 1, 5, 32, 32),
        _pixels(2, 1, 9, 32, 32),
        _pixels(2, 1, 5, 64, 64),
        _pixels(2, 1, 5, 32, 32, dtype=np.uint16),
    ]
    right = _pixels(2, 1, 3, 32, 32)
    volume = Volume(fine, levels=(*wrong, right, _pixels(2, 1, 3, 40, 20)))
    assert len(volume.levels) == 1
    assert volume.levels[0] is right


def test_levels_are_arranged_as_their_pixels() -> None:
    fine, coarse = _pixels(40, 60, 4), _pixels(20, 30, 4)
    volume = to_volume(fine, "YXS", levels=[coarse, _pixels(10, 15)])
    assert [level.shape for level in volume.levels] == [(1, 3, 1, 20, 30)]
    np.testing.assert_array_equal(volume.levels[0][0, 2, 0], coarse[..., 2])
    chosen = to_volume(_pixels(3, 40, 60), "CYX", channel=2, levels=[_pixels(3, 20, 30)], channels="abc")
    assert (chosen.levels[0].shape, chosen.channels) == ((1, 1, 1, 20, 30), ("c",))


def test_of_a_large_pyramid_a_coarse_level_is_looked_at() -> None:
    class Never:
        """A full level that must not be read."""

        shape, dtype, ndim = (1, 1, 1, 100_000, 100_000), np.dtype(np.uint16), 5

        def transpose(self, *order: object) -> None:
            raise AssertionError

        def __getitem__(self, index: object) -> None:
            raise AssertionError

    coarse = _pixels(1, 1, 1, 50, 50, dtype=np.uint16)
    assert check_pixels(Volume(Never(), levels=(coarse,))) == []
