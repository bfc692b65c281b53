"""Tiles share the image out exactly, and their windows sum to one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_apprentice.data.geometry.patches import blend_window, plan_tiles, round_up

sizes = st.tuples(st.integers(1, 9), st.integers(1, 70), st.integers(1, 90))
plans = st.tuples(
    sizes,
    st.tuples(st.integers(1, 8), st.integers(1, 40), st.integers(1, 40)),
    st.tuples(st.integers(0, 2), st.integers(0, 7), st.integers(0, 7)),
    st.tuples(st.sampled_from([1, 2]), st.sampled_from([1, 4, 8]), st.sampled_from([1, 4, 8])),
)


@settings(max_examples=150, deadline=None)
@given(plans)
def test_tiles_share_the_image_out_with_their_halos(plan: tuple[tuple[int, int, int], ...]) -> None:
    shape, tile, halo, multiple = plan
    written = np.zeros(shape, int)
    weight = np.zeros(shape)
    tiles = plan_tiles(shape, tile, halo, multiple)
    for one in tiles:
        written[one.put] += 1
        weight[one.read] += blend_window(one)
        for axis in range(3):
            read, keep, put, length = one.read[axis], one.keep[axis], one.put[axis], one.shape[axis]
            assert read.start % multiple[axis] == 0
            assert length % multiple[axis] == 0
            assert read.start + keep.start == put.start
            assert read.start + keep.stop == put.stop
            assert put.start == 0 or put.start - read.start >= halo[axis]
            assert put.stop == shape[axis] or read.stop - put.stop >= halo[axis] or read.stop == shape[axis]
            assert read.stop == min(read.start + length, shape[axis])
            assert length <= round_up(shape[axis], multiple[axis])
    assert (written == 1).all()
    np.testing.assert_allclose(weight, 1, atol=1e-5)
    assert len({one.shape for one in tiles}) == 1, "all tiles have one size, so that buffers are reused"


def test_one_tile_when_the_image_fits() -> None:
    (one,) = plan_tiles((1, 100, 50), (1, 256, 256), (0, 40, 40), (1, 16, 16))
    assert one.shape == (1, 112, 64)
    assert one.read == one.put == (slice(0, 1), slice(0, 100), slice(0, 50))
    assert (blend_window(one) == 1).all()


def test_exact_mode_equals_the_whole_image() -> None:
    image = np.random.default_rng(0).random((1, 90, 75))
    whole = ndimage.uniform_filter(image, (1, 9, 9), mode="constant")
    out = np.zeros_like(image)
    for one in plan_tiles((1, 90, 75), (1, 32, 32), (0, 4, 4), (1, 8, 8)):
        out[one.put] = ndimage.uniform_filter(image[one.read], (1, 9, 9), mode="constant")[one.keep]
    np.testing.assert_allclose(out, whole, atol=1e-12)


def test_impossible_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot tile 0 voxels"):
        plan_tiles((1, 0, 5), (1, 8, 8), (0, 0, 0))
