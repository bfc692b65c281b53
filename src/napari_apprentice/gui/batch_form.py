"""What a batch is asked: which files, how they are read, where their labels go, in which formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QCheckBox, QFileDialog, QGridLayout, QLineEdit, QVBoxLayout, QWidget

from napari_apprentice.data import exports
from napari_apprentice.data.image.axes import describe_axes
from napari_apprentice.data.image.channels import CHOSEN
from napari_apprentice.data.image.units import PIXEL
from napari_apprentice.gui.batch_inputs import InputList
from napari_apprentice.gui.layers import FILE_AXES
from napari_apprentice.gui.widgets.buttons import button
from napari_apprentice.gui.widgets.rows import Fields, row
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.session import Session
from napari_apprentice.session.batch_run import BatchOrder
from napari_apprentice.settings import ReadAs


class BatchForm(QWidget):
    """Fields from which an `order` follows, with the model, its settings and the channels in use in the panel.

    ``changed`` is called when another order is asked for.
    """

    def __init__(self, session: Session, changed: Callable[[], None]) -> None:
        super().__init__()
        self._session = session
        self._changed = changed
        self.inputs = InputList(self._on_inputs)
        self.how = muted("")
        self.same = QCheckBox("")
        self.out = QLineEdit()
        self.out.setPlaceholderText("folder for the labels")
        self.formats = {suffix: QCheckBox(f"{name} ({suffix})") for suffix, name in exports.NAMES.items()}
        self.formats[".tif"].setChecked(True)
        self.skip = QCheckBox("Leave out files whose labels are there already")
        self.skip.setChecked(True)
        self._build()
        self.out.textChanged.connect(self._on_changed)
        for box in self.formats.values():
            box.toggled.connect(self._on_changed)

    def _build(self) -> None:
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(7)
        rows.addWidget(self.inputs, 1)
        rows.addWidget(self.how)
        rows.addWidget(self.same)
        fields = Fields()
        place = QWidget()
        choosing = row(self.out, button("Choose...", self._on_out))
        choosing.setStretch(0, 1)
        place.setLayout(choosing)
        fields.add("Labels go to", place)
        formats = QWidget()
        grid = QGridLayout(formats)
        grid.setContentsMargins(0, 0, 0, 0)
        for i, box in enumerate(self.formats.values()):
            grid.addWidget(box, i // 2, i % 2)
        fields.add("As", formats)
        rows.addLayout(fields)
        rows.addWidget(self.skip)

    def refresh(self) -> None:
        """Show what is in use in the panel."""
        channels = self._channels
        said = "" if not channels else f", channels {', '.join(map(str, channels))}"
        self.how.setText(f"With {self._session.model.title}{said}, and the settings of the panel.")
        words = self._like_current
        self.same.setText(f"Read all files like the image in the panel: {words}")
        self.same.setVisible(bool(words))

    @property
    def order(self) -> BatchOrder:
        """What would be done now."""
        volume = None if self._session.current is None else self._session.current.volume
        said = ReadAs(channels=self._channels)
        if self.same.isChecked() and self._like_current and volume is not None:
            said = said.model_copy(update={"axes": volume.metadata.get(FILE_AXES, "")})
            if volume.unit != PIXEL:
                said = said.model_copy(update={"spacing": volume.spacing, "unit": volume.unit})
        return BatchOrder(
            inputs=self.inputs.paths,
            out=self.folder,
            model=self._session.model,
            formats=tuple(suffix.removeprefix(".") for suffix, box in self.formats.items() if box.isChecked()),
            skip_done=self.skip.isChecked(),
            read_as=said,
            settings=self._session.segment_settings,
        )

    @property
    def folder(self) -> Path:
        """Where labels go."""
        return Path(self.out.text().strip())

    def _on_inputs(self, added: tuple[str, ...]) -> None:
        if added and not self.out.text():
            self.out.setText(str(_beside(Path(added[0]))))
        self._changed()

    def _on_out(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Folder for the labels")
        if path:
            self.out.setText(path)

    def _on_changed(self, _value: Any = None) -> None:
        self._changed()

    @property
    def _channels(self) -> tuple[int, ...]:
        entry = self._session.current
        return () if entry is None else tuple(entry.volume.metadata.get(CHOSEN) or ())

    @property
    def _like_current(self) -> str:
        """The axes and the pixel size of the current image, in words; "" when there is nothing to say."""
        entry = self._session.current
        if entry is None:
            return ""
        told = entry.volume.metadata.get(FILE_AXES, "")
        axes = describe_axes(told) if len(told) > 2 else ""  # rows and columns are never in doubt
        size = "" if entry.volume.unit == PIXEL else f"{entry.volume.spacing[2]:.4g} {entry.volume.unit}"
        return "; ".join(part for part in (axes, size) if part)


def _beside(path: Path) -> Path:
    """Where labels of a file, a folder or a pattern may go."""
    while "*" in str(path):
        path = path.parent / "labels" if "*" not in str(path.parent) else path.parent
    if path.is_dir():
        return path.with_name(f"{path.name.split('.')[0]}_labels")
    return path if path.name == "labels" else path.parent / "labels"
