"""A labels layer whose strokes have the id that is meant: that of the object they begin in, or a new one.

The first place of a stroke decides (`session.edits.id_to_paint`), before anything is painted; an id that was chosen by
hand, with the picker, the field or *New object*, is what the next stroke paints wherever it begins. What is painted is
what `selected_label` shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from napari.layers import Labels

from napari_apprentice.errors import UserError
from napari_apprentice.gui.bound_labels import Binding, BoundLabels


class StrokeLabels(BoundLabels):
    """Brush and polygon begin and extend objects while the layer is bound.

    Parameters
    ----------
    data, binding, why_not_edit, **options
        As for `labels_layer.ApprenticeLabels`.
    """

    def __init__(self, data: Any, *, binding: Binding | None = None, why_not_edit: str = "", **options: Any) -> None:
        self._selected_is_new = False  # no object has the selected id yet
        self._by_hand = False  # the selected id was chosen since the last stroke
        self._painted: int | None = None  # by the stroke under way
        self._polygon_id_known = False
        super().__init__(data, binding=binding, why_not_edit=why_not_edit, **options)
        if binding is not None and not why_not_edit:
            self._overlays["polygon"].events.points.connect(self._on_polygon)

    # the id that is selected

    @property
    def selected_label(self) -> int:
        """The id that is painted."""
        return int(Labels.selected_label.fget(self))

    @selected_label.setter
    def selected_label(self, value: int) -> None:
        """What napari takes for a new id, one more than those it sees, may be in use where nothing is open."""
        binding = self._binding
        if binding is not None and binding.entry.labels.shape != binding.entry.shape:
            free = binding.entry.next_id()
            if value < free and value == int(binding.entry.labels.max()) + 1:
                value = free
        Labels.selected_label.fset(self, value)
        self._selected_is_new = binding is not None and value > binding.entry.labels.max()
        self._by_hand = binding is not None

    def select(self, value: int) -> None:
        """Show the id that is painted if nobody chooses another one."""
        self.selected_label = value
        self._by_hand = False

    def keep_selected_new(self) -> None:
        """Labels came from elsewhere: an id that was selected for a new object is another one, if it was taken."""
        binding = self._binding
        if binding is None or binding.session.kind != "instances":
            return
        is_taken = bool((binding.entry.labels == self.selected_label).any())
        if is_taken and self._selected_is_new:
            by_hand = self._by_hand
            self.select(binding.entry.next_id())
            self._by_hand = by_hand
        else:
            self._selected_is_new = not is_taken

    def redo(self) -> None:
        """Do a step again; what it painted is what the brush goes on with."""
        self._selected_is_new = False
        super().redo()

    # strokes

    @contextmanager
    def block_history(self) -> Iterator[None]:
        """Edits inside are one undo step, and of one object."""
        self._painted = None
        try:
            with super().block_history():
                yield
        finally:
            self._painted = None

    def _begin_stroke(self) -> None:
        self._painted = None
        super()._begin_stroke()

    def _draw(self, new_label: int, last_cursor_coord: Any, coordinates: Any) -> None:
        """Paint where the mouse goes; in the 3D view napari looks up the voxel there, and beside the image is none."""
        if self._slice_input.ndisplay == 3:
            last_cursor_coord, coordinates = self._inside(last_cursor_coord), self._inside(coordinates)
        if coordinates is not None and new_label > 0 and str(self.mode) == "paint":
            new_label = self._id_of_stroke(new_label, coordinates)
        super()._draw(new_label, last_cursor_coord, coordinates)

    def _id_of_stroke(self, selected: int, at: Sequence[float]) -> int:
        """What the stroke under way paints; its first place ``at`` decides."""
        if self._painted is None:
            paints = self._slice_input.ndisplay == 2 or self.data[tuple(np.round(at).astype(int))] != 0
            if not paints or not self._is_open_at(at):
                return selected
            self._select_for(at)
            self._by_hand = False
            self._painted = self.selected_label
        return self._painted

    @property
    def polygon_begun(self) -> bool:
        """Whether a polygon is being drawn."""
        return not self._why_not_edit and len(self._overlays["polygon"].points) > 0

    def _on_polygon(self, event: object = None) -> None:
        """The first corner decides, so that the polygon has the colour of what it paints from then on."""
        if not self.polygon_begun:
            self._polygon_id_known = False
        elif not self._polygon_id_known:
            self._polygon_id_known = True
            corner = np.floor(self._overlays["polygon"].points[0])
            if self.selected_label > 0 and self._is_open_at(corner):
                self._select_for(corner)

    def paint_polygon(self, points: Any, new_label: int) -> None:
        """Paint a polygon, where the part of the image that is shown is open."""
        if self._is_open_at(points[0]):
            super().paint_polygon(points, new_label)
            self._by_hand = False

    def _select_for(self, at: Sequence[float]) -> None:
        """Select what is painted from this place in the layer's data, if nobody chose an id."""
        binding = self._binding
        if binding is None or self._by_hand:
            return
        point = binding.axis_mapping.point([round(float(i)) for i in at])
        edits = binding.session.edits
        self.select(edits.id_to_paint(binding.entry, point, self.selected_label))

    # where

    def _inside(self, coord: Any) -> Any:
        """A place in the data; None of one beside them."""
        if coord is None:
            return None
        inside = all(0 <= round(float(at)) < n for at, n in zip(coord, self.data.shape, strict=True))
        return coord if inside else None

    def _is_open_at(self, coord: Sequence[float]) -> bool:
        """Whether the slice that is shown is in the data: of a large image another frame or depth may be open."""
        if self._binding is None:
            return True
        self._refuse()
        hidden = self._slice_input.not_displayed
        return all(0 <= round(float(coord[axis])) < self.data.shape[axis] for axis in hidden)

    def _refuse(self) -> None:
        if self._why_not_edit:
            raise UserError(self._why_not_edit)
