"""Polygons."""

from __future__ import annotations

from napari_apprentice.gui.tools.painting import BeginsObjects


class Polygon(BeginsObjects):
    """Paints what is encircled."""

    name = "polygon"
    title = "Polygon"
    napari_action = "napari:activate_labels_polygon_mode"
    more_keys = (("Enter", "Close the polygon"), ("Escape", "Begin it again"))
    hint = "Click around an object, double-click to close. Begun within an object it extends that one."
    hint_for_classes = "Click around an area, double-click to close: it gets the class that is chosen."
    icon = "polygon_lasso"
    mode = "polygon"
