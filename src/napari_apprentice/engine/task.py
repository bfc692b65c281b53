"""An image and the network that looks at it: chosen, measured and made ready once, for whatever is asked of it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from napari_apprentice.data.image.zoom import zoom_for
from napari_apprentice.data.models import why_not_fits
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.diameter import Look, measure
from napari_apprentice.engine.fast.choice import choose, examples
from napari_apprentice.engine.inputs import NetworkInputs
from napari_apprentice.engine.network import Network
from napari_apprentice.engine.normalize import Scaling
from napari_apprentice.engine.predict import Prediction, PredictionStep, predict_steps
from napari_apprentice.engine.resample import network_shape
from napari_apprentice.engine.tiling import tiles_for
from napari_apprentice.engine.warm import Warm, frame_key, prediction_key
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import VolumeRef
from napari_apprentice.settings import SegmentSettings, Triple


@dataclass(frozen=True)
class Task:
    """An image (T, C, Z, Y, X), the network that looks at it, and at which zoom."""

    image: VolumeRef
    pixels: np.ndarray
    network: Network
    zoom: float
    settings: SegmentSettings
    warm: Warm
    cancelled: Callable[[], bool]
    model: str = ""
    note: str = ""

    @property
    def shape(self) -> Triple:
        """Of a frame (z, y, x) at network resolution."""
        return network_shape((self.pixels.shape[2], self.pixels.shape[3], self.pixels.shape[4]), self.zoom)

    @property
    def tile(self) -> Triple:
        """The size of its tiles."""
        net = self.network.header.net
        return tiles_for(net, self.shape, self.settings.tile, blend=self.settings.blend)[0].shape

    def key(self, t: int) -> tuple[object, ...]:
        """What the prediction of a frame depends on."""
        return prediction_key(self.image.pixels.path, t, self.network, self.zoom)

    def scaling(self, t: int) -> Scaling:
        """How the intensities of a frame become inputs."""
        return _scaling(self.warm, self.image, self.pixels, t, self.network)


def open_task(
    image: VolumeRef, model: str, settings: SegmentSettings, warm: Warm, cancelled: Callable[[], bool]
) -> Task:
    """Everything ready to predict; `UserError` when the model does not fit the image or the device is missing."""
    network = warm.network(model, pick(settings.device))
    pixels = scratch.read(image.pixels)
    misfit = why_not_fits(network.header, pixels.shape)
    if misfit:
        raise UserError(misfit)
    measured = None
    if network.header.measures and settings.diameter is None:
        measured = _measured(image, pixels, network, settings, warm, cancelled)
    zoom = zoom_for(network.header, image.spacing, image.unit, settings, measured)
    task = Task(image, pixels, network.at(zoom), zoom, settings, warm, cancelled, model)
    choice = choose(warm.engine_cache, task.network, model, task.tile, settings)
    if settings.engine == "fast" and choice.key and choice.network.fast is None:
        want(task, 0, choice.key)
        warm.engine_cache.wait(choice.key)
        choice = choose(warm.engine_cache, task.network, model, task.tile, settings)
    return replace(task, network=choice.network, note=choice.note or warm.engine_cache.note(choice.key))


def _measured(
    image: VolumeRef,
    pixels: np.ndarray,
    network: Network,
    settings: SegmentSettings,
    warm: Warm,
    cancelled: Callable[[], bool],
) -> float | None:
    """How large objects are in the first frame, in image pixels."""
    frame = frame_key(image.pixels.path, 0)
    scaling = _scaling(warm, image, pixels, 0, network)
    look = Look(network, pixels[0], scaling, settings, warm.background, cancelled)
    return warm.diameter(frame, network, partial(measure, look))


def _scaling(warm: Warm, image: VolumeRef, pixels: np.ndarray, t: int, network: Network) -> Scaling:
    """How the intensities of frame ``t`` become inputs: as in the image that these pixels are a part of, if any."""
    if image.fitted_on is None:
        return warm.scaling(frame_key(image.pixels.path, t), pixels[t], network.header)
    fitted_on = scratch.read(image.fitted_on)
    return warm.scaling(frame_key(image.fitted_on.path, 0), fitted_on[0], network.header)


def quicker(task: Task, t: int) -> Task:
    """The same task with the fast network, if it is ready; if it could be, it is begun, with frame t as example."""
    if task.network.fast is not None:
        return task
    choice = choose(task.warm.engine_cache, task.network, task.model, task.tile, task.settings)
    if choice.key and choice.network.fast is None:
        want(task, t, choice.key)
    return replace(task, network=choice.network)


def want(task: Task, t: int, key: str) -> None:
    """Begin to make the fast network of a task, in the background."""
    inputs = NetworkInputs(task.pixels[t], task.shape, task.scaling(t))
    net = task.network.header.net
    task.warm.engine_cache.want(key, task.model, task.tile, examples(net, inputs, task.tile))


def predict_frame(task: Task, t: int) -> Generator[PredictionStep, None, Prediction]:
    """The prediction of one frame, kept for clicks to come."""
    prediction = yield from predict_steps(
        task.network, task.pixels[t], task.zoom, task.settings, task.scaling(t), task.warm.background, task.cancelled
    )
    task.warm.predictions.keep(task.key(t), prediction)
    return prediction
