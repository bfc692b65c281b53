"""The samples that ship look like what they say."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data import samples
from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.axes import check_pixels, describe
from napari_apprentice.errors import UserError


@pytest.mark.parametrize(
    ("name", "words", "objects"),
    [
        ("nuclei_2d", "2D, 1 channel, 512 x 512 pixels, 0.325 x 0.325 um", 100),
        ("cells_2d", "2D, 1 channel, 512 x 512 pixels, 0.65 x 0.65 um", 60),
        ("nuclei_3d", "3D, 1 channel, 32 slices of 160 x 160 pixels, 1 x 0.25 x 0.25 um", 60),
        ("tissue_2d", "2D, RGB, 512 x 512 pixels, 0.5 x 0.5 um", 3),
    ],
)
def test_a_sample_is_what_it_says(name: str, words: str, objects: int) -> None:
    volume, truth = samples.load(name)
    assert describe(volume) == words
    assert check_pixels(volume) == []
    assert truth.shape == volume.labels_shape
    assert truth.dtype == np.uint32
    assert truth.max() >= objects
    assert volume.name == name
    assert read_image(samples.folder() / f"{name}_truth.tif").spacing == volume.spacing


def test_instances_are_connected_and_numbered_without_gaps() -> None:
    from scipy import ndimage

    for name in samples.names():
        if samples.describe_sample(name).kind == "instances":
            _, truth = samples.load(name)
            assert set(np.unique(truth)) == set(range(int(truth.max()) + 1))
            for value, box in enumerate(ndimage.find_objects(truth[0].astype(int)), start=1):
                assert ndimage.label(truth[0][box] == value)[1] == 1


def test_classes_have_names_and_colours() -> None:
    sample = samples.describe_sample("tissue_2d")
    _, truth = samples.load("tissue_2d")
    assert sample.kind == "classes"
    assert {c.value for c in sample.classes} | {0} == set(np.unique(truth))


def test_all_samples_together_are_a_few_megabytes() -> None:
    assert sum(f.stat().st_size for f in samples.folder().glob("*.tif")) < 5e6


def test_an_unknown_sample_is_told() -> None:
    with pytest.raises(UserError, match="choose one of nuclei_2d"):
        samples.load("mitochondria")
