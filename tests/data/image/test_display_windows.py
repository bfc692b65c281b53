"""Windows for images from scanners of patients."""

from __future__ import annotations

import numpy as np

from napari_apprentice.data.image.display_windows import is_medical, windows_of
from napari_apprentice.data.image.volume import Volume


def volume(values: np.ndarray, **told: object) -> Volume:
    return Volume(values.reshape(1, 1, 1, 1, -1), metadata=told)


def named(image: Volume) -> dict[str, tuple[float, float]]:
    return {window.name: window.limits for window in windows_of(image)}


def test_computed_tomography_has_the_windows_of_its_organs() -> None:
    found = named(volume(np.arange(-1000, 1001), modality="CT", window=(50, 350)))
    assert found["as the file says"] == (-125, 225)
    assert (found["soft tissue"], found["brain"]) == ((-160, 240), (0, 80))
    assert (found["bone"], found["liver"], found["lung"]) == ((-500, 1300), (-15, 135), (-1350, 150))
    assert found["full range"] == (-1000, 1000)


def test_magnetic_resonance_has_ranges_of_its_values_only() -> None:
    found = named(volume(np.arange(1001), modality="MR"))
    assert found == {"percentiles 1 to 99": (10, 990), "full range": (0, 1000)}


def test_a_volume_without_a_modality_counts_as_ct_when_it_holds_air() -> None:
    assert "lung" in named(volume(np.arange(-1000, 500), affine=np.eye(4).tolist()))
    assert "lung" not in named(volume(np.arange(500), affine=np.eye(4).tolist()))


def test_values_that_are_no_numbers_do_not_count() -> None:
    found = named(volume(np.array([np.nan, 1.0, 3.0, np.inf])))
    assert found["full range"] == (1, 3)
    assert named(volume(np.full(4, 7))) == {}  # nothing to tell apart


def test_an_image_that_lies_in_a_patient_is_medical() -> None:
    assert is_medical(volume(np.arange(3), affine=np.eye(4).tolist()))
    assert is_medical(volume(np.arange(3), modality="CT"))
    assert not is_medical(volume(np.arange(3)))
