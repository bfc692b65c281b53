"""Real files of many kinds are read; damaged ones are one sentence."""

from __future__ import annotations

import os
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest
import tifffile

from napari_apprentice.data.exports import write_labels
from napari_apprentice.data.files import read_image, read_labels, stem_of, suffix_of, tiff
from napari_apprentice.errors import UserError

SHARED = Path(__file__).parents[4] / "shared" / "data"


def _shared(place: str) -> Path:
    path = SHARED / place
    if not path.exists():
        pytest.skip(f"needs the annotated images in {SHARED}")
    return path


@pytest.mark.parametrize(
    ("place", "shape", "spacing", "unit"),
    [
        ("usiigaci_phase/images/set01.tif", (1, 1, 1, 1022, 1024), (1.0, 0.867, 0.867), "um"),
        ("nuclei3d_ovules/images/ovule1135.tif", (1, 1, 100, 100, 100), (0.2837, 0.1268, 0.1268), "um"),
        ("formats/tiff/multi_f.tiff", (2, 2, 1, 169, 169), (0.125, 0.1242, 0.1242), "um"),
        ("formats/ome_tiff/zcyx.tiff", (1, 2, 25, 50, 50), (0.05446, 0.4356, 0.4356), "um"),
        ("formats/ome_tiff/multi-channel.ome.tif", (1, 3, 1, 167, 439), (1.0, 1.0, 1.0), "pixel"),
        ("formats/tiff/input_yxz.tiff", (1, 1, 4, 530, 265), (1.0, 1.0, 1.0), "pixel"),
        ("formats/tiff/planar-rgb-u8.tif", (1, 3, 1, 499, 374), (1.0, 1.0, 1.0), "pixel"),
    ],
)
def test_axes_and_spacing_of_real_files(
    place: str, shape: tuple[int, ...], spacing: tuple[float, ...], unit: str
) -> None:
    volume = read_image(_shared(place))
    assert volume.pixels.shape == shape
    assert volume.spacing == pytest.approx(spacing, rel=1e-3)
    assert volume.unit == unit


@pytest.mark.parametrize(
    ("name", "stem", "suffix"),
    [
        ("a.b.tif", "a.b", ".tif"),
        ("mr.NII.GZ", "mr", ".nii.gz"),
        ("mr.nii", "mr", ".nii"),
        ("a.ome.tif", "a", ".tif"),
        ("plate.ome.zarr", "plate", ".zarr"),
        ("IM0001", "IM0001", ""),
        ("notes.txt", "notes", ".txt"),
    ],
)
def test_a_name_has_a_stem_and_a_suffix(name: str, stem: str, suffix: str) -> None:
    assert (stem_of(Path(name)), suffix_of(Path(name))) == (stem, suffix)


