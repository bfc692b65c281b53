"""One row for each image of the project, or for each well: how many objects, how densely, how large."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.compat import isalive
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QCheckBox, QFileDialog, QVBoxLayout, QWidget

from napari_apprentice.data.objects.summary import ObjectsOfOne, by_well
from napari_apprentice.errors import UserError
from napari_apprentice.gui.objects.columns import Column, number_words
from napari_apprentice.gui.objects.view import ColumnsView
from napari_apprentice.gui.open_dialog import refuse_unasked
from napari_apprentice.gui.widgets.buttons import button
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.session import Session


class ImagesTab(QWidget):
    """Counts image by image while it is seen; a double click on a row opens the image."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.view = ColumnsView()
        self.view.doubleClicked.connect(self._on_opened)
        self.wells = QCheckBox("Wells")
        self.wells.setToolTip("One row for all fields of a well")
        self.wells.toggled.connect(self._show)
        self.words = muted("")
        self.save = button("Save as CSV...", self._on_save)
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._count)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self.view, 1)
        below = row(self.words, self.wells, self.save)
        below.setStretch(0, 1)
        rows.addLayout(below)

    def count(self) -> None:
        """Count what is not known, if anybody looks."""
        if self.isVisible():
            self._timer.start()

    def showEvent(self, event: Any) -> None:
        """Count what changed while nobody looked."""
        super().showEvent(event)
        self._show()
        self.count()

    def end(self) -> None:
        """Count no more."""
        if isalive(self._timer):
            self._timer.stop()

    @property
    def rows(self) -> list[ObjectsOfOne]:
        """What is shown."""
        rows = [one for _, one in self._session.objects_by_image.rows]
        return by_well(rows) if self.wells.isChecked() else rows

    def _count(self) -> None:
        """One image each time, so that the window stays awake."""
        try:
            is_done = not self.isVisible() or self._session.objects_by_image.advance()
        except UserError as error:
            self._timer.stop()
            self.words.setText(str(error))
            return
        if is_done:
            self._timer.stop()
        self._show()

    def _show(self) -> None:
        rows = self.rows
        self.wells.setVisible(any(one.well for one in rows))
        self.view.show_columns(_columns(rows), np.arange(len(rows)))
        self.save.setEnabled(bool(rows))
        counted, total = len(self._session.objects_by_image.rows), len(self._session.entries)
        many = "1 image" if total == 1 else f"{total:,} images"
        too_large = any(one.count is None for one in rows)
        left_out = " Images that are opened part by part, or cannot be read, are not counted." if too_large else ""
        self.words.setText(f"Counting: {counted} of {many}" if counted < total else f"{many}.{left_out}")

    def _on_opened(self, index: Any) -> None:
        if self.wells.isChecked():
            return
        entry, _ = self._session.objects_by_image.rows[int(self.view.rows.order[index.row()])]
        try:
            self._session.choose_image(entry)
        except UserError as error:
            self.words.setText(str(error))

    def _on_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the images' objects", "images.csv", "Tables (*.csv)")
        if not path:
            return
        target = Path(path if Path(path).suffix else f"{path}.csv")
        try:
            refuse_unasked(str(target), path)
            write_rows(target, _columns(self.rows))
            self.words.setText(f"Saved as {target}.")
        except UserError as error:
            self.words.setText(str(error))
        except OSError as error:
            self.words.setText(f"{target} cannot be written ({error.strerror}): choose another place.")


def write_rows(path: Path, columns: Sequence[Column]) -> None:
    """Columns as CSV; what there is not is empty."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([one.name for one in columns])
        for values in zip(*(one.values for one in columns), strict=True):
            writer.writerow(["" if isinstance(one, float) and np.isnan(one) else one for one in values])


def _columns(rows: Sequence[ObjectsOfOne]) -> list[Column]:
    def numbers(values: list[float | None]) -> Any:
        return np.array([np.nan if one is None else one for one in values], float)

    densities = sorted({one.density_unit for one in rows})
    sizes = sorted({one.size_unit for one in rows})
    found = [
        Column("image", "Image", "", np.array([one.name for one in rows], object), str),
        Column(
            "objects",
            "Objects",
            "How many; of a time series in all frames",
            numbers([one.count for one in rows]),
            number_words,
        ),
        Column(
            "confirmed",
            "Confirmed",
            "How many of them you painted or approved whole",
            numbers([None if one.count is None else one.confirmed for one in rows]),
            number_words,
        ),
    ]
    for name in dict.fromkeys(name for one in rows for name in one.classes):
        tip = "Objects of this class, given or proposed; empty where objects were not looked at"
        values = numbers([one.classes.get(name) for one in rows])
        found.append(Column(f"class_{name}", name, tip, values, number_words))
    for unit in densities:  # images with and without a pixel size are told apart
        values = numbers([one.density if one.density_unit == unit else None for one in rows])
        name = f"objects_{unit.replace(' ', '_')}"
        found.append(Column(name, f"Objects {unit}", "How densely they lie", values, number_words))
    for unit in sizes:
        values = numbers([one.median_size if one.size_unit == unit else None for one in rows])
        tip = "Half of the objects are smaller"
        found.append(Column(f"median_size_{unit}", f"Median size ({unit})", tip, values, number_words))
    return found
