"""What the file of a model of another program does not tell: a dialog with a field for each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_apprentice.data.travel.meanings import AFFINITIES, APART
from napari_apprentice.data.travel.offsets import offsets_in
from napari_apprentice.errors import UserError
from napari_apprentice.gui.output_meanings import OutputMeanings
from napari_apprentice.gui.widgets.buttons import Verb
from napari_apprentice.gui.widgets.rows import Fields
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.jobs import AskedOfModel, Untold

_WIDTH = 440
_OPEN = "Use this model"
_READS = "Reading the model..."
_INTENSITIES = {
    "percentiles": "from 0 to 1, dimmest and brightest cut",
    "0 to 1": "from 0 to 1, lowest and highest",
    "mean": "mean 0, deviation 1",
    "values": "as they are in the file",
}
_ACTIVATIONS = {
    "sigmoid": "each output by itself (sigmoid)",
    "softmax": "one output excludes the others (softmax)",
    "none": "they are right as they are",
}
_WHAT: dict[AskedOfModel, str] = {
    "axes": "the axes of its input",
    "outputs": "what its outputs mean",
    "offsets": "between which pixels its affinities are",
    "normalize": "how it wants intensities",
    "activation": "how its outputs become probabilities",
}


class UntoldDialog(QDialog):
    """What a file does not tell, a field for each, and a button that tries again with what was said.

    Parameters
    ----------
    file
        The file of the model.
    on_said
        Is given what was said, as fields of `ImportModelJob`.
    parent
        Over which window it opens.
    """

    def __init__(self, file: Path, on_said: Callable[[dict[str, Any]], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._on_said = on_said
        self._asked: set[AskedOfModel] = set()
        self.setWindowTitle(f"Open {file.name}")
        self.setMinimumWidth(_WIDTH)
        self.words = muted("")
        self.trusts = QCheckBox("I know where it comes from: run it once")
        self.axes = QLineEdit()
        self.outputs = OutputMeanings(self._allow)
        self.offsets = QLineEdit()
        self.offsets.setPlaceholderText("0 -1 0, 0 0 -1")
        self.normalize, self.activation = _choice(_INTENSITIES), _choice(_ACTIVATIONS)
        self.diameter = QDoubleSpinBox()
        self.diameter.setRange(0, 10_000)
        self.diameter.setSuffix(" px")
        self.diameter.setSpecialValueText("not known")
        self.verb = Verb(_OPEN, self._on_button, main=True)
        self.said = muted("", "warning")
        self._fields = Fields()
        self._build()

    def _build(self) -> None:
        rows = QVBoxLayout(self)
        rows.setSpacing(7)
        rows.addWidget(self.words)
        rows.addWidget(self.outputs)
        rows.addLayout(self._fields)
        rows.addWidget(self.said)
        rows.addWidget(self.verb)
        add = self._fields.add
        self._label_of = {
            self.trusts: add("Program", self.trusts, "A program could do anything on this computer"),
            self.axes: add("Axes", self.axes, "b(atch), c(hannel), z, y, x, in the order of its input"),
            self.offsets: add(
                "Pairs", self.offsets, "z y x in pixels, from each pixel to its partner; one per affinity"
            ),
            self.normalize: add("Intensities", self.normalize, "What becomes of intensities before it sees them"),
            self.activation: add("Outputs are", self.activation, "What makes probabilities of them"),
            self.diameter: add("Diameter", self.diameter, "How large objects are that it knows, if that is known"),
        }
        for one in self._label_of:
            self._show(one, one is self.diameter)
        for edit in (self.axes, self.offsets):
            edit.textChanged.connect(self._allow)
        for box in (self.normalize, self.activation):
            box.currentIndexChanged.connect(self._allow)
        self.trusts.toggled.connect(self._allow)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)  # Enter in a field is no click

    def ask(self, untold: Untold) -> None:
        """Show fields for what is missing, with what was said before."""
        self.words.setText(_why(untold))
        for one in untold.asks:
            self._asked.add(one)
            if one not in ("outputs", "offsets"):
                self._show(getattr(self, one), True)
        if "axes" in untold.asks:
            self.axes.setPlaceholderText(f"{untold.axes} letters, such as {'bcyx' if untold.axes != 5 else 'bczyx'}")
        if "outputs" in untold.asks:
            self.outputs.ask(untold.outputs)
        if "activation" in untold.asks:
            low, high = untold.span
            self._label_of[self.activation].setToolTip(f"They go from {low:.3g} to {high:.3g}")
        self.work(False)
        self._allow()
        self.adjustSize()

    def work(self, works: bool) -> None:
        """The model is being read, or not any more."""
        self.verb.button.setText(_READS if works else _OPEN)
        self.said.setText("")
        self.verb.allow("")
        self.verb.button.setEnabled(not works)

    def say(self, sentence: str) -> None:
        """What was said does not do."""
        self.work(False)
        self.said.setText(sentence)

    def _allow(self, *_: Any) -> None:
        pairs = sum(word in (AFFINITIES, APART) for word in self.outputs.words)
        self._show(self.offsets, "offsets" in self._asked or pairs > 0)
        self.said.setText("")
        self.verb.allow(self._why_not(pairs))

    def _why_not(self, pairs: int) -> str:
        if "trusts" in self._asked and not self.trusts.isChecked():
            return "It is not run unless you know where it comes from."
        if "axes" in self._asked and not self.axes.text().strip():
            return "Type the axes of its input."
        if open_ := next((i for i, word in enumerate(self.outputs.words, start=1) if not word), 0):
            return f"Choose what output {open_} means."
        if not self.offsets.isHidden():
            try:
                given = len(offsets_in(self.offsets.text()))
            except UserError as error:
                return str(error)
            if not given or (pairs and given != pairs):
                counted = f": {given} of {pairs} are there" if pairs else ""
                return f"Type z y x of each pair{counted}."
        if "normalize" in self._asked and self.normalize.currentIndex() < 0:
            return "Choose how it wants intensities."
        if "activation" in self._asked and self.activation.currentIndex() < 0:
            return "Choose how its outputs become probabilities."
        return ""

    def _on_button(self) -> None:
        said: dict[str, Any] = {"trusts": self.trusts.isChecked(), "axes": self.axes.text().strip().lower()}
        said["outputs"] = self.outputs.words
        said["normalize"] = self.normalize.currentData()
        said["activation"] = self.activation.currentData()
        said["diameter"] = self.diameter.value() or None
        if not self.offsets.isHidden():
            said["offsets"] = offsets_in(self.offsets.text())
        self._on_said(said)

    def _show(self, field: QWidget, shown: bool) -> None:
        for widget in (field, self._label_of[field]):
            widget.setVisible(shown)


def _why(untold: Untold) -> str:
    """One sentence for what is missing, and why it has to be said."""
    if "trusts" in untold.asks:
        return f"The weights of {untold.name} are a program (TorchScript), which could do anything on this computer."
    missing = [_WHAT[one] for one in untold.asks]
    listed = " and ".join(filter(None, [", ".join(missing[:-1]), missing[-1]]))
    return (
        f"The file of {untold.name} does not tell {listed}, and without that masks would be wrong: look it up where "
        "the model is from."
    )


def _choice(words: dict[str, str]) -> QComboBox:
    """Of words, of which none is chosen yet."""
    box = QComboBox()
    for word, shown in words.items():
        box.addItem(shown, word)
    box.setCurrentIndex(-1)
    box.setPlaceholderText("choose")
    return box
