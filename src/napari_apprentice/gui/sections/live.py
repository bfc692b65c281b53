"""*Live*: a check box, what it knows so far, and the ways to the whole image and into a model."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Failed
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.live import look_live
from napari_apprentice.gui.tools.tools import Tools
from napari_apprentice.gui.widgets.buttons import button
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.session import Session
from napari_apprentice.session.live_proposal import LiveProposal

_HELP = (
    "What you paint or approve is learned at once: masks of all that is in view are proposed anew after every stroke. "
    "Ctrl+Z takes back the stroke, and the proposal follows."
)
_HELP_APPLY = "Propose masks everywhere, as seen here; what you confirmed stays as it is, and Ctrl+Z takes it back."
_HELP_KEEP = (
    "Make what Live learned from this image a version of the model: Segment, other images, batches and export have it "
    "then. It waits until you use it."
)

_BEGIN_OBJECTS = "Paint or approve a few whole objects to begin; strokes of background help."


class LiveSwitch(QWidget):
    """Shown while there is an image."""

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self._tools = tools
        self._session: Session = tools.label_layers.session
        self.box = QCheckBox("Live: learn with every stroke")
        self.box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.box.toggled.connect(self._on_toggled)
        self.state = muted("")
        self.apply = button("Apply to the whole image", self._on_apply)
        self.keep = button("Keep as a version", self._on_keep)
        self.uses = QWidget()
        self.uses.setLayout(row(self.apply, self.keep))
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(3)
        for widget in (self.box, self.state, self.uses):
            lines.addWidget(widget)
        self.connections = Connections()
        self.connections.add(self._session.live_proposed, self._on_proposed)
        self.connections.add(self._session.job_started, self._on_started)
        self.connections.add(self._session.job_ended, self._on_ended)
        self.refresh()

    def refresh(self) -> None:
        """Show whether it is on, and what is missing."""
        live, has_masks = self._session.live, self._tools.label_layers.labels is not None
        self.setVisible(self._session.current is not None)
        why_not = live.why_not() if has_masks else "There are no masks yet."
        self.box.setEnabled(live.is_on or not why_not)
        self.box.setToolTip(why_not or _HELP)
        with signals_blocked(self.box):
            self.box.setChecked(live.is_on)
        self.state.setVisible(live.is_on)
        self.uses.setVisible(live.is_on)
        why_not_apply = live.why_not_apply()
        self.apply.setEnabled(not why_not_apply)
        self.apply.setToolTip(why_not_apply or _HELP_APPLY)
        why_not_keep = live.keep.why_not()
        self.keep.setEnabled(not why_not_keep)
        self.keep.setToolTip(why_not_keep or _HELP_KEEP)

    def _on_toggled(self, on: bool) -> None:
        try:
            if on:
                look_live(self._tools.label_layers)
            else:
                self._session.live.off()
        except UserError as error:
            self._session.live.off()
            self._tools.troubled.emit(str(error))
        self.refresh()

    def _on_apply(self) -> None:
        try:
            self._session.live.apply()
        except UserError as error:
            self._tools.troubled.emit(str(error))

    def _on_keep(self) -> None:
        try:
            self._session.live.keep()
        except UserError as error:
            self._tools.troubled.emit(str(error))

    def _on_started(self, kind: str) -> None:
        if kind == "live" and self._session.live.proposal is None:
            self.state.setText("Looking at the view...")
        self._follow(kind)

    def _on_ended(self, kind: str, event: Event) -> None:
        if kind == "live" and isinstance(event, Failed):
            self.state.setText("Live could not look at this view.")
        self._follow(kind)

    def _follow(self, kind: str) -> None:
        if kind in ("live", "segment", "keep-live"):
            self.refresh()

    def _on_proposed(self, proposal: LiveProposal | None) -> None:
        self.state.setText("" if proposal is None else self._words(proposal))
        self.refresh()

    def _words(self, proposal: LiveProposal) -> str:
        if self._session.kind == "instances":
            count = len(np.unique(proposal.labels[proposal.labels > 0]))
            return f"{count} objects like those you corrected" if proposal.known else _BEGIN_OBJECTS
        if not proposal.known:
            return "Paint a stroke of two classes, or of one and of background, to begin."
        names = {0: "background"} | {one.value: one.name for one in self._session.classes}
        found = ", ".join(names.get(value, str(value)) for value in proposal.known)
        return f"Tells apart: {found}"
