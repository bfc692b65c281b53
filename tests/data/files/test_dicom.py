"""DICOM series: sorted by place, in the scanner's intensities, with the way to the patient."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from napari_apprentice.data.files import images_of, is_there, parts_of, read_image
from napari_apprentice.errors import UserError

SERIES = generate_uid()
SHARED = Path(__file__).parents[4] / "shared" / "data"


def _slice(path: Path, pixels: np.ndarray, position: tuple[float, float, float] | None = None, **more: Any) -> Path:
    """One slice of a CT, 0.5 mm by row and 0.25 mm by column, that lies flat."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    told = Dataset()
    told.file_meta = meta
    told.SOPClassUID, told.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    told.Modality, told.SeriesInstanceUID, told.SeriesNumber = "CT", SERIES, 3
    told.Rows, told.Columns = pixels.shape[:2]
    told.SamplesPerPixel, told.PhotometricInterpretation = 1, "MONOCHROME2"
    told.BitsAllocated = told.BitsStored = 16
    told.HighBit, told.PixelRepresentation = 15, 0
    told.PixelData = pixels.astype(np.uint16).tobytes()
    told.PixelSpacing, told.SliceThickness = [0.5, 0.25], 2.0
    if position is not None:
        told.ImagePositionPatient = list(position)
        told.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    for name, value in more.items():
        setattr(told, name, value)
    pydicom.dcmwrite(path, told, enforce_file_format=True)
    return path


def _series(folder: Path, heights: list[float], **more: Any) -> list[np.ndarray]:
    """Slices at these heights, their names in the order given; returns their pixels."""
    rng = np.random.default_rng(0)
    pixels = [rng.integers(0, 1000, (4, 6), np.uint16) for _ in heights]
    for index, (height, one) in enumerate(zip(heights, pixels, strict=True)):
        _slice(folder / f"{index:02}.dcm", one, (-10.0, -20.0, height), InstanceNumber=index + 1, **more)
    return pixels


def test_slices_are_sorted_by_place_and_the_affine_leads_to_the_patient(tmp_path: Path) -> None:
    pixels = _series(tmp_path, [7.0, 1.0, 4.0])
    volume = read_image(tmp_path)
    np.testing.assert_array_equal(volume.pixels[0, 0], [pixels[1], pixels[2], pixels[0]])
    assert (volume.spacing, volume.unit, volume.metadata["orientation"]) == ((3.0, 0.5, 0.25), "mm", "LPS")
    assert volume.metadata["notes"] == []
    # the third column, second row, highest slice: 0.5 mm to the left, 0.5 mm to the back, 6 mm up
    place = np.array(volume.metadata["affine"]) @ [2, 1, 2, 1]
    np.testing.assert_allclose(place, [10 - 0.5, 20 - 0.5, 1 + 6, 1])


def test_hounsfield_units_stay_whole_and_fractions_do_not(tmp_path: Path) -> None:
    pixels = np.array([[0, 1000], [2000, 3000]])
    whole = read_image(_slice(tmp_path / "a.dcm", pixels, RescaleSlope=1, RescaleIntercept=-1024)).pixels
    assert whole.dtype == np.int16
    np.testing.assert_array_equal(whole[0, 0, 0], pixels - 1024)
    parts = read_image(_slice(tmp_path / "b.dcm", pixels, RescaleSlope=0.5, RescaleIntercept=0)).pixels
    assert parts.dtype == np.float32
    np.testing.assert_array_equal(parts[0, 0, 0], pixels / 2)


def test_several_images_of_each_slice_are_times(tmp_path: Path) -> None:
    for time in (0, 1):
        for height in (0.0, 2.0):
            value = np.full((4, 6), 10 * time + height)
            _slice(tmp_path / f"{height}{time}", value, (0, 0, height), TemporalPositionIdentifier=2 - time)
    volume = read_image(tmp_path)
    assert volume.pixels.shape == (2, 1, 2, 4, 6)
    np.testing.assert_array_equal(volume.pixels[:, 0, :, 0, 0], [[10, 12], [0, 2]])


