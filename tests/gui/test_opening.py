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
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.masks import OUTLINES
from napari_apprentice.errors import UserError
from napari_apprentice.gui import layers, showing
from napari_apprentice.gui.images import OpenImages
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.opening import get_reader, read
from napari_apprentice.gui.saving import save_labels
from napari_apprentice.gui.sections.project import with_suffix
from napari_apprentice.project.folder import Project
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
        label_layers = LabelLayers(viewer, session, OpenImages(viewer, session))
        label_layers.images.open(viewer.layers[0])
        masks = label_layers.labels
        assert masks is not None
        session.paint(np.arange(5), 3)
        data, options, _ = masks.as_layer_data_tuple()
        save_labels(str(tmp_path / "l.nii.gz"), data, options)
    np.testing.assert_allclose(read_image(tmp_path / "l.nii.gz").metadata["affine"], AFFINE)


def test_the_manifest_offers_every_format_that_napari_reads_less_of():
    readers = PluginManifest.from_file(Path(__file__).parents[2] / "napari.yaml").contributions.readers
    images, outlines = ({pattern.removeprefix("*") for pattern in one.filename_patterns} for one in readers)
    assert images == (SUFFIXES - {*picture.SUFFIXES, ".tif", ".tiff", ".npy"}) | {".zarr"}
    assert outlines == set(OUTLINES)


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


def _pyramid(path: Path) -> Path:
    """Two channels at three resolutions that are not halves of each other."""
    group = zarr.open_group(path, mode="w", zarr_format=2)
    datasets = []
    for number, (y, x) in enumerate(((90, 120), (30, 40), (10, 14))):
        group.create_array(str(number), data=np.full((2, y, x), 100 * number + 7, np.uint16))
        group[str(number)][1, :2] = 5
        step = 0.5 * 90 / y
        transformations = [
            {"type": "scale", "scale": [1, step, step]},
            {"type": "translation", "translation": [0, 3, 4]},
        ]
        datasets.append({"path": str(number), "coordinateTransformations": transformations})
    axes = [{"name": "c", "type": "channel"}]
    axes += [{"name": a, "type": "space", "unit": "micrometer"} for a in "yx"]
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": datasets}]
    return path


def test_a_pyramid_is_a_layer_of_several_resolutions_at_the_scale_of_the_finest(tmp_path):
    (layer,) = _opened(_pyramid(tmp_path / "a.ome.zarr"))
    assert layer.multiscale
    assert layer.level_shapes.tolist() == [[2, 90, 120], [2, 30, 40], [2, 10, 14]]
    assert (tuple(layer.scale), tuple(layer.translate)) == ((1.0, 0.5, 0.5), (0.0, 3.0, 4.0))
    assert [str(unit) for unit in layer.units] == ["pixel", "micrometer", "micrometer"]
    assert layer.contrast_limits == [5, 207]  # of all channels of the coarsest
    volume = layers.volume_of(layer, layers.LayerReading("CYX", 1))
    assert (volume.pixels.shape, [level.shape[1:] for level in volume.levels]) == (
        (1, 1, 1, 90, 120),
        [(1, 1, 30, 40), (1, 1, 10, 14)],
    )
    again, reading = showing.image_layer_of(volume)
    assert (again.level_shapes.tolist(), reading.axes) == ([[90, 120], [30, 40], [10, 14]], "YX")


def test_labels_in_a_zarr_can_be_painted(tmp_path):
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    for name in ("raw", "labels"):
        group.create_array(name, data=np.ones((40, 50), np.uint16))
    labels, raw = sorted(_opened(tmp_path / "a.zarr"), key=lambda layer: layer.name)
    labels.paint((5, 5), 3)
    assert (int(labels.data[5, 5]), type(raw)) == (3, Image)


def test_masks_lie_on_a_pyramid_and_it_is_one_again_in_the_reopened_project(tmp_path, qtbot):
    viewer = ViewerModel()
    (one,) = read(str(_pyramid(tmp_path / "a.ome.zarr")))
    image = viewer._add_layer_from_data(*one)[0]
    with Session(Project.create(tmp_path / "p")) as session:
        label_layers = LabelLayers(viewer, session, OpenImages(viewer, session))
        label_layers.images.open(image)
        assert label_layers.labels is not None
        assert label_layers.labels.data.shape == (90, 120)
        np.testing.assert_allclose(label_layers.labels.data_to_world((9, 6)), image.data_to_world((0, 9, 6))[1:])
        np.testing.assert_allclose(label_layers.labels.extent.world, image.extent.world[:, 1:])
        image.scale = (1, 0.25, 0.25)
        assert session.current.volume.spacing == (1.0, 0.25, 0.25)
        assert len(session.current.volume.levels) == 2
        label_layers.close()
    with Session(Project.open(tmp_path / "p")) as session:
        other = ViewerModel()
        OpenImages(other, session).show_all()
        assert other.layers[0].level_shapes.tolist() == [[2, 90, 120], [2, 30, 40], [2, 10, 14]]
        assert tuple(other.layers[0].scale) == (1.0, 0.25, 0.25)


def test_colours_of_a_slide_at_several_resolutions(tmp_path):
    random = np.random.default_rng(0)
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as writer:
        writer.write(random.integers(0, 255, (64, 96, 3), np.uint8), subifds=1, photometric="rgb")
        writer.write(random.integers(0, 255, (32, 48, 3), np.uint8), subfiletype=1, photometric="rgb")
    (layer,) = _opened(tmp_path / "a.ome.tif")
    assert (layer.rgb, layer.level_shapes.tolist()) == (True, [[64, 96], [32, 48]])
    volume = layers.volume_of(layer, layers.guess(layer))
    assert (volume.pixels.shape, volume.levels[0].shape) == ((1, 3, 1, 64, 96), (1, 3, 1, 32, 48))


def test_of_a_project_with_very_many_images_those_are_shown_that_are_chosen(tmp_path: Path) -> None:
    with Session.create(tmp_path / "project") as session:
        for seed in range(25):
            pixels = np.random.default_rng(seed).integers(0, 255, (1, 1, 1, 8, 8), np.uint8)
            session.add_image(Volume(pixels, name=f"image {seed}"))
        viewer = ViewerModel()
        images = OpenImages(viewer, session)
        images.show_all()
        assert [layer.name for layer in viewer.layers] == ["image 24"]
        session.choose_image(session.entries[3])
        assert [layer.name for layer in viewer.layers] == ["image 24", "image 3"]
        images.close()
