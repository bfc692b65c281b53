"""The network that is asked by clicks: the one that ships, or what a project's kept objects made of it."""

from __future__ import annotations

from dataclasses import replace

from napari_apprentice.data.weights import check_weights
from napari_apprentice.errors import UserError
from napari_apprentice.project.versions import Lineage, Version
from napari_apprentice.session.catalog import ASKED, Catalog, ModelChoice, is_asked
from napari_apprentice.session.choices import Choices
from napari_apprentice.session.signals import Signals


class Clickers:
    """Which network answers clicks: chosen, adopted after it learned, gone back from. It belongs to the project."""

    def __init__(self, signals: Signals, choices: Choices) -> None:
        self._signals = signals
        self._choices = choices
        self._catalog = Catalog()
        self._base = ASKED  # what versions are taught from, and what is asked where there are none

    @property
    def in_use(self) -> ModelChoice:
        """The network that is asked; the one that ships where a version's file is gone or damaged."""
        key = self.key
        if key == ASKED:
            return self._catalog.find(self._base, None)
        return replace(self._catalog.find(key, self._lineage), key=f"click-{key}")

    @property
    def version(self) -> Version | None:
        """The version in use; None: the network that ships, also where the version's file is gone or damaged."""
        chosen = self._chosen
        return None if chosen is None or self._is_lost(chosen) else chosen

    @property
    def lost(self) -> Version | None:
        """The version that was chosen and whose file is gone or damaged."""
        chosen = self._chosen
        return chosen if chosen is not None and self._is_lost(chosen) else None

    def before(self, version: Version) -> str:
        """The key of the nearest network it was taught from whose file can be read; else of the one that ships."""
        lineage, seen = self._lineage, {version.id}
        while lineage is not None and version.parent not in seen:  # a damaged list may go round in circles
            seen.add(version.parent)
            found = lineage.get(version.parent)
            if found is None:
                break
            if not self._is_lost(found):
                return found.id
            version = found
        return ASKED

    @property
    def title(self) -> str:
        """What is asked, in words: "click-2d", or a version with the clicks that it takes."""
        return self.in_use.title

    @property
    def last(self) -> Version | None:
        """The version that learned last, whether it is in use or not."""
        versions = () if self._lineage is None else self._lineage.versions
        return versions[-1] if versions else None

    @property
    def waiting(self) -> Version | None:
        """The version that learned last from the network in use, as long as the user has not decided about it."""
        return None if self._lineage is None else self._lineage.waiting(self.key)

    @property
    def key(self) -> str:
        """What versions are taught from: that of the one in use, or of the network that ships."""
        version = self.version
        return ASKED if version is None else version.id

    def ask_with(self, file: str) -> None:
        """Ask another model of its kind in place of the one that ships; `UserError` when this file is none."""
        if not is_asked(self._catalog.find(file, None)):
            raise UserError(f"{file} is no model that is asked by clicks: choose one that `train click-2d` made.")
        self._base = file

    def use(self, key: str) -> None:
        """Ask a version of the project from now on, or the network that ships; `UserError` when there is none."""
        lineage = self._lineage
        if lineage is None or (key != ASKED and lineage.get(key) is None):
            known = () if lineage is None else lineage.versions
            names = ", ".join([ASKED, *(one.id for one in known)])
            raise UserError(f"This project has no click network {key}: choose one of {names}.")
        if key != ASKED:
            choice = self._catalog.find(key, lineage)
            if choice.file is not None:
                check_weights(choice.file)
        with self._choices.telling_trouble():
            lineage.use(key)
        self._signals.clicker_changed.emit()

    def put_away(self, key: str) -> None:
        """The user prefers the network that a version learned from: it does not wait any more."""
        if self._lineage is not None:
            with self._choices.telling_trouble():
                self._lineage.put_away(key)
            self._signals.clicker_changed.emit()

    @property
    def _chosen(self) -> Version | None:
        lineage = self._lineage
        return None if lineage is None or lineage.current is None else lineage.get(lineage.current)

    def _is_lost(self, version: Version) -> bool:
        """Whether the file of a version is gone, damaged or of another kind."""
        try:
            return not is_asked(self._catalog.find(version.id, self._lineage))
        except UserError:
            return True

    @property
    def _lineage(self) -> Lineage | None:
        return None if self._choices.project is None else self._choices.project.click_lineage