def test_uneven_slices_are_noted_and_missing_ones_refused(tmp_path: Path) -> None:
    _series(tmp_path, [0.0, 1.0, 4.0])
    assert read_image(tmp_path).metadata["notes"] == ["Slices are 1 to 3 mm apart and are shown 2 mm apart."]
    _slice(tmp_path / "again.dcm", np.zeros((4, 6)), (-10.0, -20.0, 1.0))
    with pytest.raises(UserError, match="1 images of some slices and 2 of others: files are missing"):
        read_image(tmp_path)


def test_one_of_several_series_is_chosen_by_number(tmp_path: Path) -> None:
    _series(tmp_path, [0.0, 1.0])
    _slice(tmp_path / "scout.dcm", np.zeros((9, 9)), (0, 0, 0), SeriesNumber=1, SeriesInstanceUID=generate_uid())
    (tmp_path / "notes.txt").write_text("beside them")
    assert parts_of(tmp_path) == [str(tmp_path / "1"), str(tmp_path / "3")]
    with pytest.raises(UserError, match=r"holds 2 DICOM series \(1, 3\)"):
        read_image(tmp_path)
    volume = read_image(tmp_path / "3")
    assert (volume.pixels.shape, volume.name) == ((1, 1, 2, 4, 6), f"{tmp_path.name} 3")
    with pytest.raises(UserError, match="7 does not exist"):
        read_image(tmp_path / "7")


def test_a_picture_without_a_place(tmp_path: Path) -> None:
    volume = read_image(_slice(tmp_path / "a", np.zeros((4, 6)), WindowCenter=[40, 300], WindowWidth=[400, 1500]))
    assert (volume.pixels.shape, volume.spacing[1:], volume.unit) == ((1, 1, 1, 4, 6), (0.5, 0.25), "mm")
    assert (volume.metadata["window"], volume.metadata["modality"]) == ((40.0, 400.0), "CT")


@pytest.mark.data
@pytest.mark.filterwarnings("ignore")
def test_a_real_ct_lies_where_its_labels_lie() -> None:
    folder = SHARED / "ct_multiorgan_sm" / "dicom_series"
    if not folder.exists():
        pytest.skip("needs the annotated images in ../shared/data")
    volume, labels = read_image(folder / "images"), read_image(folder / "labels.nii.gz")
    ours, theirs = (np.array(one.metadata["affine"]) for one in (volume, labels))
    z, y, x = volume.pixels.shape[2:]
    corners = np.array([[i, j, k, 1] for i in (0, x - 1) for j in (0, y - 1) for k in (0, z - 1)]).T
    span = [np.sort(affine[:3] @ corners, axis=1)[:, [0, -1]] for affine in (ours, theirs)]
    np.testing.assert_allclose(span[0], span[1], atol=0.01)


