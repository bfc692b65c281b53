"""Icons of tools: napari's own where it has the tool, ours in the same manner where it has not."""

from __future__ import annotations

from pathlib import Path

from napari.resources import get_colorized_svg, get_icon_path
from qtpy.QtCore import QByteArray, QSize, Qt
from qtpy.QtGui import QIcon, QPainter, QPixmap
from qtpy.QtSvg import QSvgRenderer

_HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">'
_OURS = {
    # a brush stroke that goes round a cell
    "background": f"{_HEAD}"
    '<path fill-rule="evenodd" d="M8 8h84v84H8z M50 26a24 24 0 1 0 0 48a24 24 0 1 0 0 -48z"/></svg>',
    # a pointer on a cell with a plus
    "click": f"{_HEAD}"
    '<path d="M42 6a36 36 0 1 0 0 72a36 36 0 0 0 8 -1l-3 -9a27 27 0 1 1 21 -30l10 1a36 36 0 0 0 -36 -33z"/>'
    '<path d="M46 44l44 17l-19 7l-8 20z"/></svg>',
    # a tick on an object
    "approve": f'{_HEAD}<path d="M14 52l10 -10l18 18l36 -40l11 10l-47 52z"/></svg>',
    # a tick in a frame
    "view": f"{_HEAD}"
    '<path d="M6 6h26v9H15v17H6z M68 6h26v26h-9V15H68z M6 68h9v17h17v9H6z M85 68h9v26H68v-9h17z"/>'
    '<path d="M26 52l8 -8l12 12l26 -29l8 8l-34 38z"/></svg>',
    # three sliders
    "settings": f"{_HEAD}"
    '<path d="M8 20h46v-8h14v8h24v10H68v8H54v-8H8z M8 46h14v-8h14v8h56v10H36v8H22v-8H8z"/>'
    '<path d="M8 72h40v-8h14v8h30v10H62v8H48v-8H8z"/>'
    "</svg>",
    "new": f'{_HEAD}<path d="M43 14h14v29h29v14H57v29H43V57H14V43h29z"/></svg>',
}
_NAPARI = {
    "pan": "pan_arrows",
    "paint": "paint",
    "erase": "erase",
    "fill": "fill",
    "polygon": "polygon_lasso",
    "pick": "picker",
    "show": "visibility",
}


def icon(name: str, colour: str, faint: str, size: int = 20) -> QIcon:
    """The icon of a tool, ``faint`` while it cannot be used; sharp at ``size`` points also on dense screens."""
    found = QIcon()
    for scale in (1, 2):
        for mode, chosen in ((QIcon.Mode.Normal, colour), (QIcon.Mode.Disabled, faint)):
            found.addPixmap(_drawn(name, chosen, size, scale), mode)
    return found


def _drawn(name: str, colour: str, size: int, scale: int) -> QPixmap:
    pixmap = QPixmap(QSize(size * scale, size * scale))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    _renderer(name, colour).render(painter)
    painter.end()
    pixmap.setDevicePixelRatio(scale)
    return pixmap


def _renderer(name: str, colour: str) -> QSvgRenderer:
    source = _OURS[name] if name in _OURS else Path(get_icon_path(_NAPARI[name])).read_text()
    return QSvgRenderer(QByteArray(get_colorized_svg(source, colour).encode()))
