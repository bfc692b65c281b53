"""Who answers the clicks: the network that is asked, and today's click on what a model of the domain predicts."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.image.channels import fit_to_model
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine import click
from napari_apprentice.engine.asking import predictor
from napari_apprentice.engine.checkpoint import load
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.folding import ready
from napari_apprentice.engine.gray import gray
from napari_apprentice.engine.nets import Net
from napari_apprentice.engine.network import Network
from napari_apprentice.engine.practice.user import Mask, Point
from napari_apprentice.engine.prompts import dialogue
from napari_apprentice.engine.prompts.inputs import NET
from napari_apprentice.engine.warm import Warm
from napari_apprentice.errors import UserError
from napari_apprentice.events import Finished
from napari_apprentice.jobs import ClickJob, ClickResult, VolumeRef
from napari_apprentice.session.catalog import ASKED, Catalog, bundled_files
from napari_apprentice.settings import SegmentSettings

_HERE = SegmentSettings(device="cpu")
_HEADER = ModelHeader(id=ASKED, name=ASKED, kind="prompts", net=NET)


@dataclass(frozen=True, eq=False)
class Shown:
    """One frame of an image as it lies before the user: gray ``pixels``, (Y, X) or (Z, Y, X), and all its channels."""

    pixels: NDArray[np.generic]
    volume: Volume

    @classmethod
    def of(cls, volume: Volume, t: int = 0) -> Shown:
        """A frame of an image; its channels are seen as the product shows them to the network that is asked."""
        frame = volume.through(lambda array: array[t : t + 1])
        channels = np.asarray(fit_to_model(frame, 1).pixels)[0]
        slices = [gray(channels[:, z]) for z in range(channels.shape[1])]
        return cls(np.stack(slices) if volume.is_3d else slices[0], frame)

    @property
    def spacing(self) -> tuple[float, ...]:
        """Of ``pixels``."""
        return self.volume.spacing[-self.pixels.ndim :]


class Method(Protocol):
    """Something that is asked for one object after the other, by clicks in pixels of an image, (y, x) or (z, y, x)."""

    name: str
    dims: tuple[int, ...]  # 2, 3 or both: what it can be shown
    expected: float | None  # the IoU that it expects of its last answer; None: it does not say

    def begin(self, image: Shown) -> None:
        """A new object, in this image; what is known of the image from the object before may be used."""

    def click(self, at: Point, remove: bool) -> Mask:
        """The mask, as large as the image, after one more click that adds or takes away."""


class ClickNetwork:
    """The network that is asked, click by click."""

    name = "click network"
    dims: tuple[int, ...] = (2,)

    def __init__(self, predict: dialogue.Predict) -> None:
        self.predict = predict
        self.expected: float | None = None

    @classmethod
    def load(cls, path: Path) -> ClickNetwork:
        """The network in a model file; `UserError` when it holds another kind of model."""
        header, net = load(path)
        if header.kind != "prompts":
            raise UserError(f"{path} is no model that is asked by clicks: choose one that `train click-2d` made.")
        return cls(predict_with(net))

    def begin(self, image: Shown) -> None:
        """Ask about another object."""
        self._pixels = image.pixels
        self._asked = dialogue.Asked()

    def click(self, at: Point, remove: bool) -> Mask:
        """The mask after one more click."""
        y, x = at
        self._asked = dialogue.click(self._pixels, self._asked, (y, x), self.predict, remove=remove)
        self.expected = self._asked.iou
        return np.zeros(self._pixels.shape, bool) if self._asked.mask is None else self._asked.mask


class TodaysClick:
    """The object at a point of what a model predicts for the whole image: *Click a cell* before there was a network.

    A user cannot do more with it than click again: the new answer takes the place of the one before, and nothing can
    be taken away. What was predicted of an image is kept, as in the window.
    """

    name = "today's click"
    dims: tuple[int, ...] = (2, 3)
    expected: float | None = None

    def __init__(self, model: str) -> None:
        chosen = Catalog().find(model, None)
        if chosen.header is None or chosen.file is None:
            raise UserError("A fresh network knows nothing yet: choose a bundled model or a model file.")
        self._header, self._model = chosen.header, str(chosen.file)
        self._folder = tempfile.TemporaryDirectory()
        self._warm = Warm()
        self._image: Shown | None = None
        self._ref: VolumeRef | None = None

    def begin(self, image: Shown) -> None:
        """Ask about another object."""
        self._mask = np.zeros(image.pixels.shape, bool)
        if image is not self._image:
            volume = fit_to_model(image.volume, self._header.image_channels)
            pixels = scratch.write(Path(self._folder.name) / f"{uuid4().hex}.npy", volume.pixels)
            self._image, self._ref = image, VolumeRef(pixels=pixels, spacing=volume.spacing, unit=volume.unit)

    def click(self, at: Point, remove: bool) -> Mask:
        """The mask after one more click."""
        if self._ref is None:
            raise ValueError("begin comes first")
        if not remove:
            z, y, x = (0, *(round(i) for i in at))[-3:]
            job = ClickJob(id="c", image=self._ref, model=self._model, point=(0, z, y, x), generation=0, settings=_HERE)
            *_, last = click.run(job, lambda: False, self._warm)
            if not isinstance(last, Finished) or not isinstance(last.result, ClickResult):
                raise TypeError(f"a click ends with {last}")
            self._mask = _mask_of(last.result, (1, 1, *self._mask.shape)[-4:]).reshape(self._mask.shape)
        return self._mask

    def close(self) -> None:
        """Leave nothing behind."""
        self._folder.cleanup()


def _mask_of(result: ClickResult, shape: tuple[int, ...]) -> Mask:
    """What was proposed, in a frame (T, Z, Y, X) of this shape."""
    mask = np.zeros(shape, bool)
    if result.mask:
        mask[result.mask.slices] = result.mask.unpacked()
    return mask


def predict_with(net: Net) -> dialogue.Predict:
    """The network as a dialogue asks it, on the processor."""
    device = pick("cpu")
    return predictor(Network(_HEADER, ready(net, device), device))


def clicker() -> Path:
    """The click network that ships."""
    return bundled_files()[ASKED][1]
