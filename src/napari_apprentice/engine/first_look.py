"""What a model makes of the corrected images before it is taught: how large objects are, and how much of it is right.

Corrections are few, and where somebody looks through a proposal they are of what is wrong with it: small nuclei of an
image whose others were found. By these alone every model looks bad, and objects have another size. What a model expects
of its own masks (`doubting.sureness`) tells images that it knows from those that it does not: on images of ten kinds it
lay above .6 where AP .50 did, and below where the model was made for something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from napari_apprentice.data.image.zoom import zoom_for
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine.background import BackgroundThreads
from napari_apprentice.engine.decoding import labels_of
from napari_apprentice.engine.diameter import Look, measure, windows
from napari_apprentice.engine.doubting import doubts_of, sureness
from napari_apprentice.engine.inputs import scaling_for
from napari_apprentice.engine.network import Network
from napari_apprentice.engine.predict import predict_steps, wait_for
from napari_apprentice.engine.training_data import CorrectedImages, seen_in
from napari_apprentice.settings import SegmentSettings

_IMAGES = 3
_KNOWS = 0.6  # what it expects of images that it knows


@dataclass(frozen=True)
class FirstLook:
    """The ``diameter`` of objects in image pixels, None where it is not measured, and the AP ``expected``."""

    diameter: float | None
    expected: float

    @property
    def knows(self) -> bool:
        """Whether these are images that the model knows."""
        return self.expected >= _KNOWS


def look_at(network: Network, corrected: CorrectedImages, cancelled: Callable[[], bool]) -> FirstLook:
    """Look at a few places of a few images with a model of objects."""
    diameters, expected = [], []
    background = BackgroundThreads()
    for look, spacing, unit in _looks(network, corrected, background, cancelled):
        diameter = measure(look) if network.header.measures else None
        zoom = zoom_for(network.header, spacing, unit, None, diameter)
        expected += [_expected(look, box, zoom) for box in windows(look, zoom)]
        if diameter is not None:
            diameters.append(diameter)
    found = float(np.mean(expected)) if expected else 0.0  # an image may have no place to look at
    return FirstLook(float(np.median(diameters)) if diameters else None, found)


def _looks(
    network: Network, corrected: CorrectedImages, background: BackgroundThreads, cancelled: Callable[[], bool]
) -> Iterator[tuple[Look, tuple[float, float, float], str]]:
    for ref, frames in list(zip(corrected.refs, corrected.frames, strict=True))[:_IMAGES]:
        channels = network.header.image_channels
        frame = seen_in(np.asarray(scratch.read(ref.image.pixels)[frames[0]]), channels)
        whole = ref.image.fitted_on
        fitted_on = frame if whole is None else seen_in(np.asarray(scratch.read(whole)[0]), channels)
        scaling = scaling_for(network.header, fitted_on)
        look = Look(network, frame, scaling, SegmentSettings(), background, cancelled)
        yield look, ref.image.spacing, ref.image.unit


def _expected(look: Look, box: tuple[slice, slice, slice], zoom: float) -> float:
    pixels = np.asarray(look.pixels[(slice(None), *box)])
    steps = predict_steps(look.network, pixels, zoom, look.settings, look.scaling, look.background, look.cancelled)
    prediction, header = wait_for(steps), look.network.header
    return sureness(prediction, doubts_of(prediction, labels_of(prediction, header), header), header)
