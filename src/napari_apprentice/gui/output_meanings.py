"""What each output of a network means: a row for each, with words to choose, or the name of a class to type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from qtpy.QtWidgets import QComboBox, QWidget
from superqt.utils import signals_blocked

from napari_apprentice.data.travel.meanings import AFFINITIES, APART, BACKGROUND, BOUNDARY, FOREGROUND, IGNORED, WORDS
from napari_apprentice.gui.widgets.rows import Fields
from napari_apprentice.gui.widgets.scrolling import Scrolled

_ROWS = 6  # seen at once; where there are more, they scroll
_EDGE = 4  # pixels of the screen
_SHOWN = {
    FOREGROUND: "foreground: inside objects",
    BOUNDARY: "boundary of objects",
    BACKGROUND: "background",
    AFFINITIES: "affinity: high within an object",
    APART: "affinity: high between two objects",
    IGNORED: "nothing that is needed",
}


class OutputMeanings(Scrolled):
    """Hidden until it is asked; ``changed`` is called when something else is said."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._content = QWidget()
        super().__init__(self._content)
        self._changed = changed
        self._fields = Fields()
        self._content.setLayout(self._fields)
        self.boxes: list[QComboBox] = []
        self.hide()

    @property
    def words(self) -> tuple[str, ...]:
        """A word for each output, as `data.travel.meanings` has them; "" where nothing is said."""
        known = {shown: word for word, shown in _SHOWN.items()}
        said = (box.currentText().strip() for box in self.boxes)
        return tuple(known.get(one, one) for one in said)

    def ask(self, words: Sequence[str]) -> None:
        """A row for each of these, with the word where it is known; once only."""
        if self.boxes:
            return
        for at, word in enumerate(words):
            box = QComboBox()
            box.setEditable(True)
            box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
            box.addItems([_SHOWN[one] for one in WORDS])
            box.setCurrentIndex(WORDS.index(word) if word in WORDS else -1)
            edit = box.lineEdit()
            if edit is not None:
                edit.setPlaceholderText("choose, or type the name of a class")
            box.currentTextChanged.connect(partial(self._on_said, at))
            self.boxes.append(box)
            name = "Output" if len(words) == 1 else f"Output {at + 1}"
            self._fields.add(name, box, "What is there where its values are high")
        seen = min(len(words), _ROWS)
        step = self._fields.verticalSpacing()
        self.setFixedHeight(seen * (self.boxes[0].sizeHint().height() + step) + _EDGE)
        self.show()

    def _on_said(self, at: int, _text: str) -> None:
        """Affinities come one after the other: those below that are open yet are of the same kind."""
        word = self.words[at]
        if word in (AFFINITIES, APART):
            for box in self.boxes[at + 1 :]:
                if not box.currentText():
                    with signals_blocked(box):
                        box.setCurrentIndex(WORDS.index(word))
        self._changed()
