"""Where *Segment* and *Teach* run: this computer, or the workers of a dask scheduler."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtWidgets import QComboBox, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_apprentice.errors import UserError
from napari_apprentice.gui.widgets.rows import Fields
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.runners.cluster import choice
from napari_apprentice.session import Session
from napari_apprentice.settings import ClusterSettings

HERE = "this computer"
_TRUST = "Images and models go there. Choose only a scheduler you trust: whoever reaches it can run programs on it."


class RunOn(QWidget):
    """A row *Run on*, kept from one session to the next; ``changed`` is called when another place was chosen."""

    def __init__(self, session: Session, changed: Callable[[], None], say: Callable[[str], None]) -> None:
        super().__init__()
        self._session = session
        self._changed = changed
        self._say = say
        self._known = choice.read_choice()
        self.field = QComboBox()
        self.field.setEditable(True)
        self.field.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.words = muted("")
        rows = Fields()
        tip = (
            f'"{HERE}", or the address of a dask scheduler whose workers have this plugin and a GPU: '
            f"tls://gpu-box:8786. Its certificates are named in {choice.place()}; without them only on this computer."
        )
        rows.add("Run on", self.field, tip)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(rows)
        layout.addWidget(self.words)
        if self._known.scheduler and not session.compute.place.scheduler:
            session.run_on(self._known)
        self.refresh()
        self.field.activated.connect(self._on_chosen)
        line = self.field.lineEdit()
        if line is not None:
            line.setPlaceholderText(HERE)
            line.editingFinished.connect(self._on_chosen)

    def refresh(self) -> None:
        """Show the place that is chosen."""
        address = self._session.compute.place.scheduler
        known = [one for one in (address, self._known.scheduler) if one]
        with signals_blocked(self.field):
            self.field.clear()
            self.field.addItems([HERE, *dict.fromkeys(known)])
            self.field.setCurrentText(address or HERE)
        self.words.setText(_TRUST if address else "")
        self.words.setVisible(bool(address))

    def _on_chosen(self, _index: int = 0) -> None:
        address = _address(self.field.currentText(), secret=bool(self._known.tls_ca))
        if address == self._session.compute.place.scheduler:
            self.refresh()
            return
        chosen = self._known.model_copy(update={"scheduler": address})
        self._session.run_on(chosen if address else ClusterSettings())
        if address:
            self._known = chosen
        try:
            choice.remember(chosen)
        except UserError as error:
            self._say(str(error))
        self.refresh()
        self._changed()


def _address(text: str, *, secret: bool) -> str | None:
    """What was typed as an address; None for this computer."""
    text = text.strip()
    if not text or text.lower() == HERE:
        return None
    if "://" in text or text.endswith(".json"):
        return text
    return f"{'tls' if secret else 'tcp'}://{text}"
