"""A file that turns out to be damaged while napari shows it: black, said once, and never segmented."""

from __future__ import annotations

from pathlib import Path

import dask.array
import numpy as np
import pytest
import zarr
from napari.layers import Image, Layer
from napari.utils.notifications import notification_manager

from napari_apprentice.data.files import read_image
from napari_apprentice.errors import UserError
from napari_apprentice.gui import layers
from napari_apprentice.gui.opening import layer_data, read


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """Slices of 8 x 8 pixels of value 7, the last of which cannot be read."""
    path = tmp_path / "stack.zarr"
    array = zarr.create_array(path, shape=(6, 8, 8), chunks=(1, 8, 8), dtype="u2", dimension_names=("z", "y", "x"))
    array[:] = 7
    (path / "c/5/0/0").write_bytes(b"no chunk")
    return path


@pytest.fixture
def said():
    """The sentences that napari shows."""
    sentences: list[str] = []

    def hear(notification):
        sentences.append(notification.message)

    notification_manager.notification_ready.connect(hear)
    yield sentences
    notification_manager.notification_ready.disconnect(hear)


def test_what_cannot_be_read_is_black_and_said_once(damaged: Path, said: list[str]) -> None:
    layer = Layer.create(*read(str(damaged))[0])
    np.testing.assert_array_equal(np.asarray(layer.data[4]), 7)
    for _ in range(2):
        np.testing.assert_array_equal(np.asarray(layer.data[5, 2:4]), np.zeros((2, 8)))
    (sentence,) = said
    assert sentence.startswith(f"{damaged} is damaged or not an image")
    assert sentence.endswith("get the file again. What cannot be read is shown in black.")


def test_what_is_shown_in_black_is_not_segmented(damaged: Path) -> None:
    layer = Layer.create(*read(str(damaged))[0])
    volume = layers.volume_of(layer, layers.guess(layer))
    np.testing.assert_array_equal(np.asarray(volume.pixels[0, 0, 4]), 7)
    with pytest.raises(UserError, match="is damaged"):
        np.asarray(volume.pixels[0, 0, 5])


@pytest.mark.parametrize("opened", [zarr.open_array, dask.array.from_zarr])
def test_what_another_reader_made_a_layer_of_is_one_sentence_too(damaged: Path, opened) -> None:
    layer = Image(opened(str(damaged)), name="theirs", contrast_limits=(0, 9), axis_labels=("z", "y", "x"))
    volume = layers.volume_of(layer, layers.guess(layer))
    np.testing.assert_array_equal(np.asarray(volume.pixels[0, 0, 4]), 7)
    with pytest.raises(UserError, match=r"^theirs is damaged"):
        np.asarray(volume.pixels)


def test_labels_are_not_shown_with_holes(damaged: Path) -> None:
    with pytest.raises(UserError, match="is damaged"):
        layer_data(read_image(damaged), labels=True)
