"""The shape of an object: fill its holes, smooth, grow and shrink it, by a click or a key with the cursor on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from napari_apprentice.gui.icons import svg
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tools.canvas import CanvasGestures, Gesture
from napari_apprentice.gui.tools.one_slice import one_slice
from napari_apprentice.gui.tools.tool import UNDER_CURSOR, Amount, Choice, Place, Switch, Tool
from napari_apprentice.gui.tools.view import slices_across, under_cursor, voxel_at
from napari_apprentice.session.shapes import Shapes

Do = Callable[..., None]  # with the shapes of a session, the point (t, z, y, x), ``one_slice`` and ``across``


class _OfShape(Tool):
    """One change, done at once to the object under the cursor."""

    place: Place = ""
    heading = UNDER_CURSOR
    at_once = True
    change: ClassVar[Do]  # what it does

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers

    def why_not(self) -> str:
        """What is missing."""
        return self._label_layers.session.shapes.why_not()

    def turn_on(self) -> None:
        """Do it."""
        shapes, across = self._label_layers.session.shapes, slices_across(self._label_layers)
        self.change(shapes, under_cursor(self._label_layers), across=across)


class FillHoles(_OfShape):
    """What the object encloses is part of it."""

    name = "fill holes"
    title = "Fill holes"
    about = "what the object encloses becomes part of it"
    key = "H"
    change = staticmethod(Shapes.fill_holes)


class Smooth(_OfShape):
    """Rounds the outline off."""

    name = "smooth"
    title = "Smooth"
    about = "round off spikes and notches; the object stays as large as it is"
    key = "O"
    change = staticmethod(Shapes.smooth)


class Grow(_OfShape):
    """Makes an object larger."""

    name = "grow"
    title = "Grow"
    about = "larger all around, up to the objects beside it"
    key = "."
    change = staticmethod(Shapes.grow)


class Shrink(_OfShape):
    """Makes an object smaller."""

    name = "shrink"
    title = "Shrink"
    about = "smaller all around; what it loses is background"
    key = ","
    change = staticmethod(Shapes.shrink)


CHANGES: tuple[type[_OfShape], ...] = (FillHoles, Smooth, Grow, Shrink)


class Shape(Tool):
    """Changes the objects that are clicked, in the way that is chosen."""

    name = "shape"
    title = "Shape"
    about = "fill holes of objects, smooth, grow and shrink them"
    key = "S"
    more_keys = (("Shift+click", "The object in its slice only"),)
    hint = "Choose what a click does to an object; Shift+click keeps to the slice. The keys do it with any tool."
    # an object that grows to all sides
    icon = svg(
        "M50 22a28 28 0 1 0 0.1 0z M50 31a19 19 0 1 1 -0.1 0z",
        "M50 2l11 13h-22z M50 98l11 -13h-22z M2 50l13 -11v22z M98 50l-13 -11v22z",
    )
    cursor = "cross"

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._shapes = label_layers.session.shapes
        self._changes = {one.title: one for one in (kind(label_layers) for kind in CHANGES)}
        self._chosen = next(iter(self._changes))
        self._gestures = CanvasGestures(label_layers, self._on_click)

    @property
    def choices(self) -> Sequence[Choice]:
        """What a click does."""
        options = {title: f"{one.about} ({one.key} with the cursor on it)" for title, one in self._changes.items()}
        return (Choice("change", options, self._chosen, self._choose),)

    @property
    def amounts(self) -> Sequence[Amount]:
        """By how much."""
        about = "How far an object grows or shrinks, and half the width of what is smoothed away"
        return (Amount("by", self._shapes.unit, about, self._shapes.distance, self._set_distance),)

    @property
    def switches(self) -> Sequence[Switch]:
        """Whether objects of a volume are taken as a whole."""
        about = "The object in the slice that is shown, not in those above and below; also for the keys"
        return one_slice(
            self._label_layers, about, self._shapes.one_slice, lambda on: setattr(self._shapes, "one_slice", on)
        )

    def is_offered(self) -> bool:
        """Areas of classes have no shape of their own."""
        return self._label_layers.session.kind == "instances"

    def why_not(self) -> str:
        """What is missing."""
        return self._shapes.why_not()

    def turn_on(self) -> None:
        """Clicks change objects."""
        self._gestures.set_on(True)

    def turn_off(self) -> None:
        """Clicks are napari's again."""
        self._gestures.set_on(False)

    def _choose(self, title: str) -> None:
        self._chosen = title

    def _set_distance(self, value: float) -> None:
        self._shapes.distance = value

    def _on_click(self, gesture: Gesture) -> None:
        point = voxel_at(self._label_layers, gesture.at, gesture.direction)
        change = self._changes[self._chosen].change
        one_slice = True if "Shift" in gesture.modifiers else None
        change(self._shapes, point, one_slice=one_slice, across=slices_across(self._label_layers))
