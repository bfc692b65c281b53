"""The files that a DICOM segmentation refers to, with what their headers lack and the standard wants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.exports.export import ExportRequest
from napari_apprentice.data.files import dicom
from napari_apprentice.data.image.units import millimeters
from napari_apprentice.errors import UserError

_REFERRED_TO = ("SOPInstanceUID", "SOPClassUID", "SeriesInstanceUID", "StudyInstanceUID")
_OF_ALL = ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
_MAY_BE_EMPTY = (
    "AccessionNumber",
    "PatientBirthDate",
    "PatientID",
    "PatientName",
    "PatientSex",
    "ReferringPhysicianName",
    "StudyDate",
    "StudyID",
    "StudyTime",
)
_SEXES = ("M", "F", "O", "")


def segmentation_source(export: ExportRequest) -> tuple[list[Any], NDArray[np.int64]]:
    """The datasets of the image's slices, or its one file of many frames, and which slice of the labels is each frame.

    `UserError` when the image did not come from DICOM slices, or they cannot be referred to.
    """
    image = export.image
    refused = UserError(
        "A DICOM segmentation refers to the slices of a DICOM series that say where they lie in the patient, and "
        f"{image.name} has none: write .nii.gz or .nrrd instead."
    )
    if image.source is None or export.affine is None or export.labels.shape[0] > 1:
        raise refused
    datasets = dicom.slices_of(Path(image.source))
    order = np.arange(len(datasets))
    if len(datasets) == 1 and int(datasets[0].get("NumberOfFrames") or 1) > 1:
        order = dicom.ranks_of_frames(datasets[0])
    if len(order) != export.labels.shape[1]:
        raise refused
    for name in _REFERRED_TO:
        if any(not dataset.get(name) for dataset in datasets):
            raise UserError(
                f"The DICOM files of {image.name} have no {name}, by which a segmentation refers to them: "
                "write .nii.gz or .nrrd instead."
            )
    if len({str(dataset.SOPInstanceUID) for dataset in datasets}) < len(datasets):
        raise UserError(
            f"DICOM files of {image.name} have the same SOPInstanceUID twice, and a segmentation could not tell them "
            "apart: write .nii.gz or .nrrd instead."
        )
    for name in _OF_ALL:
        if len({str(dataset.get(name) or "") for dataset in datasets}) > 1:
            raise UserError(
                f"The DICOM files of {image.name} differ in their {name} and a segmentation refers to one series: "
                "write .nii.gz or .nrrd instead."
            )
    for dataset in datasets:
        _complete(dataset, image.spacing[0] * millimeters(image.unit))
    return datasets, order


def _complete(dataset: Any, thickness: float) -> None:
    """What anonymising removed or spoiled and the standard wants: at least empty, or as it has to be."""
    from pydicom.uid import generate_uid

    for name in _MAY_BE_EMPTY:
        if name not in dataset or not _is_well_formed(dataset, name):
            setattr(dataset, name, "")
    if not dataset.get("FrameOfReferenceUID"):  # slices of one series lie in one space, the same for each segmentation
        dataset.FrameOfReferenceUID = generate_uid(entropy_srcs=[str(dataset.SeriesInstanceUID), "space"])
    if not dataset.get("Modality"):
        dataset.Modality = "OT"
    if "SliceThickness" not in dataset:
        dataset.SliceThickness = f"{thickness:.10g}"


def _is_well_formed(dataset: Any, name: str) -> bool:
    from pydicom.valuerep import DA, TM

    value = dataset.get(name)
    if name == "PatientSex":
        return value is None or str(value) in _SEXES
    kind = {"StudyDate": DA, "PatientBirthDate": DA, "StudyTime": TM}.get(name)
    try:
        return kind is None or not value or kind(str(value)) is not None
    except ValueError:
        return False
