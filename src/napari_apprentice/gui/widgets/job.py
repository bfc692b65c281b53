"""The button that starts a job, and in its place while it runs: progress, time left, *Cancel*."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from napari_apprentice.events import Progress
from napari_apprentice.gui.widgets.buttons import Verb, button
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.words import duration, muted

_STEPS = 1000


class JobControl(QWidget):
    """Start, progress with time left, cancel."""

    def __init__(
        self,
        name: str,
        start: Callable[[], None],
        cancel: Callable[[], None],
        beside: QWidget | None = None,
        *,
        main: bool = True,
    ) -> None:
        super().__init__()
        self._cancel = cancel
        self.verb = Verb(name, start, main=main, beside=beside)
        self.bar = QProgressBar()
        self.bar.setRange(0, _STEPS)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.cancel = button("Cancel", self._on_cancel)
        self.words = muted("")
        self.running = QWidget()
        inner = QVBoxLayout(self.running)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(4)
        inner.addWidget(self.bar)
        below = row(self.words, self.cancel)
        below.setStretch(0, 1)
        inner.addLayout(below)
        self.ended = muted("")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        for widget in (self.verb, self.running, self.ended):
            layout.addWidget(widget)
        self.stop("")

    def start(self, words: str) -> None:
        """The job runs."""
        self.bar.setRange(0, 0)  # busy until the first report
        self.words.setText(words)
        self.cancel.setEnabled(True)
        self.verb.hide()
        self.ended.hide()
        self.running.show()

    def show_progress(self, event: Progress) -> None:
        """One report."""
        if event.total > 0:
            self.bar.setRange(0, _STEPS)
            self.bar.setValue(round(_STEPS * min(1.0, event.done / event.total)))
        left = "" if event.left_s is None else f"about {duration(event.left_s)} left"
        if self.cancel.isEnabled():
            self.words.setText(", ".join(part for part in (event.what, left) if part) or "Working...")

    def stop(self, words: str) -> None:
        """The job ended; ``words`` say how."""
        self.running.hide()
        self.verb.show()
        self.ended.setText(words)
        self.ended.setVisible(bool(words))

    def _on_cancel(self) -> None:
        self.cancel.setEnabled(False)
        self.words.setText("Cancelling...")
        self._cancel()
