"""One rule for the resolution, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.zoom import median_diameter, why, zoom_for, zoom_to_teach
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
    vouched = np.where(labels > 0, 2, 0).astype(np.uint8)
    assert median_diameter(labels, np.zeros_like(vouched)) is None
    vouched[labels == 6] = 0
    assert median_diameter(labels, vouched) == pytest.approx(16, abs=0.3)
    vouched[0, 1, 12, 12] = 0
    assert median_diameter(labels, vouched) == pytest.approx(8, abs=0.3)
    vouched[labels == 6] = 2
    both = (2 * math.sqrt(49 / math.pi) + 2 * math.sqrt(16 / math.pi)) / 2
    assert median_diameter(labels, vouched) == pytest.approx(both, rel=0.05)
