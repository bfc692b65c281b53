"""An image as *Live* sees it: its features where it was looked at, kept as long as there is room."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from napari_apprentice.data.image.zoom import TARGET_DIAMETER, zoom_for, zoom_to_see
from napari_apprentice.data.models import without_live
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.features.maps import Box, Features, look, look_unscaled, scaled
from napari_apprentice.engine.inputs import NetworkInputs
from napari_apprentice.engine.learned import Ranges
from napari_apprentice.engine.live.head import Head, fit
from napari_apprentice.engine.network import Network
from napari_apprentice.engine.resample import network_shape
from napari_apprentice.engine.warm import FrameKey, Warm, frame_key
from napari_apprentice.events import Progress
from napari_apprentice.jobs import LearningJob, VolumeRef

_NEAR = 1.5  # times as large or small

Plane = tuple[int, int]  # t, z


@dataclass(frozen=True)
class Sight:
    """An image (T, C, Z, Y, X) and the network that looks at it, at ``zoom``: never finer than the image itself."""

    image: VolumeRef
    colours: VolumeRef
    pixels: NDArray[np.generic]
    network: Network
    zoom: float
    warm: Warm
    cancelled: Callable[[], bool]

    @property
    def key(self) -> tuple[object, ...]:
        """What features depend on."""
        return frame_key(self.image.pixels.path, 0), self.network.key, self.zoom

    @property
    def ranges(self) -> Ranges | None:
        """What features of this image are brought to, as the part of it said that was looked at first."""
        return self.warm.ranges.find(self.key)

    @property
    def colour_count(self) -> int:
        """Channels of the image."""
        return int(scratch.read(self.colours.pixels).shape[1])

    def kept(self, plane: Plane) -> list[Features]:
        """Features of a slice that are at hand, those looked at last first."""
        found = [one for key, one in self.warm.live.items() if key[:-1] == (self.key, plane)]
        return found[::-1]

    def features(self, plane: Plane, box: Box) -> Generator[Progress, None, tuple[Features, float]]:
        """Features of a part of a slice, and the seconds that it took to compute them: 0 where they are at hand."""
        key = (self.key, plane, box)
        found = self.warm.live.find(key)
        if found is not None:
            return found, 0.0
        began = time.perf_counter()
        still = Progress(done=0, total=1, what="Looking at the view")
        call = partial(self._look, plane, box)
        found = yield from self.warm.background.run(call, self.cancelled, still)
        self.warm.live.keep(key, found)
        return found, time.perf_counter() - began

    def rows(self, places: NDArray[np.int64]) -> tuple[torch.Tensor, NDArray[np.int64]]:
        """Features (m, F) of voxels (n, 4) as (t, z, y, x), as far as they are at hand, and which these are (m)."""
        rows, which = [], []
        for t, z in sorted({(int(t), int(z)) for t, z in places[:, :2]}):
            left = (places[:, 0] == t) & (places[:, 1] == z)
            for features in self.kept((t, z)):
                (top, bottom), (first, last) = features.box
                y, x = places[:, 2], places[:, 3]
                here = left & (y >= top) & (y < bottom) & (x >= first) & (x < last)
                if here.any():
                    rows.append(features.rows(places[here, 2:]))
                    which.append(np.flatnonzero(here))
                    left &= ~here
        if not rows:
            return torch.zeros(0, 0), np.zeros(0, np.int64)
        return torch.cat(rows), np.concatenate(which)

    def head(self, places: NDArray[np.int64], values: NDArray[np.int64]) -> tuple[Head | None, int]:
        """A head fitted to samples whose features are at hand, and how many these are; None without two classes.

        Parameters
        ----------
        places, values
            (n, 4) as (t, z, y, x), and (n).
        """
        rows, which = self.rows(places)
        if len(np.unique(values[which])) < 2:
            return None, len(which)
        return fit(rows, values[which]), len(which)

    def look_unscaled(self, plane: Plane, box: Box) -> Features:
        """Features of a part of a slice in values that mean the same in every image; they are not kept."""
        return look_unscaled(self.network, *self._given(plane), box)

    def colours_of(self, plane: Plane) -> NDArray[np.float32]:
        """A slice (C, Y, X), each channel from about 0 to 1, as filters see it."""
        t, z = plane
        colours = scratch.read(self.colours.pixels)
        own = self.warm.scaling(*self._fitted_on(self.colours, colours, t), self.network.header)
        return scaled(colours[t, :, z], own)

    def _given(self, plane: Plane) -> tuple[NetworkInputs, NDArray[np.float32]]:
        t, z = plane
        frame = self.pixels[t][:, z : z + 1]
        shape = network_shape((1, self.pixels.shape[3], self.pixels.shape[4]), self.zoom)
        scaling = self.warm.scaling(*self._fitted_on(self.image, self.pixels, t), self.network.header)
        return NetworkInputs(frame, shape, scaling), self.colours_of(plane)

    def _look(self, plane: Plane, box: Box) -> Features:
        found, ranges = look(self.network, *self._given(plane), box, self.ranges)
        self.warm.ranges.keep(self.key, ranges)
        return found

    def _fitted_on(self, ref: VolumeRef, pixels: NDArray[np.generic], t: int) -> tuple[FrameKey, NDArray[np.generic]]:
        if ref.fitted_on is None:
            return frame_key(ref.pixels.path, t), pixels[t]
        return frame_key(ref.fitted_on.path, 0), scratch.read(ref.fitted_on)[0]


def open_sight(job: LearningJob, cancelled: Callable[[], bool], warm: Warm, diameter: float | None = None) -> Sight:
    """The image and network of a job, ready to look; at objects of ``diameter`` image pixels, if that is known."""
    known = warm.network(job.model, pick(job.settings.device))
    header = without_live(known.header)
    network = replace(known, header=header, learned=None)
    given = job.settings if header.object_diameter is not None else None
    if given is not None and given.diameter is None and diameter is not None:
        zoom = _steady(warm, job.image, network, zoom_to_see(diameter, header.object_diameter or TARGET_DIAMETER))
    else:
        zoom = zoom_for(header, job.image.spacing, job.image.unit, given)
    zoom = min(1.0, zoom)
    pixels = scratch.read(job.image.pixels)
    return Sight(job.image, job.colours or job.image, pixels, network, zoom, warm, cancelled)


def _steady(warm: Warm, image: VolumeRef, network: Network, wanted: float) -> float:
    """The zoom that there was before, while it is near: features need not be computed again for each object."""
    key = frame_key(image.pixels.path, 0), network.key
    known: float | None = warm.zooms.find(key)
    if known is None or not 1 / _NEAR < wanted / known < _NEAR:
        known = wanted
        warm.zooms.keep(key, known)
    return known
