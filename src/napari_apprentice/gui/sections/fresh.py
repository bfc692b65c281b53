"""Which network a fresh start has: its name, its width, and what is known about it before it has learned anything."""

from __future__ import annotations

from typing import get_args

from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_apprentice.architecture import PRESETS, FreshSettings
from napari_apprentice.architecture.facts import facts
from napari_apprentice.errors import UserError
from napari_apprentice.gui.widgets.buttons import Fold
from napari_apprentice.gui.widgets.forms import Form
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.session import Session
from napari_apprentice.settings import RepresentationName

_SHOWN = ("network", "width")
_MORE = ("representation", "norm", "padding", "dropout", "encoder")
_LABELS = {"representation": "Tell apart by"}
_REPRESENTATIONS: dict[str, str] = {
    "log-distance": "distance to the outline",
    "affinities": "pixels that belong together",
}
_TITLES: dict[str, str] = {name: one.title for name, one in PRESETS.items()}


class FreshNetwork(QWidget):
    """Fields for the network of a fresh start; the fold with the rest of them stands beside the list of models."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.form: Form[FreshSettings] = Form(session.fresh_settings, self._on_changed, _SHOWN)
        self.more: Form[FreshSettings] = Form(session.fresh_settings, self._on_changed, _MORE, _LABELS)
        self.fold = Fold(self.more, "More settings")
        self.words = muted("")
        self.facts = muted("")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        for widget in (self.form, self.more, self.words, self.facts):
            layout.addWidget(widget)

    def refresh(self) -> None:
        """Offer the networks for the current image, and tell about the chosen one."""
        settings, current = self._session.fresh_settings, self._session.current
        for form in (self.form, self.more):
            form.show_settings(settings)
        dims = 3 if current is not None and current.volume.is_3d else 2
        self.form.offer("network", [name for name, one in PRESETS.items() if dims in one.dims], _TITLES)
        self.more.offer("representation", list(get_args(RepresentationName)), _REPRESENTATIONS)
        self.more.fields["representation"].native.setEnabled(self._session.kind == "instances")
        chosen = PRESETS[settings.network]
        own = settings.own is not None
        self.words.setText("A network that was given from Python." if own else f"{chosen.words} ({chosen.paper})")
        self.facts.setText(self._facts())
        self.facts.setVisible(bool(self.facts.text()))

    def _facts(self) -> str:
        try:
            return f"{facts(self._session.models.fresh_net())}."
        except UserError:  # the section says why it does not fit
            return ""

    def _on_changed(self, settings: FreshSettings) -> None:
        # each of the two forms knows its own fields; to choose a network is to give one's own up
        changed: dict[str, object] = {
            name: value for name, value in settings if value != getattr(self._session.fresh_settings, name)
        }
        if set(changed) & {"network", "width", "norm", "padding", "dropout"}:
            changed["own"] = None
        self._session.fresh_settings = self._session.fresh_settings.model_copy(update=changed)
