"""Tiles and blocks on one lattice."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.geometry.lattice import Lattice, lattice_for


def test_tiles_share_the_image_out_and_begin_on_the_grid() -> None:
    lattice = lattice_for((5, 100, 130), 1.0, (8, 64, 64), (2, 10, 10), (2, 16, 16))
    assert (lattice.step, lattice.halo) == ((4, 32, 32), (2, 16, 16))
    covered = np.zeros(lattice.network_shape, int)
    for tile in lattice.tiles():
        covered[tile.put] += 1
        assert [s.start % unit for s, unit in zip(tile.read, (2, 16, 16), strict=True)] == [0, 0, 0]
        assert tile.keep[1].start == tile.put[1].start - tile.read[1].start
    assert (covered == 1).all()


@pytest.mark.parametrize(("zoom", "up", "down"), [(1.0, 1, 1), (0.59, 3, 5), (2.0, 2, 1), (0.33, 1, 3), (0.01, 1, 8)])
def test_a_zoom_is_a_fraction_of_small_numbers(zoom: float, up: int, down: int) -> None:
    lattice = lattice_for((1, 1000, 1000), zoom, (1, 384, 384), (0, 24, 24), (1, 16, 16))
    assert (lattice.up, lattice.down) == (up, down)
    assert all(tile.read[1].start * down % up == 0 for tile in lattice.tiles())
    assert all(step % up == 0 for step in lattice.step[1:])


def test_blocks_are_whole_tiles_with_a_margin_of_whole_pixels() -> None:
    lattice = Lattice((1, 500, 500), 3, 5, (1, 48, 48), (0, 48, 48))
    assert lattice.network_shape == (1, 300, 300)
    blocks = list(lattice.blocks((1, 2, 3), (0, 20, 20)))
    assert len(blocks) == 4 * 3
    inner = blocks[4]
    assert (inner.put[1], inner.put[2]) == (slice(96, 192), slice(144, 288))
    assert (inner.read[1], inner.read[2]) == (slice(75, 213), slice(123, 300))
    assert lattice.in_image(inner.put) == (slice(0, 1), slice(160, 320), slice(240, 480))
    covered = np.zeros((500, 500), int)
    for block in blocks:
        covered[lattice.in_image(block.put)[1:]] += 1
    assert (covered == 1).all()
