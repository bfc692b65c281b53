"""A DICOM segmentation of series whose headers lack something: mended, or one sentence that says what it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, ExplicitVRLittleEndian, generate_uid

from napari_apprentice.data.exports import write_labels
from napari_apprentice.data.files import read_image, read_labels
from napari_apprentice.errors import UserError

pytest.importorskip("highdicom", reason="the extra `dicom` is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")

SLICES = np.random.default_rng(0).integers(0, 4000, (4, 12, 10)).astype(np.uint16)


def _dataset(pixels: np.ndarray, kind: str) -> Dataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, kind
    meta.MediaStorageSOPInstanceUID = generate_uid()
    told = Dataset()
    told.file_meta = meta
    told.SOPClassUID, told.SOPInstanceUID = kind, meta.MediaStorageSOPInstanceUID
    told.Modality, told.SeriesInstanceUID, told.StudyInstanceUID = "CT", "1.2.3.4", "1.2.3"
    told.SeriesNumber, told.FrameOfReferenceUID = 3, "1.2.3.5"
    told.Rows, told.Columns = pixels.shape[-2:]
    told.SamplesPerPixel, told.PhotometricInterpretation = 1, "MONOCHROME2"
    told.BitsAllocated = told.BitsStored = 16
    told.HighBit, told.PixelRepresentation = 15, 0
    told.PixelData = pixels.tobytes()
    return told


def _series(folder: Path, without: tuple[str, ...] = (), **more: Any) -> Path:
    """Four slices, 2 mm apart; values of ``more`` that are lists differ from slice to slice."""
    folder.mkdir()
    for number, pixels in enumerate(SLICES):
        told = _dataset(pixels, CTImageStorage)
        told.ImagePositionPatient, told.ImageOrientationPatient = [0, 0, 2 * number], [1, 0, 0, 0, 1, 0]
        told.PixelSpacing, told.SliceThickness, told.InstanceNumber = [0.5, 0.5], 2, number + 1
        for name, value in more.items():
            setattr(told, name, value[number] if isinstance(value, list) else value)
        for name in without:
            delattr(told, name)
        pydicom.dcmwrite(folder / f"{number}.dcm", told, enforce_file_format=True)
    return folder


def _enhanced(path: Path, heights: list[float]) -> Path:
    """One file of four frames at these heights."""
    told = _dataset(SLICES, EnhancedCTImageStorage)
    told.NumberOfFrames = 4
    shared, measures, turned = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [0.5, 0.5], 2
    turned.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [turned]
    told.SharedFunctionalGroupsSequence, told.PerFrameFunctionalGroupsSequence = [shared], []
    for height in heights:
        own, place = Dataset(), Dataset()
        place.ImagePositionPatient = [0, 0, height]
        own.PlanePositionSequence = [place]
        told.PerFrameFunctionalGroupsSequence.append(own)
    pydicom.dcmwrite(path, told, enforce_file_format=True)
    return path


def _labels() -> np.ndarray:
    """An object in all slices, whose size says which slice it is; so none is left out in the file."""
    labels = np.zeros((1, 4, 12, 10), np.uint32)
    for z in range(4):
        labels[0, z, : z + 2, 3:6] = 1
    return labels


@pytest.mark.parametrize(
    ("without", "more"),
    [
        ((), {}),
        (("FrameOfReferenceUID", "SliceThickness", "Modality"), {}),
        ((), {"FrameOfReferenceUID": ""}),
        ((), {"PatientSex": "male", "StudyDate": "2020-01-01", "StudyTime": "noon", "PatientBirthDate": "1970"}),
        ((), {"ImagePositionPatient": [[0, 0, 0], [0, 0, 2], [0, 0, 5.3], [0, 0, 6.1]]}),
        ((), {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}),
    ],
)
def test_what_a_header_lacks_is_mended(tmp_path: Path, without: tuple[str, ...], more: dict[str, Any]) -> None:
    image = read_image(_series(tmp_path / "series", without, **more))
    write_labels(tmp_path / "a.dcm", _labels(), like=image)
    np.testing.assert_array_equal(read_labels(tmp_path / "a.dcm"), _labels())
    referred = pydicom.dcmread(tmp_path / "a.dcm").ReferencedSeriesSequence[0]
    assert referred.SeriesInstanceUID == "1.2.3.4"
    assert len(referred.ReferencedInstanceSequence) == 4


def test_segmentations_of_one_series_without_a_space_lie_in_one(tmp_path: Path) -> None:
    image = read_image(_series(tmp_path / "series", ("FrameOfReferenceUID",)))
    for name in ("a.dcm", "b.dcm"):
        write_labels(tmp_path / name, _labels(), like=image)
    first, second = (pydicom.dcmread(tmp_path / name).FrameOfReferenceUID for name in ("a.dcm", "b.dcm"))
    assert first == second


@pytest.mark.parametrize(
    ("without", "more", "sentence"),
    [
        (("SOPInstanceUID",), {}, "series have no SOPInstanceUID, by which a segmentation refers to them"),
        (("StudyInstanceUID",), {}, "series have no StudyInstanceUID"),
        ((), {"FrameOfReferenceUID": ["1.1", "1.1", "1.1", "1.2"]}, "series differ in their FrameOfReferenceUID"),
        ((), {"SOPInstanceUID": "1.9"}, "series have the same SOPInstanceUID twice"),
        (("ImagePositionPatient",), {}, "say where they lie in the patient, and series has none"),
    ],
)
def test_what_cannot_be_referred_to_is_one_sentence_and_leaves_no_file(
    tmp_path: Path, without: tuple[str, ...], more: dict[str, Any], sentence: str
) -> None:
    image = read_image(_series(tmp_path / "series", without, **more))
    with pytest.raises(UserError, match=sentence) as caught:
        write_labels(tmp_path / "a.dcm", _labels(), like=image)
    assert str(caught.value).endswith("write .nii.gz or .nrrd instead.")
    assert "Error" not in str(caught.value)
    assert [one.name for one in tmp_path.iterdir()] == ["series"]


@pytest.mark.parametrize("heights", [[0.0, 2.0, 4.0, 6.0], [6.0, 2.0, 0.0, 4.0]])
def test_a_file_of_many_frames_is_referred_to_frame_by_frame(tmp_path: Path, heights: list[float]) -> None:
    image = read_image(_enhanced(tmp_path / "enhanced.dcm", heights))
    np.testing.assert_array_equal(image.pixels[0, 0], SLICES[np.argsort(heights)])
    write_labels(tmp_path / "a.dcm", _labels(), like=image)
    np.testing.assert_array_equal(read_labels(tmp_path / "a.dcm"), _labels())


def test_copies_in_the_folder_are_not_referred_to(tmp_path: Path) -> None:
    folder = _series(tmp_path / "series")
    (folder / "Copy of 2.dcm").write_bytes((folder / "2.dcm").read_bytes())
    write_labels(tmp_path / "a.dcm", _labels(), like=read_image(folder))
    np.testing.assert_array_equal(read_labels(tmp_path / "a.dcm"), _labels())
