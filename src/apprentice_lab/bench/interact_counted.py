"""A review that is led, without a window: what the hand and the eye do is counted, and takes its stated times.

The list, the answers and what is suggested are those of the product. A tool does at once what it is for, and its line
is as long as it would be at the zoom of *Next*; what the window lets one wait is not part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from apprentice_lab.bench.interact_lines import cut_between, wrong_stretch
from apprentice_lab.bench.interact_mistakes import CUT, FALSE, FUSED, MISSED, Labels, Mask, Mistake, mostly_in
from apprentice_lab.bench.interact_sheets import Sheet
from apprentice_lab.bench.interact_times import Effort, Mended, Reviewed
from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import ProjectImage, Session
from napari_apprentice.session.doubtful_places import DoubtfulPlace, usual_width
from napari_apprentice.session.suggestion import Suggestion, Way

if TYPE_CHECKING:
    from apprentice_lab.bench.interact import InteractSettings

CANVAS = 700.0  # pixels, the shorter side
SHARE = 1 / 6  # of it takes a typical object where Next goes


class Counting:
    """One user on the clock."""

    def __init__(self, session: Session, settings: InteractSettings) -> None:
        self.session, self.settings = session, settings
        self.effort = Effort()
        self.rows: list[Mended] = []
        self.tried: list[Mistake] = []

    @property
    def seconds(self) -> float:
        """Of the user, so far."""
        return self.effort.seconds(self.settings)

    def add(self, sheet: Sheet, mistake: Mistake, before: Effort, *, right: bool, taken: bool = False) -> None:
        """Something was done about a mistake."""
        self.tried.append(mistake)
        row = Mended(sheet.name, mistake.kind, 1, right, self.effort - before, self.seconds, taken)
        self.rows.append(row)


GoThrough = Callable[["Counting", Mapping[str, Sheet]], None]


def review(
    sheets: Sequence[Sheet], seed: int, settings: InteractSettings, user: str, go_through: GoThrough
) -> Reviewed:
    """What a ``user`` who is led makes of the sheets: ``go_through`` is given those by the image's id."""
    with Session.temporary(InlineRunners()) as session:
        entries = [_opened(session, sheet) for sheet in sheets]
        session.choose_image(entries[0])
        counting = Counting(session, settings)
        go_through(counting, {entry.id: sheet for entry, sheet in zip(entries, sheets, strict=True)})
        pairs = list(zip(entries, sheets, strict=True))
        spoiled = sum(sheet.spoiled.newly_spoiled(entry.labels[0, 0]) for entry, sheet in pairs)
        objects, wrong = sum(sheet.objects for sheet in sheets), sum(len(sheet.mistakes) for sheet in sheets)
        return Reviewed(user, seed, objects, wrong, counting.effort, spoiled, tuple(counting.rows))


def seen_at(place: DoubtfulPlace, sheet: Sheet) -> Mistake | None:
    """What is wrong with what is looked at."""
    labels = place.entry.labels[0, 0]
    if place.id is not None:
        return sheet.wrong_about(labels, place.id)
    y, x = place.point[2:]
    return sheet.missed_at(labels, (y, x), (place.box[2], place.box[3]))


def would_mend(suggestion: Suggestion, sheet: Sheet, mistake: Mistake) -> bool:
    """Whether a mistake is right once what is suggested is taken."""
    labels, delta = suggestion.place.entry.labels.copy(), suggestion.delta
    labels.reshape(-1)[delta.indices] = delta.labels_after
    return sheet.spoiled.is_mended(mistake, labels[0, 0])


def _opened(session: Session, sheet: Sheet) -> ProjectImage:
    entry = session.add_image(sheet.volume)
    session.edits.replace_labels(sheet.spoiled.labels[None, None])
    session.review.take_in(entry, Doubts.none() if sheet.doubts is None else sheet.doubts)
    return entry


def by_next(user: Counting, sheets: Mapping[str, Sheet]) -> None:
    """Until all is right, or the window says that one may stop, or the list is at its end."""
    session, settings, in_a_row = user.session, user.settings, 0
    seen: set[object] = set()
    user.effort += Effort(keys=1)
    session.review.next()
    wrong = sum(len(sheet.mistakes) for sheet in sheets.values())
    while len(user.rows) < wrong and (place := session.review.place) is not None:
        if (place.entry.id, place.point) in seen:
            return
        seen.add((place.entry.id, place.point))
        user.effort += Effort(looks=1, reads=1)
        session.run_until_idle()
        sheet = sheets[place.entry.id]
        mistake = seen_at(place, sheet)
        in_a_row = in_a_row + 1 if mistake is None else 0
        if mistake is None and settings.stops(in_a_row, session.review.outlook()):
            return
        answer(user, sheet, place, mistake)


