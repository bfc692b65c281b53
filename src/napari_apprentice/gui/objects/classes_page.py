"""*Classes*: a few objects are given a class, a class is proposed for all others, and both are seen in colours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from napari_apprentice.data.objects.classes import ObjectClasses
from napari_apprentice.data.objects.table import Objects
from napari_apprentice.errors import UserError
from napari_apprentice.events import Failed, Progress, WasCancelled
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.objects.class_colours import ClassColours
from napari_apprentice.gui.objects.class_rows import ClassRows
from napari_apprentice.gui.widgets.buttons import button, link
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.words import muted

_GIVE = "The selected objects are of the chosen class (1 to 9 in the table)"
_TAKE = "Nobody said of which class the selected objects are (0 in the table)"
_CLICK = "A click on an object gives it the chosen class, while the view is moved or a label picked"
_COLOURS = "Colour the objects by their class"
_STEP = "Add two classes, then give each to a few objects."


class ClassesPage(QWidget):
    """``selected`` gives the objects that are selected in the table, ``changed`` is called when classes are others."""

    def __init__(self, label_layers: LabelLayers, selected: Callable[[], Objects], changed: Callable[[], None]) -> None:
        super().__init__()
        self._session = label_layers.session
        self._selected = selected
        self._is_stopped = False  # by the user, or because it failed
        self.rows = ClassRows(self._session, self._say)
        self.colours = ClassColours(label_layers)
        self.give = button("Give to selected", self.on_give, tip=_GIVE)
        self.take = button("Take away", self.on_take, tip=_TAKE)
        self.click = _box("A click gives it", _CLICK)
        self.show_colours = _box("Colours", _COLOURS)
        self.show_colours.toggled.connect(self._on_colours)
        self.words = muted("")
        self.stop = link("Cancel", self._on_stop)
        self._connections = Connections()
        self._connections.add(self._session.object_classes_changed, changed)
        self._connections.add(self._session.job_event, self._on_event)
        self._connections.add(self._session.job_started, self._on_started)
        self._connections.add(self._session.job_ended, self._on_ended)
        self._connections.add(self.colours.changed, lambda: self.show_colours.setChecked(False))
        self._connections.at_close(self.colours.close)
        self._build()

    def _build(self) -> None:
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(4)
        above = row(self.words, self.stop)
        above.setStretch(0, 1)
        rows.addLayout(above)
        rows.addLayout(row(self.give, self.take, spacing=2))
        rows.addLayout(row(self.click, self.show_colours, None))
        rows.addWidget(self.rows, 1)  # last: the page scrolls, and the rest stays in sight

    def close_page(self) -> None:
        """Let go of session and canvas."""
        self._connections.close()

    # what the user does

    @property
    def gives_by_click(self) -> bool:
        """Whether a click on an object gives it the chosen class."""
        return self.click.isChecked() and self.rows.chosen > 0

    def on_give(self, number: int | None = None) -> None:
        """The selected objects are of the chosen class, or of the one in row ``number``, from 1."""
        values = list(self.rows.swatches)
        if number is not None:
            if number > len(values):
                self._say(f"There is no class {number}: add it first.")
                return
            self.rows.choose(values[number - 1])
        self.give_to(self._selected())

    def give_to(self, objects: Objects) -> None:
        """Objects are of the chosen class."""
        if not self.rows.chosen:
            self._say(_STEP)
        elif len(objects) == 0:
            self._say("Select objects first: in the table, or by a click on one.")
        else:
            self._try(lambda: self._session.object_classes.give(objects, self.rows.chosen))

    def on_take(self) -> None:
        """Nobody said of which class the selected objects are."""
        if len(self._selected()):
            self._try(lambda: self._session.object_classes.take_away(self._selected()))

    def _on_colours(self, on: bool) -> None:
        self.colours.set_on(on)
        self.show_table()

    def _on_stop(self) -> None:
        if self._session.busy("describe"):
            self._is_stopped = True
            self._session.cancel("describe")
        else:
            self._is_stopped = False
            self.look()

    # showing

    def allow(self, selected: int) -> None:
        """What can be pressed, by the rows that are selected."""
        why_not = self._session.object_classes.why_not()
        for one in (self.give, self.take):
            one.setEnabled(selected > 0 and not why_not)
        self.rows.setEnabled(not why_not)

    def show_table(self) -> None:
        """Classes of the objects of the table, which is of now."""
        classes = self._classes()
        self.rows.show_classes({} if classes is None else classes.counts)
        self.colours.show(classes)
        self._show_words()

    def look(self) -> None:
        """Let objects be looked at that are not known, once any was given a class."""
        session = self._session
        if self._is_stopped or session.busy("describe") or session.busy("segment") or session.verbs.describe.why_not():
            return
        entry = session.current
        if entry is None or not session.object_classes.is_wanted:
            return
        self._try(session.describe_objects)

    def _classes(self) -> ObjectClasses | None:
        entry, table = self._session.current, self._session.objects.table
        if (
            entry is None
            or table is None
            or not self._session.object_classes.classes
            or self._session.kind == "classes"
        ):
            return None
        return self._session.object_classes.of(entry, table.keys)

    def _on_started(self, verb: str) -> None:
        if verb == "describe":
            self._show_words()
        elif verb == "segment":  # need not wait; objects are looked at again after it
            self._session.cancel("describe")

    def _on_event(self, verb: str, event: Any) -> None:
        is_warned = self.words.property("role") == "warning"  # which somebody has to read
        if verb == "describe" and isinstance(event, Progress) and event.total and not is_warned:
            self.words.setText(f"Looking at objects: {100 * event.done / event.total:.0f} %")

    def _on_ended(self, verb: str, event: Any) -> None:
        if verb != "describe":
            return
        self._show_words()
        if isinstance(event, Failed):
            self._is_stopped = True
            self._say(event.message)
        elif isinstance(event, WasCancelled) and not self._is_stopped:
            self.look()

    def _show_words(self) -> None:
        self.words.set_role("muted")
        is_busy, why_not = self._session.busy("describe"), self._session.verbs.describe.why_not()
        self.stop.setVisible(is_busy or self._is_stopped)
        self.stop.setText("Cancel" if is_busy else "Look at objects")
        if is_busy:
            self.words.setText("Looking at objects...")
        elif why_not:
            self.words.setText(why_not)
        else:
            known = self._session.object_classes
            self.words.setText(known.counted if len(known.classes) > 1 else _STEP)

    def _say(self, sentence: str) -> None:
        self.words.set_role("warning")
        self.words.setText(sentence)

    def _try(self, do: Callable[[], None]) -> None:
        try:
            do()
        except UserError as error:
            self._say(str(error))


def _box(text: str, tip: str) -> QCheckBox:
    made = QCheckBox(text)
    made.setToolTip(tip)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return made
