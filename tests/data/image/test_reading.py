"""Axes and pixel size that people say in place of the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.reading import not_said, read_as
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.settings import ReadAs


@pytest.fixture
def stack(tmp_path: Path) -> Volume:
    """Seven planes that nothing in the file names."""
    pixels = np.arange(7 * 8 * 9, dtype=np.uint16).reshape(7, 8, 9)
    tifffile.imwrite(tmp_path / "stack.tif", pixels)
    return read_image(tmp_path / "stack.tif")


def test_a_plain_stack_leaves_its_axes_and_its_pixel_size_open(stack: Volume) -> None:
    assert [gap.about for gap in not_said(stack)] == ["axes", "spacing"]
    assert "read as z, y, x" in not_said(stack)[0].words


def test_a_stack_is_read_as_time_or_channels_when_that_is_said(stack: Volume) -> None:
    as_time = read_as(stack, ReadAs(axes="tyx"))
    assert as_time.pixels.shape == (7, 1, 1, 8, 9)
    assert (as_time.pixels[3, 0, 0] == stack.pixels[0, 0, 3]).all()
    as_channels = read_as(stack, ReadAs(axes="CYX", channels=(5, 2)))
    assert (as_channels.pixels[0, 0, 0] == stack.pixels[0, 0, 5]).all()
    turned = read_as(stack, ReadAs(axes="YZX"))
    assert turned.pixels.shape == (1, 1, 8, 7, 9)
    assert (turned.pixels[0, 0, 4, 3] == stack.pixels[0, 0, 3, 4]).all()


def test_axes_that_were_said_are_asked_for_no_more(stack: Volume) -> None:
    for axes in ("ZYX", "TYX"):
        assert [gap.about for gap in not_said(read_as(stack, ReadAs(axes=axes)))] == ["spacing"]


def test_a_spacing_that_was_said_counts_instead_of_the_files(stack: Volume) -> None:
    said = read_as(stack, ReadAs(spacing=(2.0, 0.5, 0.5), unit="micron"))
    assert (said.spacing, said.unit) == ((2.0, 0.5, 0.5), "um")
    assert [gap.about for gap in not_said(said)] == ["axes"]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (ReadAs(axes="TZYX"), "names 4 axes but the image has 3"),
        (ReadAs(axes="QYX"), "Q is not an axis"),
        (ReadAs(spacing=(1, 0, 1)), "is not positive"),
        (ReadAs(spacing=(1, 1, 1), unit="parsec"), "parsec is not a unit of length"),
    ],
)
def test_what_cannot_be_right_is_one_sentence(stack: Volume, said: ReadAs, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        read_as(stack, said)


def test_named_axes_leave_nothing_open(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "a.ome.tif",
        np.zeros((4, 8, 9), np.uint8) + np.arange(9, dtype=np.uint8),
        metadata={"axes": "TYX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5},
    )
    assert not_said(read_image(tmp_path / "a.ome.tif")) == []


def test_rgb_is_no_question(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "rgb.tif", np.random.default_rng(0).integers(0, 255, (20, 30, 3)).astype(np.uint8))
    assert [gap.about for gap in not_said(read_image(tmp_path / "rgb.tif"))] == ["spacing"]
