"""A DICOM segmentation lies on the slices it was made from, and comes back as the labels it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.data.exports import read_provenance, write_labels
from napari_apprentice.data.files import read_image, read_labels
from napari_apprentice.errors import UserError

pytest.importorskip("highdicom", reason="the extra `dicom` is not installed")
FOLDER = Path(__file__).parents[4] / "shared" / "data" / "formats" / "dicom_series" / "PGBM-002_HCropVolume_32"
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not FOLDER.exists(), reason="needs the files in ../shared/data/formats"),
    pytest.mark.filterwarnings("ignore"),
]


def test_a_round_trip_over_a_real_series(tmp_path: Path) -> None:
    image = read_image(FOLDER)
    labels = np.zeros(image.labels_shape, np.uint32)
    labels[0, 3:6, 10:20, 5:9] = 1
    labels[0, 20:29, 30:40, 20:30] = 2
    write_labels(tmp_path / "a.dcm", labels, like=image, names={1: "anterior", 2: "zähe 細胞"})
    again = read_image(tmp_path / "a.dcm")
    assert again.metadata["segments"] == {"1": "anterior", "2": "zähe 細胞"}
    assert again.spacing == image.spacing
    # empty slices at both ends are left out in the file: the affine says where the rest lies
    first = np.linalg.inv(np.array(image.metadata["affine"])) @ np.array(again.metadata["affine"])[:, 3]
    np.testing.assert_allclose(first, [0, 0, 3, 1], atol=1e-4)
    np.testing.assert_array_equal(read_labels(tmp_path / "a.dcm")[0], labels[0, 3:29])
    told = read_provenance(tmp_path / "a.dcm")
    assert told is not None
    assert (told.product, told.objects) == ("napari-apprentice", 2)


def test_too_many_segments_are_refused(tmp_path: Path) -> None:
    image = read_image(FOLDER)
    labels = np.arange(np.prod(image.labels_shape), dtype=np.uint32).reshape(image.labels_shape)
    with pytest.raises(UserError, match="has 1 to 500 segments"):
        write_labels(tmp_path / "a.dcm", labels, like=image)
