"""How pictures of a page are laid out, and which voxels they show."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.mends import Mends
from napari_apprentice.gui.contact_sheet.grid import grid_in
from napari_apprentice.gui.contact_sheet.views import view_of
from napari_apprentice.session import Session
from napari_apprentice.session.doubtful_places import DoubtfulPlace


@pytest.mark.parametrize(
    ("room", "count", "columns"),
    [
        ((590, 630), 9, 3),
        ((900, 420), 9, 5),
        ((1200, 230), 9, 9),
        ((590, 250), 9, 5),
        ((700, 110), 6, 6),
        ((90, 90), 1, 1),
    ],
)
def test_nine_pictures_or_as_many_as_can_be_judged(room: tuple[int, int], count: int, columns: int) -> None:
    grid = grid_in(*room)
    assert (grid.count, grid.columns) == (count, columns)
    x, y = grid.corner(grid.count - 1)
    assert x + grid.width <= room[0]
    assert y + grid.height <= room[1]


def test_a_picture_shows_an_object_with_its_neighbours_and_as_wide_as_it_is_with_flat_pixels() -> None:
    with Session.temporary() as session:
        volume = Volume(np.random.default_rng(0).random((1, 1, 3, 300, 300)), spacing=(2.0, 0.5, 1.0), unit="um")
        entry = session.add_image(volume)
        box = (slice(0, 1), slice(0, 3), slice(120, 168), slice(150, 174))  # 24 um in both directions
        place = DoubtfulPlace(entry, 1, (0, 1, 144, 162), box, 0.5, Mends.nothing(1))
        view = view_of(place, None, 200, 160)
        assert view.z == 1
        assert np.isin(np.arange(150, 174), view.columns).all()
        across = ((view.columns >= 150) & (view.columns < 174)).sum()
        down = ((view.rows >= 120) & (view.rows < 168)).sum()
        assert across == pytest.approx(0.3 * 160, abs=2)
        assert down == pytest.approx(across, abs=2)
        near_the_edge = DoubtfulPlace(entry, 1, (0, 1, 5, 5), (*box[:2], slice(0, 48), slice(0, 24)), 0.5, place.mends)
        moved = view_of(near_the_edge, None, 200, 160)
        assert moved.columns[-1] - moved.columns[0] == view.columns[-1] - view.columns[0]
        assert 0 < (moved.columns < 0).sum() < 0.3 * 200, "less of what lies outside of the image than of what is in it"
        plane = np.arange(300 * 300).reshape(300, 300) + 1
        inside = moved.rows >= 0, moved.columns >= 0
        assert (
            moved.of(plane, 0, 0)[np.ix_(*inside)]
            == plane[np.ix_(*(one[one >= 0] for one in (moved.rows, moved.columns)))]
        ).all()
        assert (moved.of(plane, 0, 0)[~inside[0]] == 0).all()
        assert (moved.of(plane[:, 10:], 0, 10)[:, moved.columns < 10] == 0).all(), "beside what is open"
