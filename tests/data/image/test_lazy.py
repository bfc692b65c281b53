"""Arrays that are read when NumPy asks for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_apprentice.data.image.lazy import LazyArray, windows

VALUES = np.arange(2 * 3 * 5 * 7, dtype=">u2").reshape(2, 3, 5, 7)


class Stored:
    """Like a zarr array; counts how many values are read."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.shape, self.dtype, self.chunks = values, values.shape, values.dtype, (1, 1, 2, 4)
        self.read = 0

    def __getitem__(self, index: Any) -> np.ndarray:
        assert all(isinstance(one, int | slice) for one in index)
        self.read += self.values[index].size
        return self.values[index]


@pytest.mark.parametrize(
    "index",
    [
        (),
        (1,),
        (-1, ..., slice(1, 6, 2)),
        (slice(None), 2, slice(4, 1, -1)),
        (0, 0, 0, 0),
        (slice(None), [2, 0]),
        (slice(None), [1], slice(2, 2)),
        (None, 1, slice(None), None, ..., 3),
        (slice(1, 2), slice(None), slice(None, None, 3), slice(-3, None)),
    ],
)
def test_indexing_is_as_in_numpy(index: tuple[Any, ...]) -> None:
    stored = Stored(VALUES)
    lazy = LazyArray(stored)[index]
    assert stored.read == (1 if lazy.shape == () else 0)
    np.testing.assert_array_equal(np.asarray(lazy), VALUES[index])
    assert lazy.shape == VALUES[index].shape
    turned = LazyArray(Stored(VALUES)).transpose(3, 1, 0, 2)[:, 1:]
    np.testing.assert_array_equal(np.asarray(turned), VALUES.transpose(3, 1, 0, 2)[:, 1:])


def test_only_what_is_asked_for_is_read() -> None:
    stored = Stored(VALUES)
    lazy = LazyArray(stored).transpose([1, 0, 2, 3])[:, 0, None]
    assert (lazy.shape, lazy.ndim, lazy.size, lazy.chunks) == ((3, 1, 5, 7), 4, 105, (1, 1, 2, 4))
    np.testing.assert_array_equal(np.asarray(lazy[2, 0, 1:3, 4]), VALUES[0, 2, 1:3, 4])
    assert stored.read == 2


def test_masks_frames_and_types() -> None:
    lazy = LazyArray(Stored(VALUES))
    np.testing.assert_array_equal(lazy[VALUES > 100], VALUES[VALUES > 100])
    assert [frame.shape for frame in lazy] == [(3, 5, 7)] * 2
    assert lazy.dtype.isnative
    assert LazyArray(Stored(VALUES > 100)).dtype == np.uint8
    assert np.asarray(lazy, np.float32).dtype == np.float32
    with pytest.raises(IndexError):
        lazy[2]
    assert lazy.reshape(6, 5, 7).compute().tolist() == VALUES.reshape(6, 5, 7).tolist()


def test_windows_touch_little_of_a_large_image() -> None:
    image = np.zeros((1, 1, 20, 600, 900), np.uint8)
    stored = Stored(image)
    stored.chunks = (1, 1, 1, 64, 64)
    found = windows(LazyArray(stored))
    assert found.shape == (8 * 16, 64, 64)
    assert stored.read == found.size
    assert windows(np.zeros((1, 1, 1, 30, 900))).shape == (4, 30, 64)