def test_slices_without_a_place_follow_their_numbers(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        _slice(tmp_path / f"{number}", np.full((4, 6), number), InstanceNumber=number)
    volume = read_image(tmp_path)
    np.testing.assert_array_equal(volume.pixels[0, 0, :, 0, 0], [1, 2, 10])
    assert (volume.spacing, volume.metadata["axes"], volume.metadata["guessed"]) == ((2.0, 0.5, 0.25), "ZYX", True)
    assert volume.metadata["notes"] == [
        f"The slices of {tmp_path.name} do not say where they lie: it is a guess that they follow each other by "
        "InstanceNumber, 2 mm apart."
    ]


def test_a_series_never_has_the_name_of_a_file(tmp_path: Path) -> None:
    _slice(tmp_path / "1", np.full((4, 6), 5), (0, 0, 0), SeriesNumber=1)
    _slice(tmp_path / "2", np.full((4, 6), 6), (0, 0, 1), SeriesNumber=1)
    _slice(tmp_path / "3", np.zeros((9, 9)), SeriesNumber=2, SeriesInstanceUID=generate_uid())
    names = [Path(one).name for one in parts_of(tmp_path)]
    assert names == ["1b", "2b"]
    assert read_image(tmp_path / "1b").pixels.shape == (1, 1, 2, 4, 6)


def test_slices_in_several_directions_are_no_volume(tmp_path: Path) -> None:
    from napari_apprentice.data.files.dicom_frames import DicomFrame
    from napari_apprentice.data.files.dicom_stack import frames_to_volume

    ways = [(np.eye(3)[0], np.eye(3)[1]), (np.eye(3)[1], np.eye(3)[2])]
    frames = [DicomFrame(np.zeros((4, 6)), np.zeros(3), way, (1.0, 1.0), 1.0, (0.0,), True) for way in ways]
    with pytest.raises(UserError, match="lie in different directions"):
        frames_to_volume(frames, tmp_path)


def test_a_window_that_is_none_is_left_out(tmp_path: Path) -> None:
    for name, window in (
        ("a", {"WindowCenter": None, "WindowWidth": None}),
        ("b", {"WindowCenter": 5, "WindowWidth": 0}),
    ):
        assert "window" not in read_image(_slice(tmp_path / name, np.zeros((4, 6)), **window)).metadata


def test_a_missing_file_beside_a_series_is_missing(tmp_path: Path) -> None:
    _series(tmp_path, [0.0, 1.0])
    assert not is_there(tmp_path / "gone.tif")
    with pytest.raises(UserError, match=r"gone\.tif does not exist"):
        read_image(tmp_path / "gone.tif")


@pytest.mark.parametrize("several", [False, True])
def test_headers_of_a_folder_are_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, several: bool) -> None:
    _series(tmp_path, [0.0, 1.0, 2.0])
    if several:
        _slice(tmp_path / "scout.dcm", np.zeros((9, 9)), (0, 0, 0), SeriesNumber=1, SeriesInstanceUID=generate_uid())
    looked: list[str] = []
    dcmread = pydicom.dcmread

    def noted(file: Any, **options: Any) -> Any:
        if options:
            looked.append(str(file))
        return dcmread(file, **options)

    monkeypatch.setattr(pydicom, "dcmread", noted)
    found = {path: read() for path, read in images_of(tmp_path).items()}
    assert len(looked) == len(set(looked)) == (4 if several else 3)
    series = found[str(tmp_path / "3") if several else str(tmp_path)]
    np.testing.assert_array_equal(series.pixels, read_image(series.source or "").pixels)


def test_slices_without_a_place_lie_where_slice_location_says(tmp_path: Path) -> None:
    for number, location in ((1, 9.0), (2, 3.0), (3, 6.0)):
        _slice(tmp_path / f"{number}", np.full((4, 6), location), InstanceNumber=number, SliceLocation=location)
    volume = read_image(tmp_path)
    np.testing.assert_array_equal(volume.pixels[0, 0, :, 0, 0], [3, 6, 9])
    assert (volume.spacing, volume.metadata["guessed"]) == ((3.0, 0.5, 0.25), False)
    assert volume.metadata["notes"] == [
        f"The slices of {tmp_path.name} do not say where they lie in the patient: they follow their SliceLocation, "
        "3 mm apart."
    ]
    assert "affine" not in volume.metadata


def test_several_images_of_each_slice_location_are_times(tmp_path: Path) -> None:
    for time in (0, 1):
        for location in (0.0, 2.0):
            more = {"AcquisitionNumber": 2 - time, "SliceLocation": location}
            _slice(tmp_path / f"{location}{time}", np.full((4, 6), 10 * time + location), **more)
    volume = read_image(tmp_path)
    np.testing.assert_array_equal(volume.pixels[:, 0, :, 0, 0], [[10, 12], [0, 2]])


def test_files_that_nothing_orders_and_those_of_a_film_are_frames(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "film").mkdir()
    for number in (0, 1, 2):
        _slice(tmp_path / "plain" / f"{number}", np.full((4, 6), number))
        _slice(tmp_path / "film" / f"{number}", np.full((4, 6), number), Modality="US", InstanceNumber=3 - number)
    plain, film = read_image(tmp_path / "plain"), read_image(tmp_path / "film")
    assert (plain.pixels.shape, plain.metadata["guessed"]) == ((3, 1, 1, 4, 6), True)
    assert plain.metadata["notes"][0].endswith("it is a guess that they are frames of time.")
    assert (film.metadata["guessed"], "notes" in film.metadata) == (False, False)
    np.testing.assert_array_equal(film.pixels[:, 0, 0, 0, 0], [2, 1, 0])