def test_missing_foreign_and_cut_short(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        read_image(tmp_path / "none.tif")
    with pytest.raises(UserError, match="folder"):
        read_image(tmp_path)
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(UserError, match="convert it first"):
        read_image(tmp_path / "a.txt")
    (tmp_path / "a.png").write_bytes(b"hello")
    with pytest.raises(UserError, match="damaged"):
        read_image(tmp_path / "a.png")
    image = np.random.default_rng(0).integers(0, 255, (300, 200), np.uint8)
    for name in ("b.tif", "b.png", "b.jpg"):
        path = tmp_path / name
        if name == "b.tif":
            tifffile.imwrite(path, image)
        else:
            imageio.imwrite(path, image)
        assert read_image(path).pixels.shape == (1, 1, 1, 300, 200)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(UserError, match="damaged"):
            read_image(path)


def test_pictures(tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 60000, (20, 30), np.uint16)
    imageio.imwrite(tmp_path / "grey.png", grey)
    np.testing.assert_array_equal(read_image(tmp_path / "grey.png").pixels[0, 0, 0], grey)
    color = np.random.default_rng(0).integers(0, 255, (20, 30, 4), np.uint8)
    imageio.imwrite(tmp_path / "color.png", color)
    volume = read_image(tmp_path / "color.png")
    np.testing.assert_array_equal(volume.pixels[0, :, 0], color[..., :3].transpose(2, 0, 1))
    imageio.imwrite(tmp_path / "both.png", np.repeat(color[..., :1], 3, axis=2))
    assert read_image(tmp_path / "both.png").pixels.shape == (1, 1, 1, 20, 30)


@pytest.mark.parametrize("shape", [(1, 1, 8, 9), (1, 4, 8, 9), (3, 1, 8, 9), (3, 4, 8, 9), (1, 2, 8, 3)])
def test_labels_come_back_with_their_spacing(tmp_path: Path, shape: tuple[int, ...]) -> None:
    labels = np.random.default_rng(0).integers(0, 2**32, shape, np.uint32)
    write_labels(tmp_path / "a.tif", labels, (2.0, 0.5, 0.25), "um")
    np.testing.assert_array_equal(read_labels(tmp_path / "a.tif"), labels)
    volume = read_image(tmp_path / "a.tif")
    assert volume.spacing == (2.0 if shape[1] > 1 else volume.spacing[0], 0.5, 0.25)
    assert volume.unit == "um"
    assert os.listdir(tmp_path) == ["a.tif"]
    assert tifffile.TiffFile(tmp_path / "a.tif").pages[0].compression == 8


def test_labels_without_a_pixel_size_claim_none(tmp_path: Path) -> None:
    write_labels(tmp_path / "a.tif", np.zeros((1, 1, 5, 5), np.uint32))
    assert read_image(tmp_path / "a.tif").unit == "pixel"
    assert b"PhysicalSize" not in (tmp_path / "a.tif").read_bytes()


def test_labels_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Cannot write"):
        write_labels(tmp_path / "none" / "a.tif", np.zeros((1, 1, 5, 5), np.uint32))


def test_what_is_not_a_label_image_is_told(tmp_path: Path) -> None:
    for name, pixels, words in [
        ("rgb", np.random.default_rng(0).integers(0, 9, (20, 20, 3), np.uint8), "channels"),
        ("half", np.full((20, 20), 0.5, np.float32), "whole numbers"),
        ("negative", np.full((20, 20), -1, np.int16), "outside"),
        ("too large by one", np.full((20, 20), 2.0**32, np.float32), "outside"),
    ]:
        tifffile.imwrite(tmp_path / f"{name}.tif", pixels)
        with pytest.raises(UserError, match=words):
            read_labels(tmp_path / f"{name}.tif")
    np.save(tmp_path / "complex.npy", np.ones((20, 20), np.complex64))
    with pytest.raises(UserError, match="complex64: labels are whole numbers"):
        read_labels(tmp_path / "complex.npy")
    tifffile.imwrite(tmp_path / "slices.tif", np.ones((4, 20, 20), np.uint8), photometric="minisblack")
    assert read_labels(tmp_path / "slices.tif").shape == (1, 4, 20, 20)


def test_a_large_plain_tiff_is_mapped_and_a_small_one_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.random.default_rng(0).integers(0, 255, (5, 30, 40), np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", image, metadata={"axes": "ZYX"})
    assert not isinstance(read_image(tmp_path / "a.tif").pixels.base, np.memmap)
    monkeypatch.setattr(tiff, "MAP_FROM", 0)
    mapped = read_image(tmp_path / "a.tif").pixels
    assert isinstance(mapped, np.memmap)
    np.testing.assert_array_equal(mapped[0, 0], image)


def test_a_large_tiff_in_tiles_or_of_other_byte_order_is_read_as_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = np.random.default_rng(0).integers(0, 60000, (3, 64, 80), np.uint16)
    tifffile.imwrite(tmp_path / "tiles.tif", image, tile=(32, 32), compression="zlib", metadata={"axes": "ZYX"})
    tifffile.imwrite(tmp_path / "big.tif", image, byteorder=">", metadata={"axes": "ZYX"})
    tifffile.imwrite(tmp_path / "ome.ome.tif", image, compression="zlib", ome=True, metadata={"axes": "ZYX"})
    monkeypatch.setattr(tiff, "MAP_FROM", 0)
    for name in ("tiles.tif", "big.tif", "ome.ome.tif"):
        pixels = read_image(tmp_path / name).pixels
        assert not isinstance(pixels, np.ndarray), name
        assert pixels.dtype.isnative
        np.testing.assert_array_equal(np.asarray(pixels[0, 0, 1:]), image[1:])


def test_names_and_units_of_ome_images(tmp_path: Path) -> None:
    image = np.zeros((4, 20, 30), np.uint8)
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as file:
        for name in ("Antibody-labelled", "label image"):
            sizes = {"PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.5, "PhysicalSizeYUnit": "µm"}
            depth = {"PhysicalSizeZ": 300.0, "PhysicalSizeZUnit": "nm"}
            file.write(image, metadata={"axes": "ZYX", "Name": name, **sizes, **depth})
    volume = read_image(tmp_path / "a.ome.tif")
    assert (volume.name, volume.spacing, volume.unit) == ("a", (0.3, 0.5, 0.5), "um")


def test_what_follows_a_file_of_one_image_is_refused(tmp_path: Path) -> None:
    imageio.imwrite(tmp_path / "a.png", np.eye(20, dtype=np.uint8))
    with pytest.raises(UserError, match=r"a\.png is one image, leave out what follows it"):
        read_image(tmp_path / "a.png" / "7")


def test_what_may_not_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="n" * 300):
        read_image(tmp_path / ("n" * 300))