def answer(
    user: Counting, sheet: Sheet, place: DoubtfulPlace, mistake: Mistake | None, rejected: Way | None = None
) -> None:
    """Say what a place that was read is, or mend it, and go on; a suggestion that was ``rejected`` is not read."""
    session, before = user.session, user.effort
    if mistake is None:
        user.effort += Effort(keys=1)
        session.review.approve()
    elif mistake.kind == FALSE:
        user.effort += Effort(keys=1)
        session.review.delete()
        right = sheet.spoiled.is_mended(mistake, place.entry.labels[0, 0])
        user.add(sheet, mistake, before, right=right)
    elif not _takes(user, sheet, mistake, rejected):
        _mend(user, sheet, mistake, place.entry)
        user.add(sheet, mistake, before, right=True)
        user.effort += Effort(keys=1)
        session.review.next()


def _takes(user: Counting, sheet: Sheet, mistake: Mistake, rejected: Way | None) -> bool:
    """Read what is suggested, and take what would mend it."""
    suggest, before = user.session.verbs.suggest, user.effort
    for number in range(user.settings.suggestions):
        suggestion = suggest.suggestion
        if suggestion is None:
            return False
        user.effort += Effort(reads=int(suggestion.way != rejected))
        if would_mend(suggestion, sheet, mistake):
            user.effort += Effort(keys=1)
            suggest.take()
            user.add(sheet, mistake, before, right=True, taken=True)
            return True
        if number + 1 < user.settings.suggestions:
            if not suggest.has_others:
                return False
            user.effort += Effort(keys=1)
            suggest.other()
    return False


def _mend(user: Counting, sheet: Sheet, mistake: Mistake, entry: ProjectImage) -> None:
    """The tool for it, and the truth in its place."""
    labels = entry.labels[0, 0]
    pieces = [labels == one for one in mostly_in(labels, mistake.site)]
    parts = [sheet.spoiled.mask(number) for number in mistake.numbers]
    zoom = SHARE * CANVAS / (usual_width(entry) or CANVAS)
    user.effort += _by_tool(mistake, parts, sorted(pieces, key=lambda one: -int(one.sum())), zoom)
    after, confirmed = labels.copy(), entry.confirmed[0, 0].copy()
    for piece in pieces:
        after[piece], confirmed[piece] = 0, BACKGROUND
    for part, free in zip(parts, range(entry.next_id(), entry.next_id() + len(parts)), strict=True):
        after[part], confirmed[part] = free, AS_LABELLED
    user.session.edits.apply(entry, _between(entry, after, confirmed))


def _by_tool(mistake: Mistake, parts: Sequence[Mask], pieces: Sequence[Mask], zoom: float) -> Effort:
    """Click a cell and keep it, merge, split by a line, or redraw the outline."""
    if mistake.kind == MISSED or not pieces:
        return Effort(keys=2, clicks=1)
    if mistake.kind == CUT and len(pieces) > 1:
        apart = np.argwhere(pieces[0]).mean(axis=0) - np.argwhere(pieces[1]).mean(axis=0)
        return Effort(keys=1, clicks=1, drags=1, line_px=float(np.hypot(*apart)) * zoom)
    line = cut_between(parts[0], parts[1], pieces[0]) if mistake.kind == FUSED else wrong_stretch(parts[0], pieces[0])
    length = float(np.hypot(*np.diff(line, axis=0).T).sum()) * zoom
    drawn = {"clicks": 1, "drags": 1} if mistake.kind == FUSED else {"outlines": 1}
    return Effort(keys=1, line_px=length, **drawn)


def _between(entry: ProjectImage, labels: Labels, confirmed: np.ndarray) -> Delta:
    before, said = entry.labels.reshape(-1), entry.confirmed.reshape(-1)
    after, says = labels.reshape(-1), confirmed.reshape(-1)
    at = np.flatnonzero((before != after) | (said != says))
    t, z, y, x = entry.labels.shape
    return Delta((t, z, y, x), at, before[at], after[at], said[at], says[at])
