from __future__ import annotations

import math

import pytest

from napari_apprentice.data.geometry import regions

SLIDE = (1, 1, 10_000, 7_000)
STACK = (5, 300, 1_000, 1_000)


def test_a_region_lies_around_a_point_on_whole_chunks() -> None:
    assert regions.region_at(SLIDE, (0, 0, 5000, 3000)) == (
        slice(0, 1),
        slice(0, 1),
        slice(4096, 6144),
        slice(2048, 4096),
    )


@pytest.mark.parametrize("point", [(0, 0, 0, 0), (0, 0, 9999, 6999), (0, 0, -50, 1e6)])
def test_at_the_edge_a_region_ends_with_the_image(point) -> None:
    _, _, y, x = regions.region_at(SLIDE, point)
    assert 0 <= y.start < y.stop <= 10_000
    assert 0 <= x.start < x.stop <= 7_000
    assert y.start % 512 == x.start % 512 == 0
    assert y.start == 0 or y.stop == 10_000
    assert x.start == 0 or x.stop == 7_000


def test_of_a_time_series_a_region_has_one_frame() -> None:
    t, z, y, x = regions.region_at(STACK, (3, 150, 500, 500))
    assert (t.start, t.stop) == (3, 4)
    assert (z.stop - z.start, y.stop - y.start, x.stop - x.start) == (64, 512, 512)


def test_a_box_in_a_region_is_widened_to_chunks() -> None:
    region = regions.region_at(SLIDE, (0, 0, 5000, 3000))
    part = regions.align_to_chunks(region, ((0, 1), (0, 1), (10, 20), (500, 520)), regions.chunk_of(SLIDE))
    assert part[2:] == (slice(4096, 4608), slice(2048, 3072))


def test_cells_share_the_image_out_whatever_is_asked() -> None:
    everything = list(regions.cells_of(regions.whole_region(SLIDE), SLIDE))
    assert sum(math.prod(s.stop - s.start for s in cell) for cell in everything) == math.prod(SLIDE)
    corner = list(regions.cells_of((slice(0, 1), slice(0, 1), slice(0, 512), slice(0, 512)), SLIDE))
    assert corner == everything[:1]


@pytest.mark.parametrize("shape", [SLIDE, STACK, (1, 1, 200_000, 200_000), (3000, 1, 500, 500), (1, 9000, 9000, 9000)])
def test_the_overview_is_small(shape) -> None:
    steps = regions.overview_steps(shape)
    assert math.prod(-(-n // step) for n, step in zip(shape, steps, strict=True)) <= 1 << 25
    assert steps[0] == 1
