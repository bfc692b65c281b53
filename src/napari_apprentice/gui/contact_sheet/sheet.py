"""The page of a review that is shown, over the canvas: a look says which of its objects are wrong."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from napari_apprentice.errors import UserError
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.contact_sheet.card import Card
from napari_apprentice.gui.contact_sheet.colours import LOOKS, ChannelLayersOf, ShownColours
from napari_apprentice.gui.contact_sheet.grid import Grid, grid_in
from napari_apprentice.gui.contact_sheet.pictures import picture_of
from napari_apprentice.gui.theme import Palette, stylesheet
from napari_apprentice.gui.tools.review import ApproveAndNext, NextDoubtful, PreviousDoubtful
from napari_apprentice.gui.tools.tools import Tools
from napari_apprentice.gui.widgets.buttons import button
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.session.doubtful_places import DoubtfulPlace
from napari_apprentice.session.pages import MOST
from napari_apprentice.session.review_page import Mark, ReviewPage, is_open
from napari_apprentice.session.suggestion import Suggestion

HELP = (
    "Which are wrong? Press the number, or click: once to correct it as drawn in blue, again to look at it by itself. "
    "R after the number: there is no object."
)
_DIGITS = {Qt.Key.Key_1 + place: place + 1 for place in range(MOST)}
_SETTLE_S = 0.25  # a page that was shown for less was not looked at: the key was meant for the one before
_EDGE_PX = 8
_MODIFIERS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier


class ContactSheet(QFrame):
    """Lies on the canvas while there is a page, and takes the keys that are pressed there."""

    def __init__(self, tools: Tools, channel_layers: ChannelLayersOf) -> None:
        super().__init__()
        self._tools = tools
        self._label_layers = tools.label_layers
        self._pages = tools.label_layers.session.pages
        self._colours = ShownColours(tools.label_layers, channel_layers)
        self._canvas: QWidget | None = None
        self._grid = Grid(0, 1, 1, 1)
        self._drawn: dict[int, tuple[Any, ...]] = {}  # what the picture of each number was made of
        self._shown_at = 0.0
        of_review = (tool.key[-1] for tool in tools.all.values() if tool.heading == ApproveAndNext.heading)
        self._letters = {one for one in of_review if one.isalpha()}  # keys that tools hear while there is a page
        self.setAutoFillBackground(True)
        self.setObjectName("sheet")
        self.help = muted(HELP)
        self.room = QWidget()
        self.cards = [Card(number, self._on_pressed) for number in range(1, MOST + 1)]
        for card in self.cards:
            card.setParent(self.room)
        self.approve = button("", lambda: tools.use(ApproveAndNext.name), role="main")
        self.skip = button(f"Skip ({NextDoubtful.key})", lambda: tools.use(NextDoubtful.name), tip="Nothing is said")
        self.back = button("◂", lambda: tools.use(PreviousDoubtful.name), tip="The page before (Shift+N)")
        self.leave = button("Close (Esc)", self._pages.close, tip="One by one again")
        self.back.setFixedWidth(30)
        self._build()
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.timeout.connect(self._draw)
        self._connections = Connections()
        session = tools.label_layers.session
        self._connections.add(session.paging, self._on_paging)
        self._connections.add(session.page_changed, self._on_page_changed)
        self._connections.add(tools.label_layers.viewer.layers.events, self._on_layer)
        self._connections.add(tools.label_layers.viewer.dims.events.current_step, self._draw_soon)
        self.hide()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(_EDGE_PX, _EDGE_PX, _EDGE_PX, _EDGE_PX)
        column.setSpacing(6)
        below = QHBoxLayout()
        below.setSpacing(4)
        below.addWidget(self.back)
        below.addWidget(self.approve, 1)
        below.addWidget(self.skip)
        below.addWidget(self.leave)
        self.room.installEventFilter(self)
        column.addWidget(self.help)
        column.addWidget(self.room, 1)
        column.addLayout(below)

    def lie_on(self, canvas: QWidget) -> None:
        """Cover a canvas from now on, and take its keys, while there is a page."""
        if canvas is self._canvas:
            return
        self._leave_canvas()
        self._canvas = canvas
        self.setParent(canvas.parentWidget())
        canvas.installEventFilter(self)
        self._fit()
        self._on_paging(self._pages.page)

    def set_palette(self, colours: Palette) -> None:
        """Follow the theme."""
        ground = f"QFrame#sheet {{ background: {colours.background}; }}"
        self.setStyleSheet(stylesheet(colours) + ground)

    def close(self) -> bool:
        """Go away for good."""
        self._connections.close()
        with suppress(RuntimeError):  # the window has ended it already
            self._again.stop()
            self._leave_canvas()
            self.hide()
            self.deleteLater()
        return True

    # what happens

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Follow the canvas; while a page is shown no key is for what lies under it."""
        kind = event.type()
        if watched is self.room:
            if kind == QEvent.Type.Resize:
                self._lay_out()
            return False
        if kind in (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show):
            self._fit()
        return kind == QEvent.Type.KeyPress and self._pages.page is not None and self._takes_key(event)

    def _takes_key(self, event: Any) -> bool:
        """Whether a key is done with: numbers mark, keys of the review go on, others do nothing."""
        key = event.key()
        if event.modifiers() & _MODIFIERS:
            return False
        if event.isAutoRepeat():
            return True
        if key == Qt.Key.Key_Escape:
            self._pages.close()
            return True
        if key in _DIGITS:
            self._on_pressed(_DIGITS[key])
            return True
        letter = chr(key) if 0 < key < 128 else ""
        is_plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
        if is_plain and letter == ApproveAndNext.key and time.monotonic() - self._shown_at < _SETTLE_S:
            return True
        return bool(letter) and letter not in self._letters

    def _on_pressed(self, number: int) -> None:
        try:
            self._pages.turn(number)
        except UserError as error:
            self._tools.troubled.emit(str(error))

    def _on_paging(self, page: ReviewPage | None) -> None:
        self._drawn.clear()
        if page is None:
            self.hide()
            return
        self._label_layers.activate()  # keys are heard there
        self._shown_at = time.monotonic()
        self._fit()
        self._draw()
        self.show()
        self.raise_()
        if self._canvas is not None:
            self._canvas.setFocus()

    def _on_page_changed(self, page: ReviewPage) -> None:
        if page is self._pages.page and self.isVisible():
            self._say(page)
            self._draw_soon()

    def _on_layer(self, event: Any) -> None:
        """Pictures look as their layers do."""
        if event.type in LOOKS:
            self._draw_soon()

    def _draw_soon(self) -> None:
        if self.isVisible():
            self._again.start(0)

    def _leave_canvas(self) -> None:
        if self._canvas is not None:
            self._canvas.removeEventFilter(self)
            self._canvas = None

    # showing

    def _fit(self) -> None:
        """Cover the canvas."""
        if self._canvas is None:
            return
        self.setGeometry(self._canvas.geometry())
        layout = self.layout()
        if layout is not None:  # also while nothing is seen of it: the next page is as large as there is room for
            layout.setGeometry(self.rect())
        self._lay_out()

    def _lay_out(self) -> None:
        """As many pictures as can be judged, as large as they can be."""
        grid = grid_in(self.room.width(), self.room.height())
        if grid == self._grid:
            return
        self._grid, self._pages.most = grid, grid.count
        self._drawn.clear()
        for place, card in enumerate(self.cards):
            card.setGeometry(*grid.corner(place), grid.width, grid.height)
        self._draw_soon()

    def _draw(self) -> None:
        """The pictures that are others by now."""
        page = self._pages.page
        if page is None:
            return
        look = self._colours.look()
        for card in self.cards:
            is_there = card.number in page.numbers
            card.setVisible(is_there)
            if not is_there:
                continue
            place, suggestion = page.place(card.number), page.suggestions.get(card.number)
            made_of = (place, suggestion, page.entry.edits, look)
            if self._drawn.get(card.number) != made_of:
                self._drawn[card.number] = made_of
                size = self._grid.width, self._grid.height
                card.show_picture(picture_of(place, suggestion, self._colours, *size))
                card.setToolTip(
                    f"{'missing object?' if place.id is None else f'object {place.id}'} · "
                    f"doubt {100 * place.doubt:.0f} %"
                )
        self._say(page)

    def _say(self, page: ReviewPage) -> None:
        """What will be done about each, and about all."""
        for number in page.numbers:
            place, mark, suggestion = page.place(number), page.marks.get(number), page.suggestions.get(number)
            words = _words(place, suggestion, mark)
            self.cards[number - 1].say(words, mark, is_done=not is_open(place))
        parts = [f"Approve {page.count(None)}"]
        parts += [f"correct {count}" for count in [page.count("take") + page.count("delete")] if count]
        parts += [f"look at {count}" for count in [page.count("look")] if count]
        self.approve.setText(f"{', '.join(parts)} ({ApproveAndNext.key})")


def _words(place: DoubtfulPlace, suggestion: Suggestion | None, mark: Mark | None) -> str:
    """What is asked about a place, or what will be done about it."""
    if mark == "delete":
        return "no object"
    if mark == "look" or (mark == "take" and suggestion is None):
        return "look at it"
    if suggestion is None:
        return "missing object?" if place.id is None else ""
    words = "join the two" if suggestion.way == "join" else suggestion.words  # which has room
    return words if mark == "take" else f"{words}?"
