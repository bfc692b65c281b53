"""NIfTI: which axis is which, what a voxel measures, and where it lies in the scanner."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest

from napari_apprentice.data.exports import write_labels
from napari_apprentice.data.files import nifti, read_image, read_labels
from napari_apprentice.data.image.lazy import LazyArray
from napari_apprentice.errors import UserError

SHARED = Path(__file__).parents[4] / "shared" / "data"


def write(path: Path, array: np.ndarray, affine: np.ndarray | None = None, unit: str = "mm") -> Path:
    image = nibabel.Nifti1Image(array, np.eye(4) if affine is None else affine)
    image.header.set_xyzt_units(unit)
    nibabel.save(image, path)
    return path


def shared(place: str) -> Path:
    path = SHARED / place
    if not path.exists():
        pytest.skip("needs the annotated images in ../shared/data")
    return path


def test_x_comes_last_and_nothing_is_turned_around(tmp_path: Path) -> None:
    array = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4)
    affine = np.diag([-0.5, 0.7, 3.0, 1.0])  # x points to the left
    volume = read_image(write(tmp_path / "mr.nii.gz", array, affine))
    assert volume.pixels.shape == (1, 1, 4, 3, 2)
    assert volume.pixels[0, 0, 3, 1, 0] == array[0, 1, 3]
    assert volume.pixels.dtype == np.int16
    assert volume.spacing == pytest.approx((3.0, 0.7, 0.5))
    assert (volume.unit, volume.name) == ("mm", "mr")
    assert volume.metadata["orientation"] == "LAS"
    np.testing.assert_allclose(volume.metadata["affine"], affine)


@pytest.mark.parametrize(("unit", "read"), [("micron", "um"), ("unknown", "mm"), ("meter", "m")])
def test_the_unit_is_told_or_that_of_the_format(tmp_path: Path, unit: str, read: str) -> None:
    assert read_image(write(tmp_path / "a.nii", np.eye(3, dtype=np.uint8), unit=unit)).unit == read


def test_time_and_channels(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 99, (5, 6, 7, 3, 2), np.uint8)
    volume = read_image(write(tmp_path / "a.nii", array))
    np.testing.assert_array_equal(volume.pixels, array.transpose(3, 4, 2, 1, 0))


def test_scaled_whole_numbers_are_what_the_header_says(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.linspace(0, 1, 60, dtype=np.float32).reshape(3, 4, 5), np.eye(4))
    image.header.set_data_dtype(np.uint8)
    nibabel.save(image, tmp_path / "a.nii")
    pixels = read_image(tmp_path / "a.nii").pixels
    assert pixels.dtype == np.float32
    np.testing.assert_allclose(pixels.max(), 1, atol=1e-2)


def test_labels_are_whole_numbers(tmp_path: Path) -> None:
    labels = np.zeros((4, 5, 6), np.float32)
    labels[1, 2, 3] = 2
    assert read_labels(write(tmp_path / "l.nii.gz", labels))[0, 3, 2, 1] == 2
    with pytest.raises(UserError, match="whole numbers"):
        read_labels(write(tmp_path / "h.nii.gz", labels / 4))


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "a.nii", np.ones((9, 9, 9), np.float32))
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(UserError, match=r"a\.nii is damaged"):
        read_image(path)
    (tmp_path / "b.nii.gz").write_text("no")
    with pytest.raises(UserError, match=r"b\.nii\.gz is damaged"):
        read_image(tmp_path / "b.nii.gz")
    huge = nibabel.Nifti1Header()
    huge.set_data_shape((30000, 30000, 30000))
    (tmp_path / "c.nii").write_bytes(huge.binaryblock + bytes(4))
    with pytest.raises(UserError, match="claims"):
        read_image(tmp_path / "c.nii")


@pytest.mark.parametrize(
    ("place", "shape", "spacing", "orientation"),
    [
        ("formats/nifti/anatomical.nii", (1, 1, 25, 41, 33), (2.0, 2.0, 2.0), "LAS"),
        ("formats/nifti/example4d.nii.gz", (2, 1, 24, 96, 128), (2.2, 2.0, 2.0), "LAS"),
        ("formats/nifti/example_nifti2.nii.gz", (2, 1, 12, 20, 32), (2.2, 2.0, 2.0), "LAS"),
        ("formats/nifti/rgb_test_file.nii.gz", (1, 3, 4, 10, 10), (1.003, 1.003, 1.0), "RAS"),
        ("sharealike/hippocampus_msd/images/hippocampus_001.nii.gz", (1, 1, 35, 51, 35), (1.0, 1.0, 1.0), "RAS"),
    ],
)
def test_real_files(place: str, shape: tuple[int, ...], spacing: tuple[float, ...], orientation: str) -> None:
    volume = read_image(shared(place))
    assert volume.pixels.shape == shape
    assert volume.spacing == pytest.approx(spacing, rel=1e-3)
    assert volume.metadata["orientation"] == orientation


@pytest.mark.parametrize("name", ["corrupt/truncated.nii.gz", "corrupt/not_gzip.nii.gz", "nifti/row_major.dconn.nii"])
def test_real_files_that_are_none(name: str) -> None:
    with pytest.raises(UserError, match=r"\.nii") as caught:
        read_image(shared(f"formats/{name}"))
    assert "\n" not in str(caught.value)


def test_micrometres_are_an_affine_in_millimetres_and_no_code_is_no_affine(tmp_path: Path) -> None:
    volume = read_image(
        write(tmp_path / "a.nii", np.zeros((4, 5, 6), np.uint8), np.diag([0.5, 0.5, 2.0, 1.0]), "micron")
    )
    assert (volume.spacing, volume.unit) == ((2.0, 0.5, 0.5), "um")
    np.testing.assert_allclose(volume.metadata["affine"], np.diag([0.0005, 0.0005, 0.002, 1.0]))
    image = nibabel.Nifti1Image(np.zeros((4, 5, 6), np.uint8), None)
    image.header.set_zooms((0.5, 0.5, 2.0))
    nibabel.save(image, tmp_path / "b.nii")
    assert "affine" not in read_image(tmp_path / "b.nii").metadata


@pytest.mark.parametrize("scaled", [False, True])
def test_a_large_one_is_read_as_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scaled: bool) -> None:
    array = np.random.default_rng(0).integers(-50, 900, (6, 5, 4, 3)).astype(">i2" if scaled else "i2")
    image = nibabel.Nifti1Image(array, np.diag([0.5, 0.6, 2.0, 1.0]))
    if scaled:
        image.header.set_slope_inter(0.5, -10.0)
    nibabel.save(image, tmp_path / "a.nii")
    whole = read_image(tmp_path / "a.nii")
    monkeypatch.setattr(nifti, "MAP_FROM", 100)
    volume = read_image(tmp_path / "a.nii")
    assert isinstance(volume.pixels, LazyArray if scaled else np.memmap)
    assert volume.pixels.dtype == whole.pixels.dtype == (np.float32 if scaled else np.int16)
    np.testing.assert_array_equal(volume.pixels[2, 0, 1:3, ::2], whole.pixels[2, 0, 1:3, ::2])
    np.testing.assert_array_equal(volume.pixels, whole.pixels)
    assert (volume.spacing, volume.metadata) == (whole.spacing, whole.metadata)
    (tmp_path / "b.nii").write_bytes((tmp_path / "a.nii").read_bytes()[:-9])
    with pytest.raises(UserError, match=r"b\.nii is damaged: it has"):
        read_image(tmp_path / "b.nii")


SFORM = np.array([[0.5, 0.1, 0, -12], [0, 0.5, 0.05, 7], [0, 0, 3, 40], [0, 0, 0, 1]])  # sheared a little
QFORM = np.array([[0.5, 0, 0, 1], [0, 0.5, 0, 2], [0, 0, 3, 3], [0, 0, 0, 1]])
ZERO, NAN, FLAT = np.zeros((3, 4)), np.full((3, 4), np.nan), np.array([[0.5, 0, 0, 0], [0, 0.5, 0, 0], [0.0, 0, 0, 0]])


def _placed(
    path: Path,
    sform: np.ndarray | None = None,
    qform: np.ndarray | None = None,
    pixdim: tuple[float, float, float] | None = None,
    quatern_b: float | None = None,
    shape: tuple[int, ...] = (6, 5, 4),
) -> Path:
    """A file whose header says just this, right or wrong; each form there is has the code 1."""
    header = nibabel.Nifti1Header()
    header.set_data_shape(shape)
    header.set_data_dtype(np.uint8)
    header.set_xyzt_units("mm")
    if qform is not None:
        header.set_qform(qform, code=1)
    if quatern_b is not None:
        header["quatern_b"], header["qform_code"] = quatern_b, 1
    if sform is not None:
        header["sform_code"] = 1
        for row, name in zip(sform, ("srow_x", "srow_y", "srow_z"), strict=False):
            header[name] = row
    if pixdim is not None:
        header["pixdim"][1:4] = pixdim
    header["magic"], header["vox_offset"] = b"n+1", 352
    path.write_bytes(header.binaryblock + bytes(4) + bytes(range(120))[: int(np.prod(shape))])
    return path


def test_the_sform_counts_and_voxels_are_as_large_as_it_says(tmp_path: Path) -> None:
    volume = read_image(_placed(tmp_path / "a.nii", SFORM, QFORM, pixdim=(1, 1, 1)))
    np.testing.assert_allclose(volume.metadata["affine"], SFORM, atol=1e-6)
    # a step along x, along y (0.1, 0.5, 0) and along z (0, 0.05, 3)
    assert volume.spacing == pytest.approx((3.000417, 0.509902, 0.5), rel=1e-5)
    assert volume.metadata["notes"] == [
        "Voxels of a.nii are 3 x 0.5099 x 0.5 by its sform, which counts, and 1 x 1 x 1 by pixdim."
    ]
    assert "notes" not in read_image(_placed(tmp_path / "b.nii", QFORM, QFORM)).metadata


@pytest.mark.parametrize("sform", [ZERO, NAN, FLAT, np.full((3, 4), np.inf), 1e30 * np.eye(3, 4)])
def test_the_qform_counts_where_the_sform_cannot_be_right(tmp_path: Path, sform: np.ndarray) -> None:
    volume = read_image(_placed(tmp_path / "a.nii", sform, QFORM))
    np.testing.assert_allclose(volume.metadata["affine"], QFORM)
    assert (volume.spacing, volume.metadata["orientation"]) == ((3.0, 0.5, 0.5), "RAS")
    (note,) = volume.metadata["notes"]
    assert note.startswith("The sform of a.nii cannot be right")
    assert note.endswith("its qform is used.")


def test_a_qform_that_cannot_be_right_does_no_harm_to_the_sform(tmp_path: Path) -> None:
    for quatern_b in (np.nan, 7.0):
        volume = read_image(_placed(tmp_path / "a.nii", SFORM, quatern_b=quatern_b, pixdim=(0.5, 0.51, 3)))
        np.testing.assert_allclose(volume.metadata["affine"], SFORM, atol=1e-6)


@pytest.mark.parametrize(
    ("sform", "quatern_b", "what"), [(ZERO, None, "sform"), (NAN, np.nan, "sform and qform"), (None, 7.0, "qform")]
)
def test_of_a_place_that_cannot_be_right_only_the_voxel_size_is_left(
    tmp_path: Path, sform: np.ndarray | None, quatern_b: float | None, what: str
) -> None:
    volume = read_image(_placed(tmp_path / "a.nii", sform, quatern_b=quatern_b, pixdim=(0.5, 0.5, 3)))
    assert (volume.spacing, volume.unit) == ((3.0, 0.5, 0.5), "mm")
    assert "affine" not in volume.metadata
    assert volume.metadata["notes"][0].startswith(f"The {what} of a.nii cannot be right")
    labels = np.zeros(volume.labels_shape, np.uint32)
    write_labels(tmp_path / "labels.nii", labels, like=volume)
    np.testing.assert_allclose(nibabel.load(tmp_path / "labels.nii").header.get_zooms(), (0.5, 0.5, 3))


@pytest.mark.parametrize("pixdim", [(0, 0, 0), (np.nan, 1, 1), (1e30, 1, 1)])
def test_nonsense_everywhere_is_no_pixel_size(tmp_path: Path, pixdim: tuple[float, float, float]) -> None:
    volume = read_image(_placed(tmp_path / "a.nii", ZERO, pixdim=pixdim))
    assert (volume.spacing, volume.unit) == ((1.0, 1.0, 1.0), "pixel")


def test_one_slice_need_not_say_how_thick_it_is(tmp_path: Path) -> None:
    volume = read_image(_placed(tmp_path / "a.nii", FLAT, pixdim=(0.5, 0.5, 0), shape=(6, 5)))
    assert "notes" not in volume.metadata
    np.testing.assert_allclose(volume.metadata["affine"], np.diag([0.5, 0.5, 1, 1]))


@pytest.mark.parametrize("name", ["labels.nii.gz", "labels.nrrd"])
def test_labels_lie_where_the_standard_puts_the_image(tmp_path: Path, name: str) -> None:
    volume = read_image(_placed(tmp_path / "a.nii", SFORM, QFORM, pixdim=(1, 1, 1)))
    labels = np.zeros(volume.labels_shape, np.uint32)
    labels[0, 1, 2, 3] = 7
    write_labels(tmp_path / name, labels, like=volume)
    again = read_image(tmp_path / name)
    np.testing.assert_array_equal(again.pixels[:, 0], labels)
    # voxel x 3, y 2, z 1: -12 + 1.5 + 0.2, 7 + 1 + 0.05, 40 + 3
    np.testing.assert_allclose(np.array(again.metadata["affine"]) @ [3, 2, 1, 1], [-10.3, 8.05, 43, 1], atol=1e-5)
    assert again.spacing == pytest.approx(volume.spacing)


def test_labels_of_a_sheared_image_have_no_second_place(tmp_path: Path) -> None:
    for name, sform, code in (("sheared", SFORM, 0), ("straight", QFORM, 1)):
        volume = read_image(_placed(tmp_path / "a.nii", sform))
        write_labels(tmp_path / f"{name}.nii", np.zeros(volume.labels_shape, np.uint32), like=volume)
        header = nibabel.load(tmp_path / f"{name}.nii").header
        assert (int(header["sform_code"]), int(header["qform_code"])) == (1, code)
        np.testing.assert_allclose(header.get_zooms(), volume.spacing[::-1], rtol=1e-5)


def test_an_mgh_whose_directions_are_flat_keeps_its_voxel_size(tmp_path: Path) -> None:
    image = nibabel.MGHImage(np.zeros((4, 5, 6), np.uint8), np.diag([0.5, 0.5, 2.0, 1.0]))
    image.header["Mdc"] = np.zeros((3, 3))
    with (tmp_path / "a.mgh").open("wb") as file:
        image.header.writehdr_to(file)
        file.write(bytes(120))
        image.header.writeftr_to(file)
    volume = read_image(tmp_path / "a.mgh")
    assert volume.spacing == (2.0, 0.5, 0.5)
    assert volume.metadata["notes"][0].startswith("The affine of a.mgh cannot be right")


def test_what_nibabel_makes_of_a_header_is_not_printed(tmp_path: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(np.zeros((4, 3, 2), np.int16), np.eye(4)), tmp_path / "a.nii")
    content = bytearray((tmp_path / "a.nii").read_bytes())
    content[254:256] = (999).to_bytes(2, "little")  # no code of the sform
    (tmp_path / "a.nii").write_bytes(content)
    code = "import sys; from napari_apprentice.data.files import read_image; read_image(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "a.nii"], capture_output=True, check=True)
    assert done.stderr == b""
    assert nibabel.imageglobals.logger.handlers  # others see what they saw
