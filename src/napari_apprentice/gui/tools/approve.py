"""Say that what is seen is right: one object, the field of view, a slice, the image."""

from __future__ import annotations

from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tools.canvas import CanvasGestures, Gesture
from napari_apprentice.gui.tools.tool import UNDER_CURSOR, Place, Tool
from napari_apprentice.gui.tools.view import masks_of, under_cursor, visible_edges, voxel_at
from napari_apprentice.session.large_project_image import LargeProjectImage


class ApproveObjects(Tool):
    """The objects that are clicked are right."""

    name = "approve"
    about = "press here and click the objects that are right, or press A with the cursor on one"
    hint = "Click the objects that are right as they are."
    hint_for_classes = "Click the areas that are right as they are."
    place = "word"
    cursor = "cross"

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._gestures = CanvasGestures(label_layers, self._on_click)

    @property
    def title(self) -> str:
        """Classes have areas."""
        return "Approve object" if self._label_layers.session.kind == "instances" else "Approve area"

    def turn_on(self) -> None:
        """Clicks approve."""
        self._gestures.set_on(True)

    def turn_off(self) -> None:
        """Clicks are napari's again."""
        self._gestures.set_on(False)

    def _on_click(self, gesture: Gesture) -> None:
        point = voxel_at(self._label_layers, gesture.at, gesture.direction)
        self._label_layers.session.edits.approve_object(point)


class _Approval(Tool):
    """Approves at once."""

    place: Place = "menu"
    at_once = True

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers


class ApproveUnderCursor(_Approval):
    """The object under the cursor is right."""

    name = "approve object"
    title = "Approve the object"
    key = "A"
    place = ""
    heading = UNDER_CURSOR

    def turn_on(self) -> None:
        """Approve it."""
        self._label_layers.session.edits.approve_object(under_cursor(self._label_layers))


class ApproveView(_Approval):
    """What the canvas shows now is right; in a volume the slice that is shown."""

    name = "approve view"
    title = "Approve view"
    about = "what you see in the canvas now is right: objects, and background between them"
    key = "Shift-A"
    place = "word"

    def turn_on(self) -> None:
        """Approve it."""
        _approve_seen(self._label_layers, whole_plane=False)


class ApproveSlice(_Approval):
    """All of the slice that is shown is right."""

    name = "approve slice"
    title = "Approve this slice"

    def turn_on(self) -> None:
        """Approve it."""
        _approve_seen(self._label_layers, whole_plane=True)


class ApproveImage(_Approval):
    """Everything is right; of a large image all that is open."""

    name = "approve image"
    title = "Approve the whole image"

    def turn_on(self) -> None:
        """Approve it."""
        masks_of(self._label_layers)
        session = self._label_layers.session
        session.edits.approve_region((slice(None),) * 4)
        if isinstance(self._label_layers.entry, LargeProjectImage):
            session.message.emit(
                "All of the part that is open, the framed one, is confirmed now; the other parts are as they were."
            )


def _approve_seen(label_layers: LabelLayers, *, whole_plane: bool) -> None:
    _, axis_mapping = masks_of(label_layers)
    label_layers.session.edits.approve_region(axis_mapping.box(visible_edges(label_layers, whole_plane=whole_plane)))
