"""Images with objects of every kind, drawn by kind so that no set is more than its share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from apprentice_lab.recipes.images import luminance, read_stacks
from apprentice_lab.recipes.sections import PARTS
from apprentice_lab.sets import pictures, training_part
from napari_apprentice.engine.practice.scenes import Scene, scene

# Sets whose labels may train weights, and the share of each; dsb2018 counts by kind of image.
SHARES = {
    "fluo_small": 0.08,
    "fluo_medium": 0.05,
    "fluo_large": 0.05,
    "fluo_tissue": 0.04,
    "fluo_embryo": 0.02,
    "histo_purple_on_purple": 0.05,
    "histo_purple_on_white": 0.04,
    "brightfield_cytology_gray": 0.04,
    "bbbc039": 0.06,
    "tissue_dapi16": 0.07,
    "histology_tnbc": 0.05,
    "usiigaci_phase": 0.10,
    "pfc_neurons": 0.05,
    "axons_tem_srf": 0.08,
    "chloroplasts_sem": 0.05,
    "em_fib25": 0.07,
    "rendered": 0.10,
}
_SETS = (
    "dsb2018",
    "bbbc039",
    "tissue_dapi16",
    "histology_tnbc",
    "usiigaci_phase",
    "pfc_neurons",
    "axons_tem_srf",
    "chloroplasts_sem",
)
_SECTIONS = 10  # every so many sections of a stack one is taken


def read_scenes(data: Path, split: str, leave_out: Sequence[str] = ()) -> list[Scene]:
    """All scenes of a split, "train", "fold" (held out of train) or "dev", but those of the kinds in ``leave_out``."""
    found = [one for name in _SETS if name not in leave_out for one in _images(data / name, split)]
    if "em_fib25" not in leave_out:
        found += _sections(data / "em_fib25", split)
    return [one for one in found if one.objects and one.kind not in leave_out]


class Draw:
    """Draws scenes: a kind by its share, within a kind by the root of how many objects there are."""

    def __init__(self, scenes: Sequence[Scene]) -> None:
        self._by_kind: dict[str, list[Scene]] = {}
        for one in scenes:
            self._by_kind.setdefault(one.kind, []).append(one)
        self._kinds = sorted(self._by_kind)
        shares = np.array([SHARES[kind] for kind in self._kinds])
        self._shares = shares / shares.sum()
        self._weights = {
            kind: np.sqrt([len(one.objects) for one in of_kind]) for kind, of_kind in self._by_kind.items()
        }

    def __call__(self, rng: np.random.Generator) -> Scene:
        """One scene."""
        kind = self._kinds[rng.choice(len(self._kinds), p=self._shares)]
        weights = self._weights[kind]
        return self._by_kind[kind][rng.choice(len(weights), p=weights / weights.sum())]


def _images(folder: Path, split: str) -> list[Scene]:
    found = []
    for picture in training_part(folder, split):
        volume, labels = picture.read()
        channels = np.asarray(volume.pixels)[0]
        for z in range(0, channels.shape[1], _SECTIONS):
            gray = channels[0, z] if len(channels) == 1 else luminance(np.moveaxis(channels[:, z], 0, -1))
            kind = picture.kind if folder.name == "dsb2018" else folder.name
            found.append(scene(picture.name, kind, gray, labels[0, z]))
    return found


def _sections(folder: Path, split: str) -> list[Scene]:
    """Sections of em_fib25, parted along z as `sections` does."""
    given, part = PARTS[split]
    (stack,) = read_stacks(pictures(folder, given))
    return [
        scene(f"section {z}", folder.name, stack.pixels[z], stack.labels[z])
        for z in range(*part.indices(len(stack.labels)))[::_SECTIONS]
    ]
