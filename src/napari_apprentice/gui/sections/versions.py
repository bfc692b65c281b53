"""What became of the version taught last: in use, or waiting to be compared, used or put away."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from qtpy.QtWidgets import QCheckBox, QListWidget, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_apprentice.data.labels.differences import Difference, DifferenceKind
from napari_apprentice.gui.comparison import KEYS, ComparisonView
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.widgets.buttons import button
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.project.versions import Version
from napari_apprentice.session import Session

_WORDS: dict[DifferenceKind, str] = {
    "gone": "Object gone",
    "new": "New object",
    "merged": "Objects merged",
    "cut": "Object cut",
    "outline": "Other outline",
    "other": "Shared out otherwise",
    "class": "Other class",
}


class VersionPane(QWidget):
    """One sentence, *Use*, *Keep*, *Compare* and *Go back*; with a comparison, where the two differ most."""

    def __init__(
        self, session: Session, view: ComparisonView, said: Callable[[], AbstractContextManager[None]]
    ) -> None:
        super().__init__()
        self._session = session
        self._view = view
        self._said = said
        self._offered: str | None = None
        self.outcome = muted("")
        self.adopt = button("Use the new version", self._on_adopt, tip="With its masks: one step of Ctrl+Z")
        self.keep = button("Keep the old one", self._on_keep, tip="The new version stays in the list of models")
        self.on = button("Teach on", self._on_teach_on)
        self.compare = button("Compare", self._on_compare)
        self.back = button("Go back", self._on_back)
        self.shows_new = QCheckBox(f"Show the new masks (hold {KEYS[0][0]})")
        self.shows_new.setToolTip(KEYS[0][1])
        self.shows_new.toggled.connect(view.show_new)
        self.next = button(f"Next ({KEYS[1][0]})", view.next, tip=KEYS[1][1])
        self.words = muted("")
        self.places = QListWidget()
        self.places.itemClicked.connect(lambda item: view.go_to(self.places.row(item)))
        self._build()

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addWidget(self.outcome)
        self.decide = QWidget()
        self.decide.setLayout(row(self.adopt, self.keep))
        layout.addWidget(self.decide)
        layout.addLayout(row(self.compare, self.on, self.back))
        self.compared = QWidget()
        inner = QVBoxLayout(self.compared)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(5)
        inner.addWidget(self.shows_new)
        head = row(self.words, self.next)
        head.setStretch(0, 1)
        inner.addLayout(head)
        inner.addWidget(self.places)
        layout.addWidget(self.compared)

    def listen(self, connections: Connections) -> None:
        """Follow the session and the canvas as long as the section is there."""
        connections.add(self._session.compared, self.refresh)
        connections.add(self._view.changed, self._on_view)
        connections.add(self._session.job_started, self._on_job)
        connections.add(self._session.job_ended, self._on_job)

    def refresh(self) -> None:
        """Show the version taught last, and the comparison if there is one."""
        session = self._session
        versions = () if session.project is None else session.project.lineage.versions
        last, waiting = versions[-1] if versions else None, session.waiting
        in_use = last is not None and session.model.key == last.id
        self.outcome.setText("" if last is None else outcome(last, in_use=in_use, waits=waiting is not None))
        self._offered = None if last is None or in_use else last.id
        self.decide.setVisible(self._offered is not None)
        self.keep.setVisible(waiting is not None)
        self.compare.setVisible(self._offered is not None)
        self.on.setVisible(waiting is not None)
        self._allow_compare()
        self._allow_on()
        why_not = session.models.why_not_go_back()
        self.back.setVisible(not why_not)
        self.back.setToolTip(
            "Use the model that this one was taught from, with the masks there were; every version is kept"
        )
        self.setVisible(last is not None)
        self._show_comparison()

    def _allow_compare(self) -> None:
        why_not = "" if self._offered is None else self._session.verbs.compare.why_not(self._offered)
        is_busy = self._session.busy("compare")
        self.compare.setText("Cancel" if is_busy else "Compare")
        self.compare.setEnabled(is_busy or not why_not)
        self.compare.setToolTip(
            "" if is_busy else why_not or "See what it would make of what you look at; your masks stay as they are"
        )

    def _allow_on(self) -> None:
        why_not = self._session.verbs.teach.why_not_on()
        self.on.setEnabled(not why_not)
        self.on.setToolTip(why_not or "The new version goes on learning from where it stopped, for as long again")

    def _show_comparison(self) -> None:
        found = self._session.comparison
        self.compared.setVisible(found is not None)
        self.places.clear()
        if found is None:
            return
        self.words.setText(found.words)
        places = enumerate(found.differences.places, 1)
        self.places.addItems([f"{number}  {place_words(one, found.entry.shape)}" for number, one in places])
        count = self.places.count()
        self.places.setVisible(count > 0)
        self.shows_new.setVisible(count > 0)
        self.next.setVisible(count > 0)
        self.places.setFixedHeight(count * max(1, self.places.sizeHintForRow(0)) + 2 * self.places.frameWidth())

    def _on_view(self) -> None:
        with signals_blocked(self.shows_new):
            self.shows_new.setChecked(self._view.shows_new)
        self.places.setCurrentRow(self._view.place)

    def _on_job(self, kind: str, event: object = None) -> None:
        if kind == "compare":
            self._allow_compare()
        elif kind == "teach":
            self._allow_on()

    # what the user does

    def _on_compare(self) -> None:
        if self._session.busy("compare"):
            self._session.cancel("compare")
        elif self._offered is not None:
            with self._said():
                self._session.compare(self._offered)

    def _on_teach_on(self) -> None:
        with self._said():
            self._session.teach(on=True)

    def _on_adopt(self) -> None:
        if self._offered is not None:
            with self._said():
                self._session.use(self._offered)
        self.refresh()

    def _on_keep(self) -> None:
        with self._said():
            self._session.keep_old()
        self.refresh()

    def _on_back(self) -> None:
        with self._said():
            self._session.go_back()
        self.refresh()


def place_words(one: Difference, shape: tuple[int, int, int, int]) -> str:
    """Such as "Objects merged, slice 5, 310 px"."""
    where = [
        f"{name} {at}" for name, at, length in zip(("frame", "slice"), one.point, shape, strict=False) if length > 1
    ]
    return ", ".join([_WORDS[one.kind], *where, f"{one.voxels:,} {'voxels' if shape[1] > 1 else 'px'}"])


def outcome(version: Version, *, in_use: bool, waits: bool) -> str:
    """Before and after on the set-aside corrections, and what follows."""
    name = f"Version {version.id.removeprefix('v')}"
    if waits:
        return f"{name} waits for you. {version.why}"
    if version.by == "live":
        judged = "holds what Live learned."
    elif version.score_after is None:
        judged = f"could not be judged: {version.why_no_score or 'too few corrected objects'}".rstrip(".") + "."
    elif version.score_before is None:
        judged = f"scores {version.score_after:.2f} on corrections set aside."
    else:
        judged = f"on corrections set aside: {version.score_before:.2f} before, {version.score_after:.2f} after."
    return f"{name} {judged} " + ("It is in use." if in_use else "It is kept but not in use.")
