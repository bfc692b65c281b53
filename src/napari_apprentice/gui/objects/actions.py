"""What is done to the objects that are selected in the table, and the line in which it is said how it went."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QHBoxLayout

from napari_apprentice.data.objects.table import Objects
from napari_apprentice.errors import UserError
from napari_apprentice.gui.objects.tracks import TracksLayer
from napari_apprentice.gui.open_dialog import refuse_unasked
from napari_apprentice.gui.widgets.buttons import button
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.session import Session
from napari_apprentice.settings import FilterSettings

_FILTERS = "Measurements (*.csv);;Parquet (*.parquet)"
_APPROVE = "The selected objects are right as they are (A)"
_DELETE = "There are no objects here: they become background, which teaches (D)"
_TRACKS = "Where each object comes from and goes to, by its id (Keep ids through time, in Segment)"
_DIVISIONS = "An object that is new where another one was, which goes on or has two such: its daughter"
_EXPORT = "As Export labels... writes measurements: CSV or Parquet"


class ObjectActions:
    """Approve, delete, remove, export.

    Parameters
    ----------
    session
        Where it is done.
    selected
        The objects that are selected, (n, 2) frames and ids.
    after
        Called when an edit was made.
    tracks
        Where objects go through time.
    """

    def __init__(
        self, session: Session, selected: Callable[[], Objects], after: Callable[[], None], tracks: TracksLayer
    ) -> None:
        self._session = session
        self._selected = selected
        self._after = after
        self.words = muted("")
        self.tracks = button("Tracks", lambda: tracks.set_on(not tracks.is_on), tip=_TRACKS)
        self.tracks.setCheckable(True)
        self.divisions = button("Divisions", lambda: tracks.set_divides(not tracks.divides), tip=_DIVISIONS)
        self.divisions.setCheckable(True)
        self._tracks = tracks
        tracks.changed.connect(self.show_tracks)
        self.show_tracks()
        self.approve = button("Approve", self.on_approve, tip=_APPROVE)
        self.delete = button("Delete", self.on_delete, tip=_DELETE)
        self.export = button("Export...", self._on_export, tip=_EXPORT)

    def row(self) -> QHBoxLayout:
        """The line and the buttons side by side."""
        made = row(self.words, self.divisions, self.tracks, self.approve, self.delete, self.export)
        made.setStretch(0, 1)
        return made

    def show_tracks(self) -> None:
        """Offer tracks of a time series."""
        why_not = self._tracks.why_not()
        self.tracks.setVisible(self._tracks.is_for)
        self.tracks.setEnabled(not why_not)
        self.tracks.setToolTip(why_not or _TRACKS)
        self.tracks.setChecked(self._tracks.is_on)
        self.divisions.setVisible(self._tracks.is_for and self._tracks.is_on)
        self.divisions.setChecked(self._tracks.divides)

    def say(self, sentence: str, role: str = "muted") -> None:
        """Say it in the line."""
        self.words.set_role(role)
        self.words.setText(sentence)

    def warn(self, sentence: str) -> None:
        """Say what did not work."""
        self.say(sentence, role="warning")

    def allow(self, rows: int, selected: int) -> None:
        """Which buttons can be pressed, by the rows that there are and those that are selected."""
        can_edit = selected > 0 and not self._session.objects.why_not()
        self.approve.setEnabled(can_edit)
        self.delete.setEnabled(can_edit)
        self.export.setEnabled(rows > 0)

    def on_approve(self) -> None:
        """The selected objects are right."""
        self._is_done(lambda: self._session.objects.approve(self._selected()))

    def on_delete(self) -> None:
        """The selected objects are none."""
        if self._session.verbs.click.proposal is not None:
            self.warn("An outline waits: keep it (Enter) or discard it (Esc) first.")
            return
        self._is_done(lambda: self._session.objects.delete(self._selected()))

    def remove(self, settings: FilterSettings, *, edited: bool) -> str:
        """Remove what a filter finds; what there is to say about it, or "" when it could not be done."""
        count = 0

        def filter_them() -> None:
            nonlocal count
            count = self._session.objects.filter(settings, edited=edited)

        if not self._is_done(filter_them):
            return ""
        return f"{count:,} removed; Ctrl+Z brings {'it' if count == 1 else 'them'} back."

    def _is_done(self, edit: Callable[[], None]) -> bool:
        """Whether an edit could be made; if not, it is said why."""
        try:
            edit()
        except UserError as error:
            self.warn(str(error))
            return False
        self._after()
        return True

    def _on_export(self) -> None:
        entry = self._session.current
        if entry is None:
            return
        source = entry.volume.source
        folder = Path() if source is None else Path(source).parent
        name = str(folder / f"{Path(entry.name).stem}_objects.csv")
        path, chosen = QFileDialog.getSaveFileName(self.export.window(), "Export measurements", name, _FILTERS)
        if not path:
            return
        suffix = ".parquet" if "parquet" in chosen else ".csv"
        target = Path(path) if Path(path).suffix.lower() in (".csv", ".parquet") else Path(f"{path}{suffix}")
        try:
            refuse_unasked(str(target), path)
            self._session.verbs.export.begin(target)
        except UserError as error:
            self.warn(str(error))
