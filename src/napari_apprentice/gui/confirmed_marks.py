"""What is confirmed, as it is drawn: objects have a firm outline, background is hatched; in 3D they are solid."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND, KEPT

HATCH, OUTLINE, DOTS = 1, 2, 3  # background, objects confirmed, objects kept
_HATCH_EVERY = 8  # px
_WIDTH_AT = 800  # px of a slice for each pixel of an outline's width, so that it is seen when all of the slice is


class ConfirmedMarks:
    """`marks` of the slice that is asked for, as an array for a labels layer: it takes no memory of its own.

    Parameters
    ----------
    labels, confirmed
        Views of an entry's arrays as a layer shows them, of one shape; the memory is shared.
    """

    dtype: np.dtype[Any] = np.dtype(np.uint8)

    def __init__(self, labels: NDArray[np.uint32], confirmed: NDArray[np.uint8]) -> None:
        self.labels, self.confirmed = labels, confirmed
        self.shape, self.ndim, self.size = labels.shape, labels.ndim, labels.size

    def __getitem__(self, key: Any) -> NDArray[Any]:
        return self._drawn(np.asarray(self.labels[key]), np.asarray(self.confirmed[key]))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self[...].astype(dtype or self.dtype)

    @staticmethod
    def _drawn(labels: NDArray[np.uint32], confirmed: NDArray[np.uint8]) -> NDArray[Any]:
        return marks(labels, confirmed)


class ConfirmedBodies(ConfirmedMarks):
    """The labels of what is confirmed, for the 3D view."""

    dtype: np.dtype[Any] = np.dtype(np.uint32)

    @staticmethod
    def _drawn(labels: NDArray[np.uint32], confirmed: NDArray[np.uint8]) -> NDArray[Any]:
        return np.where(confirmed == AS_LABELLED, labels, np.uint32(0))


def marks(labels: NDArray[np.uint32], confirmed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`HATCH`, `OUTLINE`, `DOTS` or 0 for each pixel of a slice (..., y, x); touching objects have an outline each."""
    drawn = np.zeros(labels.shape, np.uint8)
    if labels.ndim != 2:
        drawn[...] = np.array([0, HATCH, OUTLINE, DOTS], np.uint8)[confirmed]
        return drawn
    width = max(1, round(max(labels.shape) / _WIDTH_AT))
    box = _box(confirmed)
    part, said = drawn[box], confirmed[box]
    part[(said == BACKGROUND) & (_diagonal(box, _HATCH_EVERY) == 0)] = HATCH
    rim = _rim(np.where(said >= AS_LABELLED, labels[box], np.uint32(0)), width)
    part[rim & (said == AS_LABELLED)] = OUTLINE
    part[rim & (said == KEPT) & (_diagonal(box, 4 * width) < 2 * width)] = DOTS
    return drawn


def _diagonal(box: tuple[slice, slice], period: int) -> NDArray[np.uint16]:
    """How far along the diagonal each pixel is, anew after each period."""
    rows, columns = (np.arange(span.start, span.stop) % period for span in box)
    return np.add.outer(rows.astype(np.uint16), columns.astype(np.uint16)) % period


def _box(confirmed: NDArray[np.uint8]) -> tuple[slice, slice]:
    """Where anything is confirmed."""
    spans = []
    for axis in (1, 0):
        (there,) = np.nonzero(confirmed.any(axis=axis))
        spans.append(slice(int(there[0]), int(there[-1]) + 1) if there.size else slice(0, 0))
    return spans[0], spans[1]


def _rim(labels: NDArray[np.uint32], width: int) -> NDArray[np.bool_]:
    """Whether another label, or the border, lies within ``width`` pixels along the row or the column."""
    rim = np.zeros(labels.shape, bool)
    rim[:width], rim[-width:], rim[:, :width], rim[:, -width:] = True, True, True, True
    for step in {1, width}:
        down, right = labels[step:] != labels[:-step], labels[:, step:] != labels[:, :-step]
        rim[step:] |= down
        rim[:-step] |= down
        rim[:, step:] |= right
        rim[:, :-step] |= right
    return rim
