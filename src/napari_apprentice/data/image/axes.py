"""Which axis of an array is what, and from any array to a `Volume`.

An axis order is a string with one letter per axis: T time, C channel, Z, Y, X, and S for the samples of an RGB pixel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from napari_apprentice.data.image.channels import chosen_channels
from napari_apprentice.data.image.lazy import numpy_like, windows
from napari_apprentice.data.image.units import PIXEL, plain_unit
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError

ORDER = "TCZYX"
_NAMES = {
    "T": ("t", "time", "frame", "frames"),
    "C": ("c", "ch", "channel", "channels"),
    "Z": ("z", "depth", "plane", "planes", "slice", "slices"),
    "Y": ("y", "row", "rows", "height"),
    "X": ("x", "column", "columns", "width"),
    "S": ("s", "rgb", "sample", "samples"),
}
_MEANINGS = {"T": "time", "C": "channel", "Z": "z", "Y": "y", "X": "x", "S": "RGB"}
_MOST_CHANNELS = 5  # a shorter axis is taken for channels, a longer one for slices or time
_SAMPLED_BYTES = 1 << 28  # of a larger image a sample is looked at
_LEVEL_BYTES = 1 << 25  # of its levels the finest that is not larger


def guess_axes(
    shape: Sequence[int], *, rgb: bool = False, names: Sequence[str] = (), three_d: bool | None = None
) -> str:
    """The most likely axis order of an array, for the user to correct.

    Parameters
    ----------
    shape
        The array's shape.
    rgb
        The last axis holds red, green, blue (and alpha).
    names
        What the file or the layer calls the axes; believed when each name is known and used once.
    three_d
        Whether the user says that it is a volume; None: judged by the lengths.

    Returns
    -------
    str
        Such as ``"YX"``, ``"CYX"``, ``"TCZYX"`` or ``"YXS"``; ``why_not_axes`` is "" for it.

    Raises
    ------
    UserError
        For an array that cannot be an image.
    """
    told = "".join(_letter(name) for name in names)
    if len(told) == len(shape) and not why_not_axes(told, shape):
        return told
    if rgb or _looks_rgb(shape):
        return _plain(shape[:-1], three_d) + "S"
    return _plain(shape, three_d)


def is_guess(shape: Sequence[int], names: Sequence[str] = ()) -> bool:
    """Whether `guess_axes` has to guess: an axis beside Y, X and RGB has no name that says what it is."""
    told = "".join(_letter(name) for name in names)
    believed = len(told) == len(shape) and not why_not_axes(told, shape)
    return not believed and len(shape) - _looks_rgb(shape) > 2


def describe_axes(axes: str) -> str:
    """An axis order in words: "z, y, x"."""
    return ", ".join(_MEANINGS[letter] for letter in axes)


def why_not_axes(axes: str, shape: Sequence[int]) -> str:
    """One sentence on why this order cannot be right, or "" when it can."""
    if len(axes) != len(shape):
        return f"{axes or 'No axes'} names {len(axes)} axes but the image has {len(shape)}: name each of them once."
    unknown = [letter for letter in axes if letter not in "TCZYXS"]
    if unknown:
        return f"{unknown[0]} is not an axis: use T (time), C (channel), Z, Y, X and S (RGB)."
    twice = [letter for letter in axes if axes.count(letter) > 1]
    if twice:
        return f"{twice[0]} stands twice in {axes}: name each axis once."
    if "Y" not in axes or "X" not in axes:
        return f"{axes} has no {'Y' if 'Y' not in axes else 'X'}: an image needs both Y and X."
    if "S" in axes and shape[axes.index("S")] not in (2, 3, 4):
        return f"An RGB axis has 3 or 4 samples but this one has {shape[axes.index('S')]}: use C for channels."
    return ""


def to_volume(
    array: Any,
    axes: str,
    spacing: Sequence[float] = (1.0, 1.0, 1.0),
    unit: str = PIXEL,
    channel: int | Sequence[int] | None = None,
    name: str = "image",
    source: str | None = None,
    channels: Sequence[str] = (),
    levels: Sequence[Any] = (),
    *,
    guessed: bool = False,
) -> Volume:
    """An array of any axis order as a `Volume` (T, C, Z, Y, X).

    NumPy arrays, memory maps and dask arrays stay views; anything else that can be sliced (zarr, xarray, torch) is
    wrapped in a `LazyArray`, so that nothing is read here. RGB becomes three channels, alpha is left out.

    Parameters
    ----------
    array, axes
        The pixels and their axis order.
    spacing, unit
        Distance between voxels along (z, y, x).
    channel
        Which channel, or channels and in which order, to take; None: all.
    channels
        Their names.
    levels
        The same at coarser resolutions, each with the axes of ``array``.
    guessed
        Whether the axes are a guess (`is_guess`), for people to confirm.
    """
    sentence = why_not_axes(axes, array.shape)
    if sentence:
        raise UserError(sentence)
    pixels = _arranged(array, axes)
    coarser = [_arranged(level, axes) for level in levels if not why_not_axes(axes, level.shape)]
    z, y, x = (float(step) for step in spacing)
    metadata = {"axes": axes, "rgb": "S" in axes, "guessed": guessed}
    whole = Volume(pixels, (z, y, x), plain_unit(unit), tuple(channels), name, source, metadata, tuple(coarser))
    return chosen_channels(whole, (channel,) if isinstance(channel, int) else channel or ())


def describe(volume: Volume) -> str:
    """What was understood, in words: "2D, 3 channels, 512 x 640 pixels, 0.65 x 0.65 um".

    Of a patient's image also where x, y and z point, such as "LPS".
    """
    t, c, z, y, x = volume.pixels.shape
    words = ["3D" if volume.is_3d else "2D"]
    if t > 1:
        words.append(f"{t} frames")
    if volume.metadata.get("rgb") and c == 3:
        words.append("RGB")
    else:
        words.append("1 channel" if c == 1 else f"{c} channels")
    words.append(f"{z} slices of {y} x {x} pixels" if volume.is_3d else f"{y} x {x} pixels")
    if volume.unit == PIXEL and len(set(volume.spacing)) == 1:
        words.append("no pixel size")
    else:
        steps = volume.spacing if volume.is_3d else volume.spacing[1:]
        words.append(" x ".join(f"{step:.4g}" for step in steps) + f" {volume.unit}")
    if volume.metadata.get("orientation"):
        words.append(volume.metadata["orientation"])
    return ", ".join(words)


def check_pixels(volume: Volume) -> list[str]:
    """Notes about pixels that need one, after those that the file gave cause for.

    Of a very large image a sample is looked at, of a pyramid a coarser level.

    NaN and infinite pixels are allowed: they count as the image's darkest value, and a note says how many.

    Raises
    ------
    UserError
        When there is nothing to see: every pixel has the same value, none is finite, or they are no numbers.
    """
    dtype = np.dtype(volume.pixels.dtype)
    if dtype.kind not in "buif":
        raise UserError(f"The pixels of {volume.name} are {dtype}, not real numbers: convert the image first.")
    sample = _sample(volume)
    finite = np.isfinite(sample) if dtype.kind == "f" else np.ones(1, bool)
    if not finite.any():
        raise UserError(f"The image {volume.name} has no finite pixel (all are NaN or infinite): open another image.")
    values = sample[finite] if not finite.all() else sample
    low, high = values.min(), values.max()
    if low == high:
        raise UserError(f"Every pixel of {volume.name} is {low:g}: there is nothing to see; open another image.")
    notes = list(volume.metadata.get("notes", ()))
    if finite.all():
        return notes
    bad = 100 * (1 - finite.mean())
    return [*notes, f"{bad:.2g}% of the pixels of {volume.name} are NaN or infinite and count as its darkest value."]


def _letter(name: str) -> str:
    lowered = str(name).strip().lower()
    return next((letter for letter, names in _NAMES.items() if lowered in names), "?")


def _looks_rgb(shape: Sequence[int]) -> bool:
    return len(shape) >= 3 and shape[-1] in (3, 4) and min(shape[-3:-1]) > 16


def _plain(shape: Sequence[int], three_d: bool | None) -> str:
    """Axes of an array without RGB samples, by number and length."""
    extra = list(shape[:-2])
    if len(shape) < 2:
        raise UserError(f"An array of shape {tuple(shape)} is not an image: it needs at least Y and X.")
    if len(extra) > 3:
        raise UserError(f"An array with {len(shape)} axes is too much: keep at most T, C, Z, Y and X.")
    if len(extra) == 3:
        return "TZCYX" if extra[2] <= _MOST_CHANNELS < extra[1] else "TCZYX"
    if len(extra) == 2:
        return _pair(extra, three_d) + "YX"
    if len(extra) == 1:
        return _single(extra[0], three_d) + "YX"
    return "YX"


def _single(length: int, three_d: bool | None) -> str:
    if three_d is None:
        return "C" if length <= _MOST_CHANNELS else "Z"
    if three_d:
        return "Z"
    return "C" if length <= _MOST_CHANNELS else "T"


def _pair(lengths: list[int], three_d: bool | None) -> str:
    first, second = lengths
    other = "T" if three_d is False else "Z"
    if first <= _MOST_CHANNELS:
        return "C" + other
    if second <= _MOST_CHANNELS:
        return other + "C"
    return "TZ"


def _arranged(array: Any, axes: str) -> Any:
    """Pixels (T, C, Z, Y, X)."""
    pixels = numpy_like(array)
    if "S" in axes:
        pixels, axes = _samples_as_channels(pixels, axes)
    pixels = pixels.transpose([axes.index(letter) for letter in ORDER if letter in axes])
    return pixels[tuple(slice(None) if letter in axes else None for letter in ORDER)]


def _samples_as_channels(pixels: Any, axes: str) -> tuple[Any, str]:
    """RGB samples become the channel axis, without alpha; channels of RGB pixels are laid side by side."""
    place = axes.index("S")
    colors = 3 if pixels.shape[place] >= 3 else 1  # two samples are grey and alpha
    pixels = pixels[(slice(None),) * place + (slice(0, colors),)]
    if "C" not in axes:
        return pixels, axes.replace("S", "C")
    if pixels.shape[axes.index("C")] == 1:
        pixels = pixels[tuple(0 if letter == "C" else slice(None) for letter in axes)]
        return pixels, axes.replace("C", "").replace("S", "C")
    rest = [i for i, letter in enumerate(axes) if letter not in "CS"]
    moved = pixels.transpose([axes.index("C"), place, *rest])
    return moved.reshape(-1, *moved.shape[2:]), "C" + "".join(axes[i] for i in rest)


def _sample(volume: Volume) -> Any:
    """All values; of what is too much for that a coarser level, or the middle plane and windows from everywhere."""
    pixels = volume.pixels
    if _bytes(pixels) <= _SAMPLED_BYTES:
        return np.asarray(pixels)
    for level in volume.levels:
        pixels = level
        if _bytes(level) <= _LEVEL_BYTES:
            return np.asarray(level)
    t, z = pixels.shape[0] // 2, pixels.shape[2] // 2
    plane = pixels[t : t + 1, :, z : z + 1]
    found = [windows(pixels)] + ([np.asarray(plane)] if _bytes(plane) <= _SAMPLED_BYTES else [])
    return np.concatenate([one.ravel() for one in found])


def _bytes(pixels: Any) -> int:
    return math.prod(int(n) for n in pixels.shape) * int(np.dtype(pixels.dtype).itemsize)
