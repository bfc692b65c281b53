"""How networks that were made elsewhere say what is where. They are not taught here: they decode, and do not encode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import edt
import numpy as np
from scipy import ndimage

from napari_apprentice.data.geometry.basins import basins, flood
from napari_apprentice.data.labels.corrections import Confirmed, Labels, Mask
from napari_apprentice.data.labels.instances import finite, smooth_distance
from napari_apprentice.data.representations.affinities import Affinities
from napari_apprentice.data.representations.instances import InstanceRepresentation
from napari_apprentice.data.representations.representation import EVEN, Channel, Representation, Spacing, Values
from napari_apprentice.settings import DecodeSettings, Triple

_SEED = 0.5  # by which foreground is above boundary inside an object


class _OfOthers(InstanceRepresentation):
    """Objects, of which nothing is taught."""

    choices = {}

    def encode(
        self, labels: Labels, confirmed: Confirmed, spacing: Spacing = EVEN, whole: Mask | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Never asked for: `data.models.why_not_known` comes first."""
        raise NotImplementedError


@dataclass(frozen=True)
class Foreground(_OfOthers):
    """Foreground alone: objects that touch are parted where they are narrow, by the distance to the outline."""

    name = "foreground"
    channels = (Channel("foreground"),)

    def separate(self, values: Values, inside: Mask, settings: DecodeSettings, spacing: Spacing = EVEN) -> Values:
        """Basins of log-distance, measured slice by slice in what is foreground, that rise by ``prominence``."""
        height = np.zeros(inside.shape, np.float32)
        for z in np.flatnonzero(inside.any(axis=(1, 2))):
            distance = edt.edt(np.ascontiguousarray(inside[z]), black_border=False, parallel=1)
            height[z] = np.log1p(finite(distance))
        return basins(smooth_distance(height), inside, settings.prominence)


@dataclass(frozen=True)
class Boundaries(_OfOthers):
    """Foreground and the boundary of each object: what lies inside boundaries grows until it meets."""

    name = "boundaries"
    channels = Channel("foreground"), Channel("boundary")

    def separate(self, values: Values, inside: Mask, settings: DecodeSettings, spacing: Spacing = EVEN) -> Values:
        """A watershed from where foreground is above boundary by a half; parts without such a place are one object."""
        over = np.asarray(values[0], np.float32) - np.asarray(values[1], np.float32)
        marks, count = ndimage.label(inside & (over >= _SEED))
        found = flood(over, marks.astype(np.int32), inside)
        left, _ = ndimage.label(inside & (found == 0))
        return np.where(left > 0, left + count, found)


@dataclass(frozen=True)
class GivenAffinities(Affinities):
    """Foreground and affinities of pairs as far apart as ``pairs`` says, those of neighbours first."""

    pairs: tuple[Triple, ...] = ()
    choices = {}

    @property
    def offsets(self) -> tuple[Triple, ...]:
        """As given."""
        return self.pairs

    @property
    def near(self) -> int:
        """Those of one step."""
        return sum(is_near(offset) for offset in self.pairs)


def is_near(offset: Sequence[int]) -> bool:
    """Whether a pair is of neighbours."""
    return sum(map(abs, offset)) == 1


def elsewhere(name: str, dims: Literal[2, 3], offsets: tuple[Triple, ...]) -> Representation | None:
    """The representation of that name that only networks made elsewhere have; None for the others."""
    if name == "affinities" and offsets:
        return GivenAffinities(dims, offsets)
    return {"foreground": Foreground(), "boundaries": Boundaries()}.get(name)
