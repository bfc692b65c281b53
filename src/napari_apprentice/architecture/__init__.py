"""Networks as data: settings, presets, and what follows from them without torch; `engine/nets` builds them."""

from __future__ import annotations

from napari_apprentice.architecture.fresh import FreshSettings
from napari_apprentice.architecture.net import NetSettings
from napari_apprentice.architecture.presets import PRESETS, Preset, PresetName, preset

__all__ = ["PRESETS", "FreshSettings", "NetSettings", "Preset", "PresetName", "preset"]
