"""Review: what deserves a look, the most doubtful first, through all images."""

from __future__ import annotations

from functools import partial
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox
from superqt.utils import qthrottled, signals_blocked

from napari_apprentice.gui.doubt_map import DoubtMap
from napari_apprentice.gui.tools.review import (
    ApproveAndNext,
    DeleteAndNext,
    NextDoubtful,
    OtherSuggestion,
    PageOfDoubtful,
    PreviousDoubtful,
    TakeSuggestion,
)
from napari_apprentice.gui.tools.tool import tip_of
from napari_apprentice.gui.tools.tools import Tools
from napari_apprentice.gui.widgets.buttons import button
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.section import Section
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.session.doubtful_places import DoubtfulPlace
from napari_apprentice.session.suggestion import Suggestion

_COUNT_MS = 200
_WORDS = {
    PreviousDoubtful.name: "◂",
    NextDoubtful.name: "Next",
    PageOfDoubtful.name: "Page",
    ApproveAndNext.name: "Approve, next",
    DeleteAndNext.name: "Delete, next",
}
_SUGGESTED = {TakeSuggestion.name: "", OtherSuggestion.name: "Other"}
_MAP = "Colour each object by how doubtful it is, from yellow to red, and places where one may be missing"


class ReviewSection(Section):
    """*Next*, *Page*, *Approve, next*, *Delete, next* and back; how much is left; doubt as colours."""

    def __init__(self, tools: Tools, doubt_map: DoubtMap) -> None:
        super().__init__("Review")
        self._tools = tools
        self._map = doubt_map
        self._session = tools.label_layers.session
        every = {**_WORDS, **_SUGGESTED}
        self.buttons = {name: button(words, partial(tools.use, name)) for name, words in every.items()}
        self.buttons[PreviousDoubtful.name].setFixedWidth(30)
        self.show_map = QCheckBox("Show doubt")
        self.show_map.setToolTip(_MAP)
        self.show_map.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.show_map.toggled.connect(doubt_map.set_on)
        self.words = muted("")
        line = row(*(self.buttons[name] for name in _WORDS), spacing=4)
        for place in range(1, len(_WORDS)):
            line.setStretch(place, 1)
        self.rows.addLayout(line)
        suggested = row(*(self.buttons[name] for name in _SUGGESTED), spacing=4)
        suggested.setStretch(0, 1)
        self.rows.addLayout(suggested)
        self.rows.addWidget(self.words)
        self.head.insertWidget(1, self.show_map)
        self._refresh_soon = qthrottled(self.refresh, timeout=_COUNT_MS, leading=False, parent=self)
        self.connections.at_close(self._refresh_soon.cancel)
        session = self._session
        for signal in (
            session.image_changed,
            session.settings_changed,
            session.doubts_changed,
            session.reviewing,
            session.suggested,
            session.paging,
        ):
            self.connections.add(signal, self.refresh)
        for signal in (session.labels_changed, session.confirmed_changed):
            self.connections.add(signal, lambda entry: self._refresh_soon())
        self.connections.add(tools.label_layers.changed, self.refresh)
        self.connections.add(doubt_map.changed, self._show_map)
        self.refresh()

    def refresh(self, _told: Any = None) -> None:
        """Show how much is left, and what can be pressed."""
        review, entry = self._session.review, self._session.current
        is_offered = self._session.kind == "instances"
        if self.parentWidget() is not None or not is_offered:  # else it would be a window of its own
            self.setVisible(is_offered)
        has_masks = self._tools.label_layers.labels is not None
        for name, made in self.buttons.items():
            tool = self._tools.all[name]
            why_not = tool.why_not() if has_masks else "There are no masks yet."
            made.setEnabled(not why_not)
            made.setToolTip(tip_of(tool, why_not))
        self.buttons[TakeSuggestion.name].setText(_suggested(self._session.verbs.suggest.suggestion))
        self.aside.setText("")
        if entry is not None and not review.why_not():
            state = review.state(entry)
            self.aside.setText(f"{state.left} of {state.total} doubtful" if state.is_known else state.words)
        elsewhere = sum(review.state(one).left for one in self._session.entries if one is not entry)
        told = _words(review.place, elsewhere)
        is_begun = review.place is not None or self._session.pages.page is not None
        if is_begun and (outlook := review.outlook().words):
            told = f"{told}\n{outlook}".strip()
        self.words.setText(told)
        self.words.setVisible(bool(told))
        self.show_map.setEnabled(has_masks and not review.why_not())

    def _show_map(self) -> None:
        with signals_blocked(self.show_map):
            self.show_map.setChecked(self._map.is_on)


def _words(place: DoubtfulPlace | None, elsewhere: int) -> str:
    """What is looked at, or how much there is in other images."""
    if place is None:
        return f"{elsewhere} in other images" if elsewhere else ""
    what = "missing object?" if place.id is None else f"object {place.id}"
    return f"{what} · doubt {100 * place.doubt:.0f} %"


def _suggested(suggestion: Suggestion | None) -> str:
    """What the key does."""
    return "Nothing suggested" if suggestion is None else f"Take (9): {suggestion.words}"
