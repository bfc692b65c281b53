"""One rule for the resolution, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.image.zoom import median_diameter, typical_diameter, why, zoom_for, zoom_to_teach
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.errors import UserError
from napari_apprentice.settings import SegmentSettings

PLAIN = (1.0, 1.0, 1.0)


def _header(**changes: object) -> ModelHeader:
    return ModelHeader(id="a", name="a", net=NetSettings(), **changes)  # type: ignore[arg-type]


def test_without_sizes_the_model_decides() -> None:
    assert zoom_for(_header(zoom=0.7), PLAIN, "pixel") == 0.7
    assert zoom_for(_header(zoom=0.7, spacing=PLAIN, unit="um"), PLAIN, "pixel", SegmentSettings()) == 0.7


def test_a_coarser_image_is_scaled_up() -> None:
    header = _header(zoom=0.5, spacing=(1.0, 0.25, 0.25), unit="um")
    assert zoom_for(header, (2.0, 0.5, 0.5), "um") == pytest.approx(1.0)
    assert zoom_for(header, (2.0, 500.0, 500.0), "nm") == pytest.approx(1.0)
    assert "0.5 um" in why(header, (2.0, 0.5, 0.5), "um")


def test_the_diameter_given_by_the_user_wins() -> None:
    header = _header(object_diameter=24.0, spacing=(1.0, 0.25, 0.25), unit="um")
    assert zoom_for(header, (2.0, 0.5, 0.5), "um", SegmentSettings(diameter=48)) == 0.5
    with pytest.raises(UserError, match="leave the diameter empty"):
        zoom_for(_header(), PLAIN, "pixel", SegmentSettings(diameter=48))


def test_a_pixel_size_that_cannot_be_right_is_refused() -> None:
    with pytest.raises(UserError, match="correct the layer's scale"):
        zoom_for(_header(spacing=(1.0, 0.25, 0.25), unit="um"), PLAIN, "mm")


def test_the_zoom_of_a_new_version() -> None:
    assert zoom_to_teach(48.0) == 0.5
    assert zoom_to_teach(4.0) == 2.0
    assert zoom_to_teach(None) == 1.0
    parent = _header(object_diameter=24.0)
    assert zoom_to_teach(40.0, parent, 1.0) == 1.0
    assert zoom_to_teach(60.0, parent, 1.0) == 0.4
    assert zoom_to_teach(None, parent, 0.8) == 0.8
    assert zoom_to_teach(60.0, _header(), 0.8) == 0.8


def test_the_diameter_of_whole_objects_at_their_widest() -> None:
    labels = np.zeros((1, 3, 40, 40), np.uint32)
    yy, xx = np.mgrid[:40, :40]
    for z, radius in enumerate((4, 8, 4)):
        labels[0, z][(yy - 12) ** 2 + (xx - 12) ** 2 <= radius**2] = 5
    labels[0, 1, 30:34, 30:34] = 6
    confirmed = np.where(labels > 0, 2, 0).astype(np.uint8)
    assert median_diameter(labels, np.zeros_like(confirmed)) is None
    confirmed[labels == 6] = 0
    assert median_diameter(labels, confirmed) == pytest.approx(16, abs=0.3)
    confirmed[0, 1, 12, 12] = 0
    assert median_diameter(labels, confirmed) == pytest.approx(8, abs=0.3)
    confirmed[labels == 6] = 2
    both = (2 * math.sqrt(49 / math.pi) + 2 * math.sqrt(16 / math.pi)) / 2
    assert median_diameter(labels, confirmed) == pytest.approx(both, rel=0.05)


def test_a_diameter_in_micrometers_is_one_in_pixels_of_the_image() -> None:
    given = SegmentSettings(diameter=12.0, diameter_unit="um")
    assert zoom_for(_header(object_diameter=24.0), (2.0, 0.5, 0.5), "um", given) == 1.0  # 24 px
    with pytest.raises(UserError, match="needs an image with a pixel size"):
        zoom_for(_header(object_diameter=24.0), PLAIN, "pixel", given)


@pytest.mark.parametrize(("measured", "zoom"), [(12.0, 2.0), (48.0, 0.5), (4.0, 2.5), (240.0, 0.4), (26.0, 1.0)])
def test_a_measured_diameter_decides_within_bounds(measured: float, zoom: float) -> None:
    header = _header(object_diameter=24.0, measures=True, spacing=(1.0, 0.25, 0.25), unit="um")
    assert zoom_for(header, (1.0, 0.5, 0.5), "um", measured=measured) == pytest.approx(zoom)
    assert "seem to be" in why(header, (1.0, 0.5, 0.5), "um", measured=measured)
    assert zoom_for(header, PLAIN, "pixel", SegmentSettings(diameter=12.0), measured) == 2.0  # the user's word counts


def test_what_is_taught_from_a_model_that_measures_sees_objects_at_the_size_it_knows() -> None:
    parent = _header(object_diameter=24.0, measures=True)
    assert zoom_to_teach(16.0, parent, 1.0) == 1.5
    assert zoom_to_teach(None, parent, 1.0) == 1.0


def test_the_typical_diameter_is_that_of_largest_sections() -> None:
    labels = np.zeros((3, 20, 20), np.uint32)
    labels[0, :2, :2] = 1
    labels[1, :4, :4] = 1  # 16 pixels
    assert typical_diameter(labels) == pytest.approx(2 * np.sqrt(16 / np.pi))
    assert typical_diameter(np.zeros((4, 4), np.uint32)) is None