def test_a_pixel_size_that_cannot_be_right_leaves_slices_in_their_order(tmp_path: Path) -> None:
    pixels = _series(tmp_path, [7.0, 1.0, 4.0], PixelSpacing=[0, 0])
    volume = read_image(tmp_path)
    np.testing.assert_array_equal(volume.pixels[0, 0], [pixels[1], pixels[2], pixels[0]])
    assert volume.unit == "pixel"


def test_directions_that_are_none_are_no_place(tmp_path: Path) -> None:
    _series(tmp_path, [0.0, 1.0, 2.0], ImageOrientationPatient=[0, 0, 0, 0, 0, 0])
    volume = read_image(tmp_path)
    assert volume.pixels.shape == (1, 1, 3, 4, 6)
    assert "affine" not in volume.metadata


def test_directions_of_other_length_say_the_same(tmp_path: Path) -> None:
    _series(tmp_path, [0.0, 1.0], ImageOrientationPatient=[2, 0, 0, 0, 0.5, 0])
    assert read_image(tmp_path).spacing == (1.0, 0.5, 0.25)


def test_copies_of_files_are_no_frames(tmp_path: Path) -> None:
    pixels = _series(tmp_path, [0.0, 1.0, 2.0])
    for file in sorted(tmp_path.iterdir()):
        shutil.copy(file, file.with_name(f"Copy of {file.name}"))
    volume = read_image(tmp_path)
    np.testing.assert_array_equal(volume.pixels[0, 0], pixels)
    assert volume.metadata["notes"] == [f"3 files in {tmp_path.name} are copies of others and are left out."]


def test_one_copy_is_named_and_one_slice_twice_is_one_slice(tmp_path: Path) -> None:
    _slice(tmp_path / "a.dcm", np.eye(4, 6))
    shutil.copy(tmp_path / "a.dcm", tmp_path / "a (1).dcm")
    volume = read_image(tmp_path)
    assert volume.pixels.shape == (1, 1, 1, 4, 6)
    assert volume.metadata["notes"] == [f"a.dcm in {tmp_path.name} is a copy of another file and is left out."]


def test_a_copy_that_was_made_anonymous_has_another_uid_and_is_one_still(tmp_path: Path) -> None:
    for name in ("a", "b"):
        for number, height in enumerate((0.0, 2.0), 1):
            _slice(tmp_path / f"{name}{number}", np.full((4, 6), number), (0, 0, height), InstanceNumber=number)
    assert read_image(tmp_path).pixels.shape == (1, 1, 2, 4, 6)


def test_the_same_pixels_at_another_time_are_no_copy(tmp_path: Path) -> None:
    for time in (1, 2):
        for height in (0.0, 2.0):
            more = {"TemporalPositionIdentifier": time, "InstanceNumber": 1}
            _slice(tmp_path / f"{height}{time}", np.ones((4, 6)), (0, 0, height), **more)
    assert read_image(tmp_path).pixels.shape == (2, 1, 2, 4, 6)


def test_a_copy_that_was_changed_is_no_second_time_point(tmp_path: Path) -> None:
    _series(tmp_path, [0.0, 1.0])
    told = pydicom.dcmread(tmp_path / "01.dcm")
    told.PixelData = bytes(len(told.PixelData))
    told.save_as(tmp_path / "01 edited.dcm")
    with pytest.raises(UserError, match=r"01 edited\.dcm and 01\.dcm in .* the same image and differ"):
        read_image(tmp_path)


def test_a_slide_that_claims_more_than_its_tiles_can_hold_does_not_fill_the_memory(tmp_path: Path) -> None:
    tile = np.arange(24).reshape(4, 6)
    slide = {"NumberOfFrames": 1, "TotalPixelMatrixRows": 4, "TotalPixelMatrixColumns": 6}
    np.testing.assert_array_equal(read_image(_slice(tmp_path / "a.dcm", tile, **slide)).pixels[0, 0, 0], tile)
    huge = slide | {"TotalPixelMatrixRows": 4_000_000_000}
    with pytest.raises(UserError, match="a slide of 4000000000 x 6 pixels with 1 tiles: it is damaged"):
        read_image(_slice(tmp_path / "b.dcm", tile, **huge))
