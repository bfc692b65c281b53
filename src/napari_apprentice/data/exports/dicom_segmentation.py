"""A DICOM segmentation that refers to the slices of its image; one segment for each class, or each object."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np

from napari_apprentice import __version__
from napari_apprentice.data.exports.dicom_source import segmentation_source
from napari_apprentice.data.exports.export import ExportRequest
from napari_apprentice.data.storage.atomic_write import atomic_write
from napari_apprentice.errors import UserError

_MOST_SEGMENTS = 500
_LONGEST_TEXT = 10_240  # of a DICOM value LT


def write(path: Path, export: ExportRequest) -> None:
    """Write a binary segmentation; `UserError` when the image did not come from DICOM slices."""
    try:
        import highdicom as hd
        from highdicom.sr.coding import CodedConcept
    except ImportError as error:
        raise UserError(
            'DICOM segmentations need highdicom: pip install "napari-apprentice[dicom]", or write .nii.gz instead.'
        ) from error
    slices, order = segmentation_source(export)
    values = [int(value) for value in np.unique(export.labels) if value]
    if not 0 < len(values) <= _MOST_SEGMENTS:
        raise UserError(
            f"A DICOM segmentation here has 1 to {_MOST_SEGMENTS} segments and these labels have {len(values)}: "
            "write .nii.gz instead."
        )
    numbers = np.searchsorted(values, export.labels[0]).astype(np.uint16) + 1
    numbers[export.labels[0] == 0] = 0
    numbers = numbers[order]
    algorithm = hd.AlgorithmIdentificationSequence(
        name="napari-apprentice",
        version=__version__,
        family=CodedConcept("123110", "DCM", "Artificial Intelligence"),
    )
    described = [
        hd.seg.SegmentDescription(
            segment_number=place,
            segment_label=export.names.get(value, f"object {value}")[:64],
            segmented_property_category=CodedConcept("91723000", "SCT", "Anatomical structure"),
            segmented_property_type=CodedConcept("91723000", "SCT", "Anatomical structure"),
            algorithm_type=hd.seg.SegmentAlgorithmTypeValues.SEMIAUTOMATIC,
            algorithm_identification=algorithm,
        )
        for place, value in enumerate(values, start=1)
    ]
    try:
        made = hd.seg.Segmentation(
            source_images=slices,
            pixel_array=numbers,
            segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
            segment_descriptions=described,
            series_instance_uid=hd.UID(),
            series_number=int(slices[0].get("SeriesNumber") or 0) + 1000,
            sop_instance_uid=hd.UID(),
            instance_number=1,
            manufacturer="napari-apprentice developers",
            manufacturer_model_name="napari-apprentice",
            software_versions=__version__,
            device_serial_number="0",
        )
        made.ImageComments = export.provenance.text(_LONGEST_TEXT)
        made.SpecificCharacterSet = "ISO_IR 192"  # UTF-8: names of classes in any letters
        with BytesIO() as written:
            made.save_as(written)
            encoded = written.getvalue()
    except Exception as error:  # what is wrong with a foreign header shows in any way, here or when it is encoded
        raise UserError(
            f"A DICOM segmentation cannot refer to the files of {export.image.name} "
            f"({' '.join(str(error).split())[:120]}): write .nii.gz or .nrrd instead."
        ) from error
    with atomic_write(path) as part:
        part.write_bytes(encoded)
