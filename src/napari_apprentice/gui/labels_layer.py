"""The labels layer whose memory is the session's: every edit says what it confirms, undo is the session's.

napari's brushes, fills and polygons all end in `Labels._apply_mask_to_data`, with the voxels in a box and a mask over
it; that is where they are reported, also those that had the value already. napari's own history stays empty. All
private names that this rests on stand in `napari_names`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray

from napari_apprentice.errors import UserError
from napari_apprentice.gui.axis_mapping import AxisMapping
from napari_apprentice.gui.bound_labels import Binding
from napari_apprentice.gui.stroke_labels import StrokeLabels
from napari_apprentice.session import ProjectImage, Session


class ApprenticeLabels(StrokeLabels):
    """A napari Labels layer that reports to a session while it is bound, and is an ordinary one afterwards.

    Parameters
    ----------
    data
        `AxisMapping.view` of the entry's labels when bound: the memory is shared.
    binding
        Whose labels these are; None for an ordinary labels layer.
    why_not_edit
        The sentence with which strokes are refused (`napari_names.why_not_edit`); "" where they can be recorded.
    **options
        As for `napari.layers.Labels`.
    """

    def __init__(self, data: Any, *, binding: Binding | None = None, why_not_edit: str = "", **options: Any) -> None:
        self._writing = False
        self._filling = False
        self._painted_at: Sequence[float] | None = None  # by the brush, while it paints
        super().__init__(data, binding=binding, why_not_edit=why_not_edit, **options)

    @classmethod
    def showing(
        cls, session: Session, entry: ProjectImage, axis_mapping: AxisMapping, **options: Any
    ) -> ApprenticeLabels:
        """The layer of an image's labels, sharing their memory."""
        return cls(axis_mapping.view(entry.labels), binding=Binding(session, entry, axis_mapping), **options)

    def reopen(self) -> None:
        """Show the part of a large image that is open now: the entry's arrays are others."""
        if self._binding is not None:
            if self.polygon_begun:  # in the part before
                self._overlays["polygon"].points = []
            Labels.data.fset(self, self._binding.axis_mapping.view(self._binding.entry.labels))

    @property
    def is_writing(self) -> bool:
        """Whether an edit of this layer is being recorded: what changes is shown already."""
        return self._writing

    # edits

    def paint(self, coord: Sequence[float], new_label: int, refresh: bool = True) -> None:
        """Paint, where the part of the image that is shown is open."""
        if self._is_open_at(coord):
            self._painted_at = coord
            try:
                super().paint(coord, new_label, refresh)
            finally:
                self._painted_at = None

    def fill(self, coord: Sequence[float], new_label: int, refresh: bool = True) -> None:
        """Fill, where the part of the image that is shown is open."""
        if self._is_open_at(coord):
            self._filling = True
            try:
                super().fill(coord, new_label, refresh)
            finally:
                self._filling = False

    def _apply_mask_to_data(
        self, data: NDArray[Any], mask: NDArray[np.bool_], new_label: int, volume_slice: tuple[slice, ...]
    ) -> NDArray[np.bool_] | None:
        if self._binding is None:
            return super()._apply_mask_to_data(data, mask, new_label, volume_slice)
        touched = np.array(mask)
        if self.preserve_labels:
            touched &= data == self._get_preserve_labels_source_label(new_label)
        self._leave_other_frames(touched, volume_slice)
        if not touched.any():
            return None
        indices = self._binding.axis_mapping.flat(self._binding.entry.labels.shape, volume_slice, touched)
        changed = touched & (data != new_label)
        before = data[touched]
        if not self._confirms_background(new_label):
            data[changed] = new_label
        self._record(indices, before, new_label)
        return changed if changed.any() else None

    def _leave_other_frames(self, touched: NDArray[np.bool_], volume_slice: tuple[slice, ...]) -> None:
        """In a turned view the third dimension of a ball may be time: it stays in the frame that is shown."""
        axes = "" if self._binding is None else self._binding.axis_mapping.axes
        axis = axes.find("T")
        if self._painted_at is None or axis < 0 or axis in self._slice_input.displayed:
            return
        here = round(float(self._painted_at[axis])) - (volume_slice[axis].start or 0)
        frames = np.arange(touched.shape[axis]).reshape([-1 if i == axis else 1 for i in range(touched.ndim)])
        touched &= frames == here

    def _get_flood_mask_and_bbox(self, coord: Sequence[float], new_label: int, dims_to_paint: list[int]) -> Any:
        """Filling an object with its own id changes nothing, but confirms it."""
        at = tuple(np.round(coord).astype(int))
        inside = all(0 <= i < n for i, n in zip(at, self.data.shape, strict=True))
        if self._binding is not None and inside and new_label > 0 and self.data[at] == new_label:
            return super()._get_flood_mask_and_bbox(coord, new_label + 1, dims_to_paint)
        return super()._get_flood_mask_and_bbox(coord, new_label, dims_to_paint)

    def data_setitem(self, indices: tuple[Any, ...], value: Any, refresh: bool = True) -> None:
        """Set voxels to values as one edit: the way of other plugins."""
        if self._binding is None:
            super().data_setitem(indices, value, refresh)
            return
        self._refuse()
        flat = self._binding.axis_mapping.flat_of(self._binding.entry.labels.shape, indices)
        before = np.asarray(self.data[indices])
        values = np.broadcast_to(np.asarray(value), before.shape)
        self.data[indices] = value
        with self._binding.session.edits.stroke():
            for one in np.unique(values):
                self._record(flat[values == one], before[values == one], int(one))
        if refresh:
            self.refresh(extent=False)

    @property
    def data(self) -> Any:
        """The labels, sharing memory with the session's while bound."""
        return Labels.data.fget(self)

    @data.setter
    def data(self, data: Any) -> None:
        """New values for all voxels are an edit: they are copied in, so that the memory stays shared."""
        if self._binding is None:
            Labels.data.fset(self, data)
            return
        new = np.asarray(data)
        if new.shape != self.data.shape:
            raise UserError(
                f"{self.name} has shape {self.data.shape} and cannot take labels of shape {new.shape}: "
                "add them as a layer of their own."
            )
        changed = np.nonzero(new != self.data)
        self.data_setitem(changed, new[changed])

    def _confirms_background(self, new_label: int) -> bool:
        return self.background_brush and new_label == 0

    def _record(self, indices: NDArray[np.int64], before: NDArray[Any], value: int) -> None:
        if self._binding is None:
            return
        session, entry = self._binding.session, self._binding.entry
        if session.current is not entry:
            session.choose_image(entry)
        self._writing = True
        try:
            if self._confirms_background(value):
                session.edits.paint_background(indices)
            else:
                session.edits.record_paint(indices, before, value, filled=self._filling)
                self._selected_is_new &= value != self.selected_label
        finally:
            self._writing = False
