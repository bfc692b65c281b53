from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_apprentice.data import samples
from napari_apprentice.data.image.zoom import median_diameter, typical_diameter
from napari_apprentice.data.labels.corrections import AS_LABELLED
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.diameter import measured_in
from napari_apprentice.engine.network import Network
from napari_apprentice.engine.resample import resize
from napari_apprentice.engine.warm import Warm
from napari_apprentice.session.catalog import bundled_files


@pytest.fixture(scope="module")
def network() -> Network:
    found = Warm().network(str(bundled_files()["nuclei-2d"][1]), pick("cpu"))
    return replace(found, header=found.header.model_copy(update={"object_diameter": 24.0}))


@pytest.fixture(scope="module")
def nuclei() -> tuple[np.ndarray, float]:
    volume, truth = samples.load("nuclei_2d")
    known = typical_diameter(truth[0, 0, :512, :512])
    assert known is not None
    return np.asarray(volume.pixels)[0, ..., :512, :512].astype(np.float32), known


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_the_size_of_nuclei_is_seen_at_every_scale(
    network: Network, nuclei: tuple[np.ndarray, float], scale: float
) -> None:
    pixels, known = nuclei
    edge = round(512 * scale)
    scaled = resize(torch.from_numpy(pixels), (edge, edge)).numpy()
    assert measured_in(network, scaled) == pytest.approx(known * scale, rel=0.25)


def test_where_there_is_nothing_nothing_is_measured(network: Network) -> None:
    assert measured_in(network, np.full((1, 1, 128, 128), 7.0, np.float32)) is None


def test_a_model_that_knows_no_size_measures_nothing(network: Network, nuclei: tuple[np.ndarray, float]) -> None:
    unknowing = replace(network, header=network.header.model_copy(update={"object_diameter": None}))
    assert measured_in(unknowing, nuclei[0]) is None


def test_a_large_image_is_looked_at_where_something_is(network: Network, nuclei: tuple[np.ndarray, float]) -> None:
    pixels, known = nuclei
    large = np.full((1, 1, 2000, 1500), float(pixels.min()), np.float32)
    large[:, :, 1400:1700, 900:1200] = pixels[:, :, :300, :300]
    assert measured_in(network, large) == pytest.approx(known, rel=0.3)


def test_nuclei_in_a_volume_are_measured_by_their_largest_sections() -> None:
    volume, truth = samples.load("nuclei_3d")
    labels = truth[..., :128, :128]
    known = median_diameter(labels, np.full(labels.shape, AS_LABELLED, np.uint8))
    deep = Warm().network(str(bundled_files()["nuclei-3d"][1]), pick("cpu"))
    assert measured_in(deep, np.asarray(volume.pixels)[0, ..., :128, :128]) == pytest.approx(known, rel=0.25)
