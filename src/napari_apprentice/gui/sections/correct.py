"""4 Correct: tools to repair masks and to say what is right."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QKeySequence, QShortcut  # type: ignore[attr-defined]
from qtpy.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QMenu,
    QToolButton,
    QWidget,
)
from superqt import QFlowLayout
from superqt.utils import qthrottled, signals_blocked

from napari_apprentice.gui import icons, objects
from napari_apprentice.gui.counts import confirmed_words
from napari_apprentice.gui.key_sheet import OPENED_BY, KeySheet
from napari_apprentice.gui.sections.classes import ClassList
from napari_apprentice.gui.sections.click_learning import ClickLearning
from napari_apprentice.gui.sections.live import LiveSwitch
from napari_apprentice.gui.sections.switches import Switches
from napari_apprentice.gui.theme import Palette
from napari_apprentice.gui.tools.keys import LayerKeys
from napari_apprentice.gui.tools.tool import Tool, hint_of, tip_of
from napari_apprentice.gui.tools.tools import Tools
from napari_apprentice.gui.widgets.buttons import button, link, menu_button
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.section import Section
from napari_apprentice.gui.widgets.words import muted

_ICON = 20
_COUNT_MS = 300


class CorrectSection(Section):
    """Tools, approvals, what is confirmed."""

    def __init__(self, tools: Tools, show_objects: Callable[[], None]) -> None:
        super().__init__("4  Correct")
        self._show_objects = show_objects
        self._layer_keys = LayerKeys()
        self.connections.at_close(self._layer_keys.close)
        self._tools = tools
        self._label_layers = tools.label_layers
        self._session = tools.label_layers.session
        self.buttons: dict[str, QAbstractButton] = {}
        self.hint = muted("")
        self.keys = link("Keys", self.show_keys, f"All keys ({' or '.join(OPENED_BY)})")
        self._shortcuts = [QShortcut(QKeySequence(key), self) for key in OPENED_BY]  # kept: a signal keeps no sender
        self.more = menu_button("", QMenu(), "Approve more than what is in view")
        self.more.setFixedWidth(22)
        self.show_confirmed = QCheckBox("Show what is confirmed")
        self.show_confirmed.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.show_confirmed.toggled.connect(self._label_layers.show_confirmed)
        self.objects = link(objects.NAME, show_objects, f"{objects.NAME} ({objects.KEY}): sizes, intensities, a filter")
        self.count = muted("")
        self.missing = button("Show the masks layer again", self._label_layers.show_masks)
        self.refused = muted(self._label_layers.why_not_paint, role="warning")
        self.refused.setVisible(bool(self._label_layers.why_not_paint))
        self.classes = ClassList(tools)
        self.live = LiveSwitch(tools)
        self.connections.at_close(self.live.connections.close)
        self.click_learning = ClickLearning(tools)
        self.connections.at_close(self.click_learning.connections.close)
        self._count_soon = qthrottled(self._show_count, timeout=_COUNT_MS, leading=False, parent=self)
        self.connections.at_close(self._count_soon.cancel)
        self.sheet: KeySheet | None = None
        self._had_masks = self._label_layers.labels is not None
        self._build()
        self._listen()
        self._bind_key()
        self.refresh()

    def _build(self) -> None:
        tools = self._tools.all.values()
        line = QFlowLayout()
        line.setSpacing(1)
        for tool in tools:
            if tool.place == "icon":
                line.addWidget(self._with_icon(tool))
        self.head.addWidget(self.keys)
        self.rows.addWidget(self.refused)
        self.rows.addWidget(self.classes)
        self.rows.addLayout(line)
        self.rows.addWidget(self.hint)
        self.switches = Switches()
        self.rows.addWidget(self.switches)
        self.proposal = QWidget()
        self.proposal.setLayout(
            row(
                button("Keep (Enter)", self._session.verbs.click.keep, role="main"),
                button("Discard (Esc)", self._session.verbs.click.discard),
            )
        )
        self.proposal.hide()
        self.rows.addWidget(self.proposal)
        self.rows.addWidget(self.click_learning)
        words = [self._with_words(tool) for tool in tools if tool.place == "word"]
        self.rows.addLayout(row(*words, self.more, spacing=4))
        menu = self.more.menu()
        for tool in tools:
            if tool.place == "menu" and menu is not None:
                menu.addAction(tool.title, partial(self._on_tool, tool.name))
        self.rows.addWidget(self.live)
        self.rows.addLayout(row(self.show_confirmed, None, self.objects))
        self.rows.addWidget(self.count)
        self.rows.addWidget(self.missing)

    def _with_icon(self, tool: Tool) -> QToolButton:
        made = QToolButton()
        made.setProperty("role", "tool")
        made.setCheckable(not tool.at_once)
        made.setIconSize(QSize(_ICON, _ICON))
        made.setFixedSize(_ICON + 6, _ICON + 10)
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        made.clicked.connect(lambda _checked=False: self._on_tool(tool.name))
        self.buttons[tool.name] = made
        return made

    def _with_words(self, tool: Tool) -> QAbstractButton:
        made = button(tool.title, partial(self._on_tool, tool.name))
        made.setCheckable(not tool.at_once)
        self.buttons[tool.name] = made
        return made

    def _listen(self) -> None:
        self.connections.add(self._tools.changed, self._on_tool_changed)
        self.connections.add(self._tools.troubled, self.say)
        self.connections.add(self._label_layers.changed, self._on_masks_changed)
        self.connections.add(self._label_layers.troubled, self.say)
        for signal in (self._session.image_changed, self._session.settings_changed, self._session.model_changed):
            self.connections.add(signal, self.refresh)
        self.connections.add(self._session.confirmed_changed, self._on_confirmed_changed)
        self.connections.add(self._session.click_proposed, lambda mask, box: self.proposal.show())
        self.connections.add(self._session.click_cleared, lambda: self.proposal.hide())
        for shortcut in self._shortcuts:
            self.connections.add_qt(shortcut, "activated", self.show_keys)

    def _on_masks_changed(self) -> None:
        """What was said of masks that were gone goes when there are some again."""
        has_masks = self._label_layers.labels is not None
        if has_masks and not self._had_masks:
            self.say("")
        self._had_masks = has_masks
        self._bind_key()
        self.refresh()

    def _bind_key(self) -> None:
        """The key of the table, on the masks as those of the tools."""
        self._layer_keys.close()
        if self._label_layers.labels is not None:
            self._layer_keys.bind(self._label_layers.labels, objects.KEY, self._show_objects)

    def show_keys(self) -> None:
        """Open the sheet of keys, or bring it to the front."""
        if self.sheet is None:
            self.sheet = KeySheet(self._tools, self)
            self.sheet.destroyed.connect(self._on_sheet_closed)
            self.sheet.show()
        self.sheet.raise_()

    def _on_sheet_closed(self) -> None:
        self.sheet = None

    def set_palette(self, colours: Palette) -> None:
        """Draw the icons in the theme's colour."""
        for name, made in self.buttons.items():
            drawn = self._tools.all[name].icon
            if drawn:
                made.setIcon(icons.icon(drawn, colours.icon, colours.button, _ICON))

    def refresh(self) -> None:
        """Show the tools that can be used."""
        has_masks = self._label_layers.labels is not None
        cells = self._session.kind == "instances"
        for name, made in self.buttons.items():
            tool = self._tools.all[name]
            why_not = tool.why_not() if has_masks else "There are no masks yet."
            made.setEnabled(not why_not)
            made.setToolTip(tip_of(tool, why_not))
            made.setVisible(tool.is_offered())
            if tool.place == "word":
                made.setText(tool.title)
        for widget in (self.more, self.show_confirmed):
            widget.setEnabled(has_masks)
        self.classes.refresh()
        self.live.refresh()
        self.click_learning.refresh()
        self.classes.setVisible(not cells and self._session.current is not None)
        self.missing.setVisible(self._session.current is not None and not has_masks)
        self._on_tool_changed(self._tools.current)
        self._show_count()

    def _show_count(self) -> None:
        self.count.setText(confirmed_words(self._session))
        shown = self._label_layers.shows_confirmed
        if self.show_confirmed.isChecked() != shown:
            with signals_blocked(self.show_confirmed):
                self.show_confirmed.setChecked(shown)

    def _on_tool(self, name: str) -> None:
        self.say("")
        self._tools.toggle(name)
        focused = QApplication.focusWidget()
        if focused is not None:  # keys are for the tool now, not for a field that was edited before
            focused.clearFocus()

    def _on_tool_changed(self, current: str) -> None:
        for name, made in self.buttons.items():
            made.setChecked(name == current and self._label_layers.labels is not None)
        self.classes.show_selected()
        hint = hint_of(self._tools.all[current], self._session.kind)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint) and self._label_layers.labels is not None)
        self.switches.show_those_of(self._tools.all[current] if self._label_layers.labels is not None else None)
        self._show_count()

    def _on_confirmed_changed(self, entry: object) -> None:
        self.say("")
        self._count_soon()
