from __future__ import annotations

import numpy as np

from napari_apprentice.jobs import PackedMask


def block(shape: tuple[int, ...], *slices: slice) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask[slices] = True
    return mask


def test_a_mask_is_packed_into_the_box_that_holds_it() -> None:
    mask = block((1, 4, 9, 9), slice(0, 1), slice(1, 3), slice(2, 5), slice(4, 6))
    packed = PackedMask.of(mask, (5, 0, 10, 20))
    assert packed.box == ((5, 6), (1, 3), (12, 15), (24, 26))
    assert packed.unpacked().all()
    assert len(bytes.fromhex(packed.bits)) == 2, "12 bits"
    assert not PackedMask.of(np.zeros((1, 1, 2, 2), bool), (0, 0, 0, 0))


def test_one_slice_is_exchanged_and_the_others_stay() -> None:
    whole = PackedMask.of(np.ones((1, 3, 2, 2), bool), (0, 4, 0, 0))
    other = PackedMask.of(np.ones((1, 1, 1, 3), bool), (0, 5, 1, 1))
    joined = whole.with_slice(other, 5)
    assert joined.box == ((0, 1), (4, 7), (0, 2), (0, 4))
    np.testing.assert_array_equal(joined.unpacked()[0, 1], [[0, 0, 0, 0], [0, 1, 1, 1]])
    np.testing.assert_array_equal(joined.unpacked()[0, 0], [[1, 1, 0, 0], [1, 1, 0, 0]])
    assert whole.with_slice(PackedMask(), 6).box[1] == (4, 6)
    assert PackedMask().with_slice(other, 5) == other
    assert whole.with_slice(PackedMask.of(np.ones((1, 1, 1, 1), bool), (0, 9, 0, 0)), 9).box[1] == (4, 10)
