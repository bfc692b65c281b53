"""Icons of tools: napari's own where it has the tool, ours in the same manner where it has not."""

from __future__ import annotations

from pathlib import Path

from napari.resources import get_colorized_svg, get_icon_path
from qtpy.QtCore import QByteArray, QSize, Qt
from qtpy.QtGui import QIcon, QPainter, QPixmap
from qtpy.QtSvg import QSvgRenderer


def svg(*paths: str) -> str:
    """An icon of 100 x 100 from the outlines that it is made of."""
    return "".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">',
            *(f'<path fill-rule="evenodd" d="{one}"/>' for one in paths),
            "</svg>",
        ]
    )


SETTINGS = svg(  # three sliders
    "M8 20h46v-8h14v8h24v10H68v8H54v-8H8z M8 46h14v-8h14v8h56v10H36v8H22v-8H8z",
    "M8 72h40v-8h14v8h30v10H62v8H48v-8H8z",
)


def icon(source: str, colour: str, faint: str, size: int = 20) -> QIcon:
    """The icon of a tool, ``faint`` while it cannot be used; sharp at ``size`` points also on dense screens.

    ``source``: SVG, or the name of an icon of napari.
    """
    found = QIcon()
    for scale in (1, 2):
        for mode, chosen in ((QIcon.Mode.Normal, colour), (QIcon.Mode.Disabled, faint)):
            found.addPixmap(_drawn(source, chosen, size, scale), mode)
    return found


def _drawn(source: str, colour: str, size: int, scale: int) -> QPixmap:
    pixmap = QPixmap(QSize(size * scale, size * scale))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    _renderer(source, colour).render(painter)
    painter.end()
    pixmap.setDevicePixelRatio(scale)
    return pixmap


def _renderer(source: str, colour: str) -> QSvgRenderer:
    drawn = source if source.startswith("<svg") else Path(get_icon_path(source)).read_text("utf-8")
    return QSvgRenderer(QByteArray(get_colorized_svg(drawn, colour).encode()))
