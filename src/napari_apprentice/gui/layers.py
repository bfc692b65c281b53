"""From napari's layers to the session: how an image layer is read, and what is known of a layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from napari.layers import Image, Labels, Layer
from numpy.typing import NDArray

from napari_apprentice.data.image import axes as axis_order
from napari_apprentice.data.image.units import PIXEL, micrometers, plain_unit
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.gui.axis_mapping import ORDER, AxisMapping
from napari_apprentice.gui.shown_array import in_one_sentence_of, whole_of

T = TypeVar("T")

MARK = {"apprentice": True}  # in the metadata of layers that are the panel's own
FILE_AXES = "file_axes"  # in the metadata of a `Volume`: what ``apprentice segment --axes`` would be told
KEPT = "apprentice_file"  # in the metadata of layers that we opened: what only the file says
LEFT = "apprentice_left"  # in the metadata of layers whose panel was closed: a `LeftOff`


@dataclass(frozen=True)
class LayerReading:
    """How an image layer's array is read: one letter per axis, and which channels in which order (none: all).

    ``guessed``: the axes are a guess, which a person has not confirmed yet.
    """

    axes: str
    channels: tuple[int, ...] = ()
    guessed: bool = field(default=False, compare=False)

    @property
    def layer_axes(self) -> str:
        """The axes that are dimensions of the layer: all but the samples of RGB."""
        return self.axes.replace("S", "")


@dataclass(frozen=True)
class LeftOff:
    """What a layer showed when its panel was closed: an image of a project, and how the layer was read."""

    project: str
    entry: str
    reading: LayerReading | None = None


def itself(thing: T) -> T:
    """A viewer or layer, where napari hands a plugin a stand-in, of which every look at a layer gives another one.

    What stands in keeps private names away; here they are asked for in `napari_names` only.
    """
    return getattr(thing, "__wrapped__", thing)


def left_off(layer: Layer) -> LeftOff | None:
    """What a layer showed when its panel was closed; None when it showed nothing of ours, or is shown again."""
    found = layer.metadata.get(LEFT)
    return found if isinstance(found, LeftOff) else None


def is_marked(layer: Layer) -> bool:
    """Whether a layer is the panel's own: not an image or labels of the user's."""
    return all(layer.metadata.get(name) == value for name, value in MARK.items())


def is_from_file(layer: Layer) -> bool:
    """Whether a layer was opened from a file, or as a sample, and not made in the window."""
    return KEPT in layer.metadata or bool(layer.source.path or layer.source.sample)


def pixels_of(layer: Image) -> Any:
    """The layer's array; of a pyramid the finest level."""
    return levels_of(layer)[0]


def levels_of(layer: Image) -> list[Any]:
    """The layer's arrays, the finest first, as they are segmented: what cannot be read of them raises `UserError`."""
    levels = list(layer.data) if layer.multiscale else [layer.data]
    return [whole_of(level) for level in levels]


def guess(layer: Image) -> LayerReading:
    """The most likely reading of a layer, for the user to correct; `UserError` when it cannot be an image."""
    kept = layer.metadata.get(KEPT, {})
    told = kept.get("axes", "")
    if told and not axis_order.why_not_axes(told, pixels_of(layer).shape):
        return LayerReading(told, guessed=bool(kept.get("metadata", {}).get("guessed")))
    labels = _axis_names(layer)
    names = [*labels, "rgb"] if layer.rgb else labels
    axes = axis_order.guess_axes(pixels_of(layer).shape, rgb=layer.rgb, names=names)
    if not layer.rgb and "S" in axes:  # the layer shows these as pixels, whatever their number
        axes = axis_order.guess_axes((*pixels_of(layer).shape[:-1], 64))
    lengths = pixels_of(layer).shape[:-1] if layer.rgb else pixels_of(layer).shape
    return LayerReading(axes, guessed=axis_order.is_guess(lengths, labels))


def _axis_names(layer: Image) -> list[str]:
    """What the layer calls its axes; where it has numbers only, what its array does (xarray)."""
    named = any(label.strip("-0123456789") for label in layer.axis_labels)
    dims = [] if named else list(getattr(pixels_of(layer), "dims", ()))[: layer.ndim]
    return dims if len(dims) == layer.ndim and all(isinstance(one, str) for one in dims) else list(layer.axis_labels)


