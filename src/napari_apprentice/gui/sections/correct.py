"""4 Correct: tools to repair masks and to say what is right."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QApplication, QCheckBox, QHBoxLayout, QMenu, QToolButton, QWidget

from napari_apprentice.gui import icons
from napari_apprentice.gui.counts import vouched_words
from napari_apprentice.gui.sections.classes import ClassList
from napari_apprentice.gui.sections.section import Section, button, menu_button, muted, row
from napari_apprentice.gui.stage import Throttle
from napari_apprentice.gui.theme import Palette
from napari_apprentice.gui.tools.tools import HINTS, Tools

_ICON = 20
_TOOLS = (
    ("paint", "Brush (P)"),
    ("erase", "Eraser (E)"),
    ("fill", "Fill (F)"),
    ("polygon", "Polygon (3)"),
    ("pick", "Pick a label (L)"),
    ("background", "Background brush (B): paint where there is nothing"),
    ("click", "Click a cell (C): its mask is proposed at once"),
    ("pan", "Move the view (Z)"),
)
_COUNT_MS = 300


class CorrectSection(Section):
    """Tools, approvals, what is vouched for."""

    def __init__(self, tools: Tools) -> None:
        super().__init__("4  Correct")
        self._tools = tools
        self._stage = tools.stage
        self._session = tools.stage.session
        self.buttons: dict[str, QToolButton] = {}
        self.hint = muted("")
        self.new = button("New object", tools.new_object, tip="Paint an object with an id of its own (M)")
        self.approve_object = button("Approve object", lambda: self._on_tool("approve"))
        self.approve_object.setCheckable(True)
        more = QMenu()
        more.addAction("Approve this slice", lambda: tools.approve("slice"))
        more.addAction("Approve the whole image", lambda: tools.approve("image"))
        self.approve_view = button("Approve view", lambda: tools.approve("view"))
        self.approve_more = menu_button("", more, "Approve more than what is in view")
        self.approve_more.setFixedWidth(22)
        self.show_vouched = QCheckBox("Show what is vouched for")
        self.show_vouched.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.show_vouched.toggled.connect(self._stage.show_vouched)
        self.count = muted("")
        self.missing = button("Show the masks layer again", self._stage.show_masks)
        self.classes = ClassList(tools)
        self._counting = Throttle(self._show_count, _COUNT_MS)
        self._build()
        self._listen()
        self.refresh()

    def _build(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(3)
        for name, tip in _TOOLS:
            line.addWidget(self._tool(name, tip))
        line.addStretch(1)
        self.rows.addWidget(self.classes)
        self.rows.addLayout(line)
        self.rows.addWidget(self.hint)
        self.proposal = QWidget()
        self.proposal.setLayout(
            row(
                button("Keep (Enter)", self._session.verbs.click.keep, role="main"),
                button("Discard (Esc)", self._session.verbs.click.discard),
            )
        )
        self.proposal.hide()
        self.rows.addWidget(self.proposal)
        self.rows.addLayout(row(self.new, self.approve_object, self.approve_view, self.approve_more, spacing=4))
        self.rows.addWidget(self.show_vouched)
        self.rows.addWidget(self.count)
        self.rows.addWidget(self.missing)
        self.approve_object.setToolTip("Press A with the cursor on an object, or press here and click it")
        self.approve_view.setToolTip(
            "What you see in the canvas now is right: objects, and background between them (Shift+A)"
        )

    def _tool(self, name: str, tip: str) -> QToolButton:
        made = QToolButton()
        made.setProperty("role", "tool")
        made.setCheckable(True)
        made.setToolTip(tip)
        made.setIconSize(QSize(_ICON, _ICON))
        made.setFixedSize(_ICON + 12, _ICON + 10)
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        made.clicked.connect(lambda _checked=False: self._on_tool(name))
        self.buttons[name] = made
        return made

    def _listen(self) -> None:
        self.connections.add(self._tools.changed, self._on_tool_changed)
        self.connections.add(self._tools.troubled, self.say)
        self.connections.add(self._stage.changed, self.refresh)
        self.connections.add(self._stage.troubled, self.say)
        for signal in (self._session.image_changed, self._session.settings_changed, self._session.model_changed):
            self.connections.add(signal, self.refresh)
        self.connections.add(self._session.vouched_changed, self._on_vouched_changed)
        self.connections.add(self._session.click_proposed, lambda mask, box: self.proposal.show())
        self.connections.add(self._session.click_cleared, lambda: self.proposal.hide())

    def set_palette(self, colours: Palette) -> None:
        """Draw the icons in the theme's colour."""
        for name, made in self.buttons.items():
            made.setIcon(icons.icon(name, colours.icon, colours.button, _ICON))

    def refresh(self) -> None:
        """Show the tools that can be used."""
        has_masks = self._stage.labels is not None
        cells = self._session.kind == "instances"
        why_not_click = self._session.verbs.click.why_not() if has_masks else "There are no masks yet."
        for name, made in self.buttons.items():
            made.setEnabled(has_masks and not (name == "click" and why_not_click))
        tip = dict(_TOOLS)["click"]
        self.buttons["click"].setToolTip(f"{tip}\n{why_not_click}" if why_not_click else tip)
        for widget in (self.new, self.approve_object, self.approve_view, self.approve_more, self.show_vouched):
            widget.setEnabled(has_masks)
        self.new.setVisible(cells)
        self.approve_object.setText("Approve object" if cells else "Approve area")
        self.classes.refresh()
        self.classes.setVisible(not cells and self._session.current is not None)
        self.missing.setVisible(self._session.current is not None and not has_masks)
        self._on_tool_changed(self._tools.current)
        self._show_count()

    def _show_count(self) -> None:
        self.count.setText(vouched_words(self._session))
        shown = self._stage.shows_vouched
        if self.show_vouched.isChecked() != shown:
            self.show_vouched.blockSignals(True)
            self.show_vouched.setChecked(shown)
            self.show_vouched.blockSignals(False)

    def _on_tool(self, name: str) -> None:
        self.say("")
        self._tools.use("pan" if name == self._tools.current else name)
        focused = QApplication.focusWidget()
        if focused is not None:  # keys are for the tool now, not for a field that was edited before
            focused.clearFocus()

    def _on_tool_changed(self, current: str) -> None:
        for name, made in self.buttons.items():
            made.setChecked(name == current and self._stage.labels is not None)
        self.approve_object.setChecked(current == "approve")
        self.classes.show_selected()
        hint = HINTS.get(current, "")
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint) and self._stage.labels is not None)
        self._show_count()

    def _on_vouched_changed(self, entry: object) -> None:
        self.say("")
        self._counting.ask()
