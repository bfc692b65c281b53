"""The scores of models side by side, and the list of one model's mistakes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtGui import QColor, QFont, QFontMetrics, QIcon, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem

from napari_apprentice.data.labels.evaluation import Evaluation
from napari_apprentice.data.labels.mistakes import KINDS
from napari_apprentice.gui.evaluation.marks import COLOURS
from napari_apprentice.jobs import WrongRef
from napari_apprentice.session import ModelEvaluation
from napari_apprentice.session.evaluation import shown_value, table_of

OF = "model"  # what has a line of its own
_TIPS = {
    "annotated": "Objects of the annotation that count",
    "found": "Objects of the model where the annotation says what is right",
    "panoptic quality": "How many objects are found at IoU .50, times how well these fit (Kirillov et al. 2019)",
    "mean IoU": "What annotation and model share of a class, divided by what either has; the mean over classes",
    "pixel accuracy": "The share of pixels with the right class, background being one",
    "missed": "Objects of the annotation that were not found",
    "false": "Found objects where there is none",
    "merged": "Objects of the annotation that lie in one found object together with another",
    "cut": "Objects of the annotation that were found in pieces",
}
_AP = "Right / (right + false + missed), where right is an overlap (IoU) of at least {}"
_DICE = "Twice the voxels that annotation and model share, divided by those of both together"
_SHORT = {"panoptic quality": "panoptic", "Dice foreground": "Dice"}
_SWATCH_PX = 10
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_PADDING_PX = 12  # beside a heading, which the theme writes in bold


class _Table(QTableWidget):
    """A list of lines that are chosen one at a time and not edited."""

    def __init__(self) -> None:
        super().__init__(0, 0)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        down = self.verticalHeader()
        if down is not None:
            down.setVisible(False)
            down.setDefaultSectionSize(self.fontMetrics().height() + 8)

    def _begin(self, headings: Sequence[str], tips: Sequence[str]) -> None:
        self.clear()
        self.setRowCount(0)
        self.setColumnCount(len(headings))
        for column, (heading, tip) in enumerate(zip(headings, tips, strict=True)):
            item = QTableWidgetItem(heading)
            item.setToolTip(tip)
            self.setHorizontalHeaderItem(column, item)

    def _fit(self) -> None:
        """Columns as wide as their headings and what is below, in the theme's font."""
        font = QFont(self.font())
        font.setBold(True)
        metrics = QFontMetrics(font)
        for column in range(self.columnCount()):
            heading = self.horizontalHeaderItem(column)
            least = 0 if heading is None else metrics.horizontalAdvance(heading.text()) + _PADDING_PX
            self.setColumnWidth(column, max(least, self.sizeHintForColumn(column) + 4))


class ScoreTable(_Table):
    """A line for each model; ``chosen`` is called with the one whose mistakes are to be shown."""

    def __init__(self, chosen: Callable[[ModelEvaluation], None]) -> None:
        super().__init__()
        self._chosen = chosen
        self.found: tuple[ModelEvaluation, ...] = ()
        self.currentCellChanged.connect(self._on_current)

    @property
    def evaluation(self) -> Evaluation:
        """The lines as they are written."""
        return Evaluation(tuple(one.score for one in self.found))

    def show_found(self, found: Sequence[ModelEvaluation], current: ModelEvaluation | None) -> None:
        """Show these models, with one of them chosen."""
        self.found = tuple(found)
        headings, *lines = table_of(self.evaluation, OF)
        with QSignalBlocker(self):
            shown = [_SHORT.get(str(one), str(one)) for one in headings]
            self._begin(shown, [_tip(str(one)) for one in headings])
            self.setRowCount(len(lines))
            for place, line in enumerate(lines):
                for column, value in enumerate(line):
                    item = QTableWidgetItem(shown_value(value, digits=3))
                    item.setToolTip(_tip(str(headings[column])) or str(value))
                    if column:
                        item.setTextAlignment(_RIGHT)
                    self.setItem(place, column, item)
            if current is not None:
                self.selectRow(self.found.index(current))
        self._fit()

    def _on_current(self, row: int, *_: int) -> None:
        if 0 <= row < len(self.found):
            self._chosen(self.found[row])


class WrongList(_Table):
    """A line for each mistake; ``go_to`` is called with the one that is clicked, or reached with the arrow keys."""

    def __init__(self, go_to: Callable[[WrongRef], None]) -> None:
        super().__init__()
        self._go_to = go_to
        self.wrong: tuple[WrongRef, ...] = ()
        self._found: ModelEvaluation | None = None
        self.currentCellChanged.connect(self._on_current)
        self.cellClicked.connect(self._on_current)

    def show_wrong(self, found: ModelEvaluation | None) -> None:
        """Show the mistakes of a model."""
        if found is self._found:
            return
        self._found = found
        self.wrong = () if found is None else found.wrong
        frames, slices = (1, 1) if found is None else found.marks.shape[:2]
        columns = {"mistake": None, "frame": 0, "slice": 1, "y": 2, "x": 3, "voxels" if slices > 1 else "pixels": None}
        left_out = {name for name, count in (("frame", frames), ("slice", slices)) if count == 1}
        shown = {name: axis for name, axis in columns.items() if name not in left_out}
        icons = {str(kind): _swatch(COLOURS[kind]) for kind in KINDS}
        with QSignalBlocker(self):
            self._begin([name.capitalize() for name in shown], [""] * len(shown))
            self.setRowCount(len(self.wrong))
            for place, one in enumerate(self.wrong):
                for column, (name, axis) in enumerate(shown.items()):
                    text = one.kind if name == "mistake" else str(one.voxels if axis is None else one.point[axis])
                    item = QTableWidgetItem(text)
                    if name == "mistake":
                        item.setIcon(icons[one.kind])
                        item.setToolTip(_TIPS[one.kind])
                    else:
                        item.setTextAlignment(_RIGHT)
                    self.setItem(place, column, item)
        self._fit()
        bar = self.verticalScrollBar()
        room = 2 * self.frameWidth() + (0 if bar is None else bar.sizeHint().width())
        self.setFixedWidth(sum(self.columnWidth(i) for i in range(self.columnCount())) + room)

    def _on_current(self, row: int, *_: int) -> None:
        if 0 <= row < len(self.wrong):
            self._go_to(self.wrong[row])


def _tip(heading: str) -> str:
    kind, _, at = heading.partition(" ")
    return _AP.format(at) if kind == "AP" else _DICE if kind == "Dice" else _TIPS.get(heading, "")


def _swatch(colour: str) -> QIcon:
    pixels = QPixmap(_SWATCH_PX, _SWATCH_PX)
    pixels.fill(QColor(colour))
    icon = QIcon(pixels)
    icon.addPixmap(pixels, QIcon.Mode.Selected)
    return icon
