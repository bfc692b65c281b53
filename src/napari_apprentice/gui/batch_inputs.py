"""The files, folders, plates and patterns of a batch."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtWidgets import QAbstractItemView, QFileDialog, QLineEdit, QListWidget, QVBoxLayout, QWidget

from napari_apprentice.gui.widgets.buttons import button
from napari_apprentice.gui.widgets.rows import row

_HEIGHT = 80


class InputList(QWidget):
    """A list of paths with buttons to add to it; ``changed`` is called with what was added, or with nothing."""

    def __init__(self, changed: Callable[[tuple[str, ...]], None]) -> None:
        super().__init__()
        self._changed = changed
        self.list = QListWidget()
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setMinimumHeight(_HEIGHT)
        self.pattern = QLineEdit()
        self.pattern.setPlaceholderText("or a pattern: /data/plate*/*.tif")
        self.pattern.editingFinished.connect(self.take_pattern)
        files = button("Files...", self._on_files)
        folder = button("Folder or plate...", self._on_folder, tip="All images of a folder, or an OME-Zarr plate")
        adding = row(files, folder, self.pattern, button("Remove", self._on_remove, tip="The lines selected"))
        adding.setStretch(2, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.list, 1)
        layout.addLayout(adding)

    @property
    def paths(self) -> tuple[str, ...]:
        """What stands in the list."""
        items = [self.list.item(i) for i in range(self.list.count())]
        return tuple(item.text() for item in items if item is not None)

    def add(self, *paths: str) -> None:
        """Append; what stands there already is left out."""
        self.list.addItems([path for path in dict.fromkeys(paths) if path not in self.paths])
        self._changed(paths)

    def take_pattern(self) -> None:
        """What is typed comes into the list."""
        text = self.pattern.text().strip()
        self.pattern.clear()
        if text:
            self.add(text)

    def _on_files(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, "Images to segment")
        self.add(*paths)

    def _on_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "A folder of images, or a plate")
        if path:
            self.add(path)

    def _on_remove(self) -> None:
        for item in self.list.selectedItems():
            self.list.takeItem(self.list.row(item))
        self._changed(())
