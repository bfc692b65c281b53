"""Hints for one who sees the panel for the first time: the next step, until it is put away."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtWidgets import QWidget
from superqt.utils import qthrottled

from napari_apprentice.data.storage import put_away
from napari_apprentice.errors import UserError
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.widgets.callout import Callout
from napari_apprentice.session import Session
from napari_apprentice.session.next_step import Hint, Place, next_step

_PAUSE_MS = 300


class Hinting:
    """Says the next step beside the part of the panel that it is about. What is put away stays so for this user."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._put_away = put_away.read()
        self._targets: Mapping[Place, QWidget] = {}
        self._hint: Hint | None = None
        self.callout = Callout(self.put_away)
        self._look_soon = qthrottled(self.look, timeout=_PAUSE_MS, leading=False)
        self._connections = Connections()
        for signal in (session.image_changed, session.model_changed, session.settings_changed):
            self._connections.add(signal, lambda *_: self._look_soon())
        for signal in (session.confirmed_changed, session.labels_changed, session.job_started, session.job_ended):
            self._connections.add(signal, lambda *_: self._look_soon())
        self._connections.add(session.paging, lambda page: self.look())

    def point_at(self, targets: Mapping[Place, QWidget]) -> None:
        """What each part of the panel is pointed at by."""
        self._targets = targets
        self.look()

    def look(self) -> None:
        """Say the next step, if it was not put away; not on a page of a review, which says its own."""
        hint = None if self._session.pages.page is not None else next_step(self._session)
        self._hint = None if hint is None or hint.name in self._put_away else hint
        self.callout.say("" if self._hint is None else self._hint.words)

    def follow(self, canvas: QWidget | None) -> None:
        """Lie beside what is pointed at, which may have moved."""
        if self._hint is None or canvas is None:
            return
        target = self._targets.get(self._hint.place)
        while target is not None and not target.isVisible():  # in a section that is folded
            target = target.parentWidget()
        if target is not None:
            self.callout.point_at(target, canvas)

    def put_away(self) -> None:
        """Never say this one again."""
        if self._hint is not None:
            self._remember(self._put_away | {self._hint.name})

    def show_again(self) -> None:
        """Say all of them again."""
        self._remember(frozenset())

    def close(self) -> None:
        """Say nothing any more."""
        self._look_soon.cancel()
        self._connections.close()
        self.callout.close()

    def _remember(self, names: frozenset[str]) -> None:
        self._put_away = names
        try:
            put_away.write(names)
        except UserError as error:
            self._session.message.emit(str(error))
        self.look()
