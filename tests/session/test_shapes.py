"""Shapes of objects at the level of the session: undone as one step, journalled, told."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.session import Session

SHAPE = (1, 7, 20, 30)


def open_stack(session: Session, unit: str = "um"):
    """Seven slices 2 um apart of pixels of 1 um; object 3 painted in slices 1 and 5, object 4 proposed beside it."""
    pixels = np.random.default_rng(0).integers(0, 1000, (1, 1, *SHAPE[1:])).astype(np.uint16)
    entry = session.add_image(Volume(pixels, spacing=(2.0, 1.0, 1.0), unit=unit, name="stack"))
    start = np.zeros(SHAPE, np.uint32)
    start[0, 1:6, 5:14, 14:20] = 4
    start[0, 3, 8, 17] = 0  # a hole
    session.edits.replace_labels(start)
    other = int(entry.labels.max())
    cells = np.arange(entry.labels.size).reshape(SHAPE)
    for z in (1, 5):
        session.paint(cells[0, z, 5:14, 5:14].ravel(), 3)
    return entry, other


def state(entry):
    return entry.labels.copy(), entry.confirmed.copy()


def same(one, other) -> bool:
    return all(np.array_equal(*pair) for pair in zip(one, other, strict=True))


RESHAPED = {
    "interpolate": lambda s: s.shapes.interpolate((0, 1, 8, 8)),
    "copy section": lambda s: s.shapes.copy_section((0, 1, 8, 8), 1),
    "fill holes": lambda s: s.shapes.fill_holes((0, 3, 5, 14)),
    "smooth": lambda s: s.shapes.smooth((0, 1, 8, 8)),
    "grow": lambda s: s.shapes.grow((0, 1, 8, 8)),
    "shrink in its slice": lambda s: s.shapes.shrink((0, 1, 8, 8), distance=1.0, one_slice=True),
}


@pytest.mark.parametrize("reshape", RESHAPED.values(), ids=RESHAPED)
def test_every_shape_is_one_step_that_is_undone_redone_and_journalled(session, reshape):
    entry, _ = open_stack(session)
    before = state(entry)
    reshape(session)
    after = state(entry)
    assert not same(before, after)
    session.undo()
    assert same(state(entry), before)
    session.redo()
    assert same(state(entry), after)
    path = session.project.path
    session.close()
    with Session.open(path) as again:
        assert same(state(again.current), after)
        again.undo()
        assert same(state(again.current), before)


def test_what_is_filled_in_between_is_confirmed_and_stays_at_the_next_proposal(session):
    entry, _ = open_stack(session)
    session.shapes.interpolate((0, 5, 8, 8))
    assert (entry.confirmed[0, 1:6, 5:14, 5:14] == 2).all()
    session.edits.replace_labels(np.zeros(SHAPE, np.uint32))
    assert (entry.labels[0, 1:6, 5:14, 5:14] == 3).all()


def test_objects_grow_by_micrometers_or_pixels_and_never_into_each_other(session):
    entry, other = open_stack(session)
    beside = int((entry.labels == other).sum())
    assert (session.shapes.distance, session.shapes.unit) == (2.0, "um")
    session.shapes.grow((0, 1, 8, 8))
    grown = entry.labels[0] == 3
    assert [int(grown[z, 9, 3]) for z in range(3)] == [0, 1, 0], "2 um, in the slice painted"
    assert [int(grown[z, 9, 9]) for z in range(3)] == [1, 1, 1], "2 um are one slice"
    assert int((entry.labels == other).sum()) == beside
    session.undo()
    session.shapes.distance = 1.0
    session.shapes.grow((0, 1, 8, 8))
    assert not (entry.labels[0, 0] == 3).any()
    assert (entry.labels[0, 1, 9, 3:6] == [0, 3, 3]).all()


def test_without_a_pixel_size_distances_are_pixels_of_the_plane(session):
    entry, _ = open_stack(session, "pixel")
    assert (session.shapes.distance, session.shapes.unit) == (2.0, "px")
    session.shapes.grow((0, 1, 8, 8), distance=2.0, one_slice=True)
    assert (entry.labels[0, 1, 9, 2:6] == [0, 3, 3, 3]).all()
    assert not entry.labels[0, 0].any()


def test_areas_of_classes_have_no_shape(session):
    pixels = np.arange(600.0).reshape(1, 1, 1, 20, 30)
    session.add_image(Volume(pixels, name="tissue"), np.ones((1, 1, 20, 30), np.uint32), kind="classes")
    with pytest.raises(UserError, match="paint them"):
        session.shapes.interpolate((0, 0, 8, 8))
