"""Units of length, as files and napari spell them."""

from __future__ import annotations

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
_IN_MICROMETERS = {"nm": 1e-3, "um": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6, "Å": 1e-4, "in": 25400.0}


def plain_unit(text: str | None) -> str:
    """One spelling per unit ("micron" and "µm" are "um"); "pixel" for nothing, and for what is not a length."""
    wanted = (text or "").strip()
    for unit, spellings in _SPELLINGS.items():
        if wanted in spellings or wanted.lower() in spellings:
            return unit
    return PIXEL


def micrometers(unit: str) -> float | None:
    """How many micrometers one unit is; None for pixels."""
    return _IN_MICROMETERS.get(plain_unit(unit))
