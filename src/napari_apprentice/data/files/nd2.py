"""Nikon's ND2 through the package nd2: positions are images of their own, ``file.nd2/2``."""

from __future__ import annotations

import math
import weakref
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.files import place
from napari_apprentice.data.files.pixels import refuse_nonsense
from napari_apprentice.data.files.planes import Planes, library, not_there, squeeze_planes
from napari_apprentice.data.image.axes import to_volume
from napari_apprentice.data.image.units import MICROMETER, PIXEL, are_steps
from napari_apprentice.data.image.volume import Volume

SUFFIXES = (".nd2",)


def parts(path: Path) -> tuple[str, ...]:
    """Numbers of the positions, when there are several."""
    with library("nd2", "ND2", "nd2").ND2File(path) as file:
        return _positions(file)


def read(path: Path, part: str = "") -> Volume:
    """Read one position; a large one as it is needed."""
    file = library("nd2", "ND2", "nd2").ND2File(path)
    try:
        position = place.choose_part(path, part, _positions(file), "positions")
        frames = _Frames(file, position)
        refuse_nonsense(path, frames.planes.shape, frames.planes.dtype.itemsize)
        spacing, unit = _spacing(file)
        told = _channels(file) | _times(file)
        pixels, axes = squeeze_planes(frames.planes, file.close)
        weakref.finalize(frames.planes, file.close)  # the library warns about files that are left open
    except BaseException:
        file.close()
        raise
    channels = told.pop("channels")
    name, source = (f"{path.stem} {part}", str(path / part)) if part else (path.stem, str(path))
    volume = to_volume(pixels, axes, spacing, unit, name=name, source=source, channels=channels)
    gaps = {"notes": [not_there(path.name, frames.announced, frames.missing, "frames")]} if frames.missing else {}
    return replace(volume, metadata={**volume.metadata, **told, **gaps})


class _Frames:
    """The frames of one position. A frame has all channels; a loop that is no time, z or position counts as time.

    Where recording was stopped, fewer frames are in the file than were ``announced``: those ``missing`` are black.
    """

    def __init__(self, file: Any, position: int) -> None:
        loops: tuple[dict[str, int], ...] = file.loop_indices or ({},)
        letters = list(loops[0])
        self._file = file
        others = [letter for letter in letters if letter not in "TZP"]
        sizes = {letter: 1 + max(loop[letter] for loop in loops) for letter in letters}
        self._times = [*(letter for letter in letters if letter == "T"), *others]
        times = math.prod(sizes[letter] for letter in self._times)
        self._numbers = {
            (self._time(loop, sizes), loop.get("Z", 0)): number
            for number, loop in enumerate(loops)
            if loop.get("P", 0) == position
        }
        attributes = file.attributes
        self._count = attributes.sequenceCount or len(loops)
        self.announced = len(self._numbers)
        axes_used = [axis for axis, n in (("t", times), ("z", sizes.get("Z", 1))) if n > 1]
        self.missing = [
            ", ".join(f"{axis} {at['tz'.index(axis)]}" for axis in axes_used)
            for at, number in self._numbers.items()
            if number >= self._count
        ]
        components, count = attributes.componentCount, attributes.channelCount or 1
        y, x = attributes.heightPx, attributes.widthPx
        rgb = components == 3 * count
        self._shape = (count, y, x, components // count)
        axes = "TZCYX" + ("S" if rgb else "")
        shape = (times, sizes.get("Z", 1), count if rgb else components, y, x, *((3,) if rgb else ()))
        self.planes = Planes(axes, shape, file.dtype, self._read)
        self._last: tuple[int, NDArray[Any]] | None = None

    def _time(self, loop: dict[str, int], sizes: dict[str, int]) -> int:
        found = 0
        for letter in self._times:
            found = found * sizes[letter] + loop[letter]
        return found

    def _read(self, at: tuple[int, ...], rows: slice, columns: slice) -> NDArray[Any]:
        t, z, c = at
        number = self._numbers[t, z]
        if number >= self._count:
            return np.zeros(self.planes.shape[3:], self.planes.dtype)[rows, columns]
        if self._last is None or self._last[0] != number:  # the channels of a frame may be packed together
            self._last = (number, np.asarray(self._file.read_frame(number)).reshape(self._shape))
        frame = self._last[1]
        samples = frame.shape[-1]
        chosen = frame[c] if self.planes.axes.endswith("S") else frame[c // samples, ..., c % samples]
        return chosen[rows, columns]


def _positions(file: Any) -> tuple[str, ...]:
    count = file.sizes.get("P", 1)
    return tuple(map(str, range(count))) if count > 1 else ()


def _spacing(file: Any) -> tuple[tuple[float, float, float], str]:
    """From the first channel; without a calibration there is no pixel size."""
    channels = _told(file)
    if channels and channels[0].volume.axesCalibrated[0]:
        x, y, z = (float(step) for step in channels[0].volume.axesCalibration)
        if are_steps((z, y, x)):
            return (z, y, x), MICROMETER
    return (1.0, 1.0, 1.0), PIXEL


def _channels(file: Any) -> dict[str, Any]:
    """Names, and colours as #rrggbb."""
    told = [one.channel for one in _told(file)]
    named = bool(told) and all(one.name for one in told)
    return {
        "channels": tuple(one.name for one in told) if named else (),
        "colors": [one.color.as_hex() for one in told],
    }


def _told(file: Any) -> Any:
    """What the file says of each channel; nothing where the library fails over it, in whatever way."""
    with suppress(Exception):
        return file.metadata.channels or ()
    return ()


def _times(file: Any) -> dict[str, Any]:
    """Seconds between frames, where they are the same between all."""
    periods = [loop.parameters.periodMs for loop in file.experiment if loop.type == "TimeLoop"]
    return {"seconds_per_frame": periods[0] / 1000} if len(periods) == 1 and periods[0] > 0 else {}
