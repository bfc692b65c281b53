"""Projects that were written before names on disk or in the code changed open as they were."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.runners import InlineRunners
from napari_apprentice.session import Session

WRITTEN = Path(__file__).parent / "written_by_0_1"


@pytest.fixture
def unpacked(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    with zipfile.ZipFile(WRITTEN / f"{request.param}.zip") as archive:
        archive.extractall(tmp_path / request.param)
    return tmp_path / request.param


@pytest.mark.parametrize("unpacked", ["cells"], indirect=True)
def test_labels_what_was_said_of_them_settings_and_undo_are_as_they_were(unpacked: Path) -> None:
    one, two, ground = (np.zeros((24, 32), bool) for _ in range(3))
    one[4:10, 4:12], two[14:20, 18:28], ground[22:] = True, True, True
    with Session.open(unpacked, InlineRunners()) as session:
        assert session.images.complaints == []
        assert session.current is not None
        np.testing.assert_array_equal(session.current.labels[0, 0], one + 2 * two)
        np.testing.assert_array_equal(session.current.confirmed[0, 0], 2 * (one | two) + ground)
        assert session.segment_settings.diameter == 12.0
        session.redo()
        assert (session.current.labels == 3).sum() == 3
        session.undo()
        session.undo()
        assert not (session.current.confirmed == 1).any()
        session.paint(np.array([0]), 4)
    with Session.open(unpacked, InlineRunners()) as session:
        assert session.current is not None
        assert session.current.labels[0, 0, 0, 0] == 4
        assert (session.current.labels == 1).sum() == one.sum()


@pytest.mark.parametrize("unpacked", ["slide"], indirect=True)
def test_regions_of_a_large_image_are_as_they_were(unpacked: Path) -> None:
    for _ in range(2):
        with Session.open(unpacked, InlineRunners()) as session:
            entry = session.current
            assert entry is not None
            assert session.images.complaints == []
            assert np.flatnonzero(entry.labels == 7).tolist() == list(range(50))
            assert np.flatnonzero(entry.labels == 8).tolist() == list(range(60, 70))
            assert np.flatnonzero(entry.confirmed == 1).tolist() == list(range(200, 220))
            entry.keep_snapshot()
