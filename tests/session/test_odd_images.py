"""Images a few pixels wide, and the last id there is, in images of every size: the whole loop works on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_apprentice.data.files import read_image, read_labels
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.runners import InlineRunners
from napari_apprentice.session import Session, SessionOptions
from napari_apprentice.session.large_project_image import LargeProjectImage
from napari_apprentice.settings import TeachSettings

LAST = 2**32 - 1


@pytest.fixture
def session() -> Iterator[Session]:
    with Session.temporary(InlineRunners()) as session:
        yield session


@pytest.mark.parametrize("shape", [(3, 300), (300, 3), (1, 300), (2, 2)])
def test_an_image_a_few_pixels_wide_goes_around_the_loop(
    session: Session, tmp_path: Path, shape: tuple[int, int]
) -> None:
    pixels = np.random.default_rng(0).random((1, 1, 1, *shape)).astype(np.float32)
    pixels[..., :2, :2] += 5
    session.choose_model("nuclei-2d")
    entry = session.add_image(Volume(pixels, name="narrow"))
    session.segment()
    session.run_until_idle()
    session.paint(np.flatnonzero(pixels > 4), 7)
    session.edits.approve_region(tuple(slice(0, n) for n in entry.labels.shape))
    labels = entry.labels.copy()
    session.undo()
    session.redo()
    np.testing.assert_array_equal(entry.labels, labels)
    session.teach_settings = TeachSettings(max_seconds=2, max_steps=4)
    session.teach()
    session.run_until_idle()
    session.click((0, 0, 0, 0))
    session.run_until_idle()
    for name in ("a.tif", "a.zarr", "a.nii.gz", "a.nrrd", "a.csv", "a.geojson", "a.zip"):
        session.export_labels(tmp_path / name)
    for name in ("a.tif", "a.zarr", "a.nii.gz", "a.nrrd"):
        np.testing.assert_array_equal(read_labels(tmp_path / name), entry.labels)


def test_objects_of_a_large_image_are_numbered_below_the_last_id(session: Session, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 200, (60, 80)).astype(np.uint16)
    pixels[40:52, 50:62] += 3000
    tifffile.imwrite(tmp_path / "large.tif", pixels)
    session.options = SessionOptions(largest_whole=1000)
    session.choose_model("nuclei-2d")
    entry = session.add_image(read_image(tmp_path / "large.tif"))
    assert isinstance(entry, LargeProjectImage)
    session.open_region((0, 0, 0, 0))
    last = np.ravel_multi_index(np.mgrid[5:9, 5:9].reshape(2, -1), (60, 80))
    session.paint(last, LAST)
    assert entry.next_id() == 1
    session.undo()
    assert entry.next_id() == 1
    session.redo()
    session.segment()
    session.run_until_idle()
    ids = np.unique(entry.labels)
    assert (ids[0], ids[-1], len(ids)) == (0, LAST, 3)
    session.segment_all()
    session.run_until_idle()
    ids = np.unique(entry.labels)
    assert (ids[0], ids[-1], len(ids)) == (0, LAST, 3)
    assert entry.labels[0, 0, 5:9, 5:9].tolist() == [[LAST] * 4] * 4
    assert LAST > entry.next_id() > int(ids[1])
    session.export_labels(tmp_path / "labels.tif")
    np.testing.assert_array_equal(read_labels(tmp_path / "labels.tif"), entry.labels)
