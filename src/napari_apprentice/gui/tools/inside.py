"""Maps of the network as a layer on the image: what one level makes of the field of view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from napari.layers import Image
from numpy.typing import NDArray
from psygnal import Signal

from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.data.image.units import PIXEL
from napari_apprentice.gui.axis_mapping import AxisMapping
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.own_layer import OwnLayer
from napari_apprentice.gui.tools.view import visible_edges
from napari_apprentice.session import InsideMap

_SHARE = {"colormap": "inferno", "opacity": 0.55}  # the image stays visible below
_FEATURES = {"colormap": "viridis", "opacity": 1.0}
_SAMPLED = 1_000_000
_MOST_READ = 3  # classes, the most likely ones


def look_inside(label_layers: LabelLayers, level: str) -> None:
    """Ask for a level of the network for what is in view; `UserError` says what is missing."""
    edges = visible_edges(label_layers, whole_plane=False)
    if label_layers.axis_mapping is not None:
        label_layers.session.verbs.look_inside(level, label_layers.axis_mapping.box(edges))


class InsideLayer:
    """Shows the map that was asked for last, always in one layer, which keeps the looks that the user gave it.

    ``read`` tells of the probabilities under the cursor, in words; "" when none are shown.
    """

    read = Signal(str)

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._shown: InsideMap | None = None
        self._region: Region | None = None  # the part of the image that was open when it was looked at
        self._own = OwnLayer[Image](label_layers.viewer, label_layers.images, self._place, self._on_deleted)
        self._connections = Connections()
        self._connections.add(label_layers.session.looked_inside, self._on_looked)
        self._connections.add(label_layers.session.image_changed, self._on_image_changed)
        label_layers.viewer.mouse_move_callbacks.append(self._on_move)

    def close(self) -> None:
        """Stop listening and take the layer away."""
        self._label_layers.viewer.mouse_move_callbacks.remove(self._on_move)
        self._connections.close()
        self._own.close()

    def _on_looked(self, found: InsideMap) -> None:
        axis_mapping = self._label_layers.axis_mapping
        if axis_mapping is None or found.entry is not self._label_layers.entry:
            return
        before, self._region = self._shown, found.entry.region
        again = before is not None and (before.level, len(before.channels)) == (found.level, len(found.channels))
        if again and before is not None:
            found = reorder_channels(found, before.channels)
        self._shown = found
        if not found.names:
            self.read.emit("")
        values, _ = laid_out(found, axis_mapping, self._label_layers.options())
        model, _, _ = self._label_layers.session.model.title.partition(" (")  # a version's scores are said elsewhere
        name = f"{'probability' if found.names else found.level} of {model}"
        layer = self._own.layer
        was_share = before is not None and before.is_share
        if layer is None or (layer.ndim, was_share) != (values.ndim, found.is_share):
            looks = _SHARE if found.is_share else _FEATURES
            make = partial(Image, values, interpolation2d="nearest", blending="translucent", **looks)
            layer = self._own.show(make, name=name)
        else:
            layer.data, layer.name = values, name
            self._own.move()
        self._finish(layer, found, again=again)

    def _place(self) -> dict[str, Any]:
        axis_mapping, found = self._label_layers.axis_mapping, self._shown
        if axis_mapping is None or found is None:
            return {}
        return laid_out(found, axis_mapping, self._label_layers.options(self._region))[1]

    def _finish(self, layer: Image, found: InsideMap, *, again: bool) -> None:
        """Contrast for the values that are there; another level begins at its first channel."""
        limits = contrast(found)
        layer.contrast_limits_range = limits
        layer.contrast_limits = limits
        layer.metadata["channels"] = found.channels
        dims = self._label_layers.viewer.dims
        if not again and len(found.channels) > 1:
            dims.set_current_step(dims.ndim - layer.ndim, 0)

    def _on_move(self, *_: Any) -> None:
        layer, found = self._own.layer, self._shown
        if layer is not None and found is not None and found.names:
            there = probabilities_at(layer, found.names, self._label_layers.viewer.cursor.position)
            self.read.emit(f"Here: {there or 'nothing, this is outside'}")

    def _on_image_changed(self) -> None:
        if self._shown is not None and self._shown.entry is not self._label_layers.session.current:
            self._shown = None
            self._own.drop()
            self.read.emit("")

    def _on_deleted(self, layer: Image) -> None:
        self._shown = None
        self.read.emit("")


def probabilities_at(layer: Image, names: Sequence[str], position: Sequence[float]) -> str:
    """What a layer of probabilities has at a place of the world, the most likely first; "" outside."""
    at = np.round(layer.world_to_data(position)).astype(int)[len(names) > 1 :]
    shape = layer.data.shape[len(names) > 1 :]
    if layer.visible is False or any(not 0 <= i < n for i, n in zip(at, shape, strict=True)):
        return ""
    values = layer.data[(slice(None), *at)] if len(names) > 1 else [layer.data[tuple(at)]]
    ordered = sorted(zip(names, map(float, values), strict=True), key=lambda one: -one[1])
    return ", ".join(f"{name} {value:.2f}" for name, value in ordered[:_MOST_READ])


def laid_out(
    found: InsideMap, axis_mapping: AxisMapping, placed: dict[str, Any]
) -> tuple[NDArray[Any], dict[str, Any]]:
    """A map as the array of a layer, its channels first, and where that lies.

    ``placed`` is where a layer with the mapping's axes lies that has a value for each voxel of the image. A single
    channel has no axis of its own.
    """
    size = {"T": 1.0, "C": 1.0, **dict(zip("ZYX", found.scale, strict=True))}
    begin = {"T": float(found.frame), "C": 0.0, **dict(zip("ZYX", found.origin, strict=True))}
    steps = np.asarray(placed["scale"], float)
    place = {
        **placed,
        "scale": steps * [size[axis] for axis in axis_mapping.axes],
        "translate": np.asarray(placed.get("translate", 0.0), float)
        + steps * [begin[axis] for axis in axis_mapping.axes],
    }
    place.setdefault("axis_labels", [axis.lower() for axis in axis_mapping.axes])
    if len(found.values) == 1:
        return axis_mapping.view(found.values[0][None]), place
    values = np.stack([axis_mapping.view(one[None]) for one in found.values])
    if axis_mapping.leading:  # the image's own channels come first in its layer: the map is the same for all
        values = np.broadcast_to(values[:, None], (len(values), axis_mapping.leading, *values.shape[1:]))
        place = _with_axis_before(place, "c")
    return values, _with_axis_before(place, "channel")


def reorder_channels(found: InsideMap, channels: tuple[int, ...]) -> InsideMap:
    """The same map with its channels in a given order, so that the slider stays on the same one."""
    places = [found.channels.index(one) for one in channels]
    return replace(found, values=found.values[places], channels=channels)


def contrast(found: InsideMap) -> tuple[float, float]:
    """The limits between which a map is shown: shares lie between 0 and 1, other maps have their own range."""
    if found.is_share:
        return 0.0, 1.0
    step = max(1, found.values.size // _SAMPLED)
    low, high = np.percentile(found.values.ravel()[::step].astype(np.float32), [0.5, 99.5])
    return float(low), float(high) if high > low else float(low) + 1.0


def _with_axis_before(place: dict[str, Any], name: str) -> dict[str, Any]:
    more: dict[str, Any] = {
        "scale": np.concatenate([[1.0], place["scale"]]),
        "translate": np.concatenate([[0.0], place["translate"]]),
        "axis_labels": [name, *place["axis_labels"]],
    }
    if "units" in place:
        more["units"] = [PIXEL, *place["units"]]
    if "affine" in place:
        more["affine"] = np.eye(len(place["affine"]) + 1)
        more["affine"][1:, 1:] = place["affine"]
    return {**place, **more}
