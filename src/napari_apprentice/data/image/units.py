"""Units of length, as files and napari spell them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

PIXEL = "pixel"
MICROMETER = "um"

_SPELLINGS = {
    "nm": ("nm", "nanometer", "nanometre", "nanometers"),
    "um": ("um", "µm", "μm", "micron", "microns", "micrometer", "micrometre", "micrometers", "\\u00b5m"),
    "mm": ("mm", "millimeter", "millimetre", "millimeters"),
    "cm": ("cm", "centimeter", "centimetre", "centimeters"),
    "m": ("m", "meter", "metre", "meters"),
    "Å": ("å", "Å", "angstrom", "ångström"),
    "in": ("in", "inch", "inches"),
}
UNITS = tuple(_SPELLINGS)
_SHORTEST, _LONGEST = 1e-12, 1e9  # of a step in its unit: an atom in metres, a metre in nanometres
_IN_MICROMETERS = {"nm": 1e-3, "um": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6, "Å": 1e-4, "in": 25400.0}


def plain_unit(text: str | None) -> str:
    """One spelling per unit ("micron" and "µm" are "um"); "pixel" for nothing, and for what is not a length."""
    wanted = (text or "").strip()
    for unit, spellings in _SPELLINGS.items():
        if wanted in spellings or wanted.lower() in spellings:
            return unit
    return PIXEL


def are_steps(lengths: Iterable[float]) -> bool:
    """Whether numbers can be distances between voxels: finite, positive and not beyond what any instrument resolves."""
    return all(math.isfinite(length) and _SHORTEST <= length <= _LONGEST for length in lengths)


def in_unit_of_x(steps: Sequence[float], units: Sequence[str]) -> tuple[tuple[float, float, float], str]:
    """Steps (z, y, x), each in a unit of its own, in that of x; what has no unit of length stays as it is."""
    plain = [plain_unit(unit) for unit in units]
    into = micrometers(plain[2])
    found = [
        step if into is None or (own := micrometers(unit)) is None or unit == plain[2] else step * own / into
        for step, unit in zip(steps, plain, strict=True)
    ]
    return (found[0], found[1], found[2]), plain[2]


def millimeters(unit: str) -> float:
    """How many millimetres one unit is, as affines want them; pixels count as millimetres."""
    return (micrometers(unit) or 1000.0) / 1000.0


def micrometers(unit: str) -> float | None:
    """How many micrometers one unit is; None for pixels."""
    return _IN_MICROMETERS.get(plain_unit(unit))
