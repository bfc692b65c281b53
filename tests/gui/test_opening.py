"""Files dropped into napari, and labels saved from it."""

from __future__ import annotations

from pathlib import Path

import h5py
import nibabel
import numpy as np
import pytest
import tifffile
import zarr
from napari.layers import Image, Labels
from napari.viewer import ViewerModel
from npe2 import PluginManifest

from napari_apprentice.data.files import SUFFIXES, picture, read_image, read_labels
from napari_apprentice.errors import UserError
from napari_apprentice.gui import layers
from napari_apprentice.gui.images import OpenImages
from napari_apprentice.gui.opening import get_reader, read
from napari_apprentice.gui.saving import save_labels
from napari_apprentice.gui.sections.project import with_suffix
from napari_apprentice.gui.stage import Stage
from napari_apprentice.session import Session

AFFINE = np.diag([-0.5, 0.5, 2.0, 1.0])


def _nifti(path: Path) -> Path:
    nibabel.save(nibabel.Nifti1Image(np.random.default_rng(0).random((6, 5, 4), np.float32), AFFINE), path)
    return path


def _opened(path: Path) -> list:
    reader = get_reader(str(path))
    assert reader is not None
    model = ViewerModel()
    return [model._add_layer_from_data(*one)[0] for one in reader(str(path))]


def test_what_is_no_image_is_left_to_others(tmp_path):
    (tmp_path / "a.txt").write_text("")
    assert get_reader(str(tmp_path / "a.txt")) is None
    assert get_reader(str(tmp_path)) is None
    assert get_reader([str(_nifti(tmp_path / "a.nii"))]) is None


def test_a_layer_has_the_axes_pixel_size_and_place_of_its_file(tmp_path):
    (layer,) = _opened(_nifti(tmp_path / "a.nii"))
    assert isinstance(layer, Image)
    assert (layer.data.shape, tuple(layer.scale)) == ((4, 5, 6), (2.0, 0.5, 0.5))
    assert [str(unit) for unit in layer.units] == ["millimeter"] * 3
    volume = layers.volume_of(layer, layers.guess(layer))
    assert (volume.unit, volume.metadata["orientation"]) == ("mm", "LAS")
    assert volume.source == str(tmp_path / "a.nii")


def test_time_channels_and_their_names_come_along(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 9, (4, 2, 20, 30), np.uint16)
    told = {"axes": "TCYX", "Channel": {"Name": ["DNA", "actin"]}}
    tifffile.imwrite(tmp_path / "a.ome.tif", pixels, ome=True, metadata=told)
    (layer,) = _opened(tmp_path / "a.ome.tif")
    volume = layers.volume_of(layer, layers.guess(layer))
    np.testing.assert_array_equal(volume.pixels[:, :, 0], pixels)
    assert volume.channels == ("DNA", "actin")


def test_datasets_of_one_file_become_layers_and_labels_are_labels(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw"], file["label"] = np.zeros((9, 20, 30), np.uint8), np.ones((9, 20, 30), np.uint16)
    found = _opened(tmp_path / "a.h5")
    assert [(type(one), one.name) for one in found] == [(Labels, "a label"), (Image, "a raw")]


def test_a_large_plate_is_not_opened_at_once(tmp_path):
    plate = zarr.open_group(tmp_path / "p.ome.zarr", mode="w", zarr_format=2)
    plate.attrs["plate"] = {"wells": [{"path": f"A/{i}"} for i in range(20)]}
    for i in range(20):
        plate.require_group(f"A/{i}").attrs["well"] = {"images": [{"path": "0"}]}
    with pytest.raises(UserError, match="holds 20 images"):
        read(str(tmp_path / "p.ome.zarr"))


def test_labels_are_saved_where_their_image_lies(tmp_path):
    (image,) = _opened(_nifti(tmp_path / "a.nii"))
    labels = np.zeros((4, 5, 6), np.uint32)
    labels[1, 2, 3] = 7
    options = {"scale": image.scale, "units": image.units, "axis_labels": image.axis_labels, "metadata": image.metadata}
    assert save_labels(str(tmp_path / "l.nii.gz"), labels, options) == [str(tmp_path / "l.nii.gz")]
    np.testing.assert_array_equal(read_labels(tmp_path / "l.nii.gz")[0], labels)
    np.testing.assert_allclose(read_image(tmp_path / "l.nii.gz").metadata["affine"], AFFINE)


def test_labels_without_anything_but_numbers(tmp_path):
    save_labels(str(tmp_path / "a.csv"), np.eye(20, dtype=int), {})
    assert (tmp_path / "a.csv").read_text().splitlines()[1].startswith("1,20,20.0,")


def test_labels_have_no_channels_and_a_table_of_them_no_intensities(tmp_path):
    for shape in ((3, 10, 20, 20), (30, 40, 3), (4, 30, 40)):
        labels = np.random.default_rng(0).integers(1, 9, shape)
        save_labels(str(tmp_path / "a.nii"), labels, {})
        np.testing.assert_array_equal(read_labels(tmp_path / "a.nii").squeeze(), labels)
    save_labels(str(tmp_path / "a.csv"), np.eye(20, dtype=int), {})
    assert "intensity" not in (tmp_path / "a.csv").read_text()


def test_the_masks_of_the_panel_are_saved_where_their_image_lies(tmp_path, qtbot):
    viewer = ViewerModel()
    for one in read(str(_nifti(tmp_path / "a.nii"))):
        viewer._add_layer_from_data(*one)
    with Session.temporary() as session:
        stage = Stage(viewer, session, OpenImages(viewer, session))
        stage.images.open(viewer.layers[0])
        masks = stage.labels
        assert masks is not None
        session.paint(np.arange(5), 3)
        data, options, _ = masks.as_layer_data_tuple()
        save_labels(str(tmp_path / "l.nii.gz"), data, options)
    np.testing.assert_allclose(read_image(tmp_path / "l.nii.gz").metadata["affine"], AFFINE)


def test_the_manifest_offers_every_format_but_plain_pictures():
    (reader,) = PluginManifest.from_file(Path(__file__).parents[2] / "napari.yaml").contributions.readers
    patterns = {pattern.removeprefix("*") for pattern in reader.filename_patterns}
    assert patterns == (SUFFIXES - set(picture.SUFFIXES)) | {".zarr"}


@pytest.mark.parametrize(
    ("typed", "format", "written"),
    [
        ("a.tif", "OME-TIFF (*.tif)", "a.tif"),
        ("a.nii.gz", "OME-TIFF (*.tif)", "a.nii.gz"),
        ("a.tif", "NIfTI (*.nii.gz)", "a.nii.gz"),
        ("a.b", "Measurements (*.csv)", "a.b.csv"),
        ("a", "", "a.tif"),
    ],
)
def test_labels_are_exported_as_chosen_in_the_dialog(typed, format, written):
    assert with_suffix(typed, format) == written