def volume_of(layer: Image, reading: LayerReading) -> Volume:
    """The layer's pixels with spacing and unit from its scale. `UserError` when the axes cannot be right."""
    pixels, *coarser = [in_one_sentence_of(level, layer.name) for level in levels_of(layer)]
    sentence = axis_order.why_not_axes(reading.axes, pixels.shape)
    if sentence:
        raise UserError(sentence)
    spacing, unit = spacing_of(layer, reading)
    kept = layer.metadata.get(KEPT, {})
    volume = axis_order.to_volume(
        pixels,
        reading.axes,
        spacing,
        unit,
        reading.channels,
        name=layer.name,
        source=kept.get("source", layer.source.path),
        channels=kept.get("channels", ()),
        levels=coarser,
        guessed=reading.guessed,
    )
    told = kept.get("metadata", {})
    if reading.axes != kept.get("axes", reading.axes):
        told = {name: value for name, value in told.items() if name not in ("affine", "orientation")}
    return replace(volume, metadata={**told, **volume.metadata, FILE_AXES: _file_axes(kept, reading)})


def _file_axes(kept: Mapping[str, Any], reading: LayerReading) -> str:
    """What the axes of the file are, in its own order, when its layer is read so; "" where RGB leaves no choice.

    A layer that we opened shows axes in our order, without those of length 1.
    """
    opened = str(kept.get("axes", reading.axes))
    if "S" in opened + reading.axes or len(opened) != len(reading.axes):
        return ""
    meant = dict(zip(opened, reading.axes, strict=True))
    left = [letter for letter in "TCZ" if letter not in meant.values()]
    found = ""
    for letter in kept.get("metadata", {}).get("axes", opened):
        if letter not in meant:  # of length 1
            meant[letter] = letter if letter in left else left[0]
            left.remove(meant[letter])
        found += meant[letter]
    return found


def channels_of(layer: Image | None, reading: LayerReading) -> tuple[str, ...]:
    """What the channels of a layer are called, or red, green and blue; () when it has no such axis."""
    if layer is None:
        return ()
    if "S" in reading.axes and "C" not in reading.axes:
        return ("red", "green", "blue")
    if "C" not in reading.axes or "S" in reading.axes:
        return ()
    count = int(pixels_of(layer).shape[reading.axes.index("C")])
    known = layer.metadata.get(KEPT, {}).get("channels", ())
    return tuple(known) if len(known) == count else tuple(f"channel {i}" for i in range(count))


def spacing_of(layer: Image, reading: LayerReading) -> tuple[tuple[float, float, float], str]:
    """Distance between voxels along (z, y, x) and its unit; an axis in another unit of length is converted."""
    letters = reading.layer_axes
    if len(letters) != layer.ndim:
        return (1.0, 1.0, 1.0), PIXEL
    units = {letter: plain_unit(str(unit)) for letter, unit in zip(letters, layer.units, strict=True)}
    steps = {letter: abs(float(step)) or 1.0 for letter, step in zip(letters, layer.scale, strict=True)}
    unit = units.get("X", PIXEL)
    into = micrometers(unit)
    for letter in "ZY":
        other = micrometers(units.get(letter, unit))
        if letter in steps and into is not None and other is not None:
            steps[letter] *= other / into
    return (steps.get("Z", 1.0), steps["Y"], steps["X"]), unit


def with_layer_scale(volume: Volume, layer: Image, reading: LayerReading) -> Volume:
    """The same pixels with the layer's scale and unit as they are now."""
    spacing, unit = spacing_of(layer, reading)
    return replace(volume, spacing=spacing, unit=unit)


def set_spacing(layer: Layer, reading: LayerReading, spacing: tuple[float, float, float], unit: str) -> None:
    """Write a pixel size into the layer's scale and units, the one place where it lives."""
    wanted = dict(zip("ZYX", spacing, strict=True))
    letters = reading.layer_axes
    scale = [wanted.get(letter, old) for letter, old in zip(letters, layer.scale, strict=True)]
    units = [unit if letter in wanted else str(old) for letter, old in zip(letters, layer.units, strict=True)]
    layer.units = units
    layer.scale = scale


def labels_of(layer: Labels, axis_mapping: AxisMapping, shape: tuple[int, ...]) -> NDArray[Any]:
    """A labels layer's data as (T, Z, Y, X) of ``shape``; `UserError` when it belongs to another image."""
    data = np.asarray(layer.data[0] if layer.multiscale else layer.data)
    expected = tuple(shape[ORDER.index(a)] for a in axis_mapping.axes if a != "C")
    letters = axis_mapping.axes.replace("C", "")
    if data.shape != expected:
        raise UserError(
            f"{layer.name} has shape {data.shape} and the image needs labels of shape {expected}: "
            "choose the labels that belong to this image."
        )
    here = [a for a in ORDER if a in letters]
    return data.transpose([letters.index(a) for a in here]).reshape(shape)
