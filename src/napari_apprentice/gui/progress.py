"""Progress of jobs in napari's activity dock."""

from __future__ import annotations

from napari.utils import progress

from napari_apprentice.events import Event, Progress
from napari_apprentice.gui.connections import Connections
from napari_apprentice.session import Session

_WORDS = {"segment": "Segmenting", "teach": "Teaching", "export": "Exporting", "evaluate": "Evaluating"}
_STEPS = 1000


class Activity:
    """One bar in the activity dock per running *Segment*, *Teach*, *Evaluate* and export."""

    def __init__(self, session: Session) -> None:
        self._bars: dict[str, progress] = {}
        self._connections = Connections()
        self._connections.add(session.job_started, self._on_started)
        self._connections.add(session.job_event, self._on_event)
        self._connections.add(session.job_ended, self._on_ended)

    def close(self) -> None:
        """Stop listening and end all bars."""
        self._connections.close()
        for kind in list(self._bars):
            self._on_ended(kind)

    def _on_started(self, kind: str) -> None:
        if kind in _WORDS:
            self._on_ended(kind)
            self._bars[kind] = progress(total=_STEPS, desc=_WORDS[kind], leave=False, file=_Silent())

    def _on_event(self, kind: str, event: Event) -> None:
        bar = self._bars.get(kind)
        if bar is not None and isinstance(event, Progress) and event.total > 0:
            bar.update(max(0, round(_STEPS * min(1.0, event.done / event.total)) - bar.n))

    def _on_ended(self, kind: str, event: Event | None = None) -> None:
        bar = self._bars.pop(kind, None)
        if bar is not None:
            bar.close()


class _Silent:
    """The activity dock is the display; nothing goes to the terminal."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        return
