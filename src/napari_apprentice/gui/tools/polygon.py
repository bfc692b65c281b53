"""Polygons."""

from __future__ import annotations

from napari_apprentice.gui.tools.painting import PaintingTool


class Polygon(PaintingTool):
    """Paints what is encircled."""

    name = "polygon"
    title = "Polygon"
    napari_action = "napari:activate_labels_polygon_mode"
    more_keys = (("Enter", "Close the polygon"), ("Escape", "Begin it again"))
    hint = "Click around an object, double-click to close."
    icon = "polygon_lasso"
    mode = "polygon"
