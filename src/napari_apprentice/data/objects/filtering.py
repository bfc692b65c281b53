"""Which objects a filter removes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.objects import names
from napari_apprentice.data.objects.table import ObjectTable
from napari_apprentice.errors import UserError
from napari_apprentice.settings import FilterSettings


def removed_by(table: ObjectTable, settings: FilterSettings) -> NDArray[np.bool_]:
    """Which rows lie outside the ranges, which belong to a filter's result; ranges hold their ends.

    What reaches beyond the open part of a large image is never among them: how large it is is not known. `UserError`
    for a channel that the image does not have.
    """
    out = _outside(table.columns[table.size], settings.min_size, settings.max_size)
    if settings.min_intensity is not None or settings.max_intensity is not None:
        if not 0 <= settings.intensity_channel < len(table.intensities):
            raise UserError(
                f"There is no channel {settings.intensity_channel}: choose from 0 to {len(table.intensities) - 1}."
            )
        values = table.columns[table.intensities[settings.intensity_channel]]
        out |= _outside(values, settings.min_intensity, settings.max_intensity)
    if settings.touching_border:
        out |= table.columns[names.BORDER] > 0
    removed: NDArray[np.bool_] = out & ~table.is_cut
    return removed


def _outside(values: NDArray[np.float64], low: float | None, high: float | None) -> NDArray[np.bool_]:
    out = np.zeros(len(values), bool)
    if low is not None:
        out |= values < low
    if high is not None:
        out |= values > high
    return out
