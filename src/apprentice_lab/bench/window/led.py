"""The window's part of a review that is led: what is done about one place, and about a page of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from apprentice_lab.bench.interact_counted import seen_at, would_mend
from apprentice_lab.bench.interact_mistakes import FALSE, Mistake
from apprentice_lab.bench.interact_pages import keys_for, read_page
from apprentice_lab.bench.interact_sheets import Sheet
from apprentice_lab.bench.interact_times import Effort, Mended
from apprentice_lab.bench.window.canvas import PLAIN
from apprentice_lab.bench.window.mending import Log, mend
from apprentice_lab.bench.window.plugin_tools import PluginTools
from apprentice_lab.bench.window.waiting import wait
from napari_apprentice.session import ProjectImage
from napari_apprentice.session.doubtful_places import DoubtfulPlace
from napari_apprentice.session.suggestion import Way

if TYPE_CHECKING:
    from apprentice_lab.bench.interact import InteractSettings


def by_pages(
    tools: PluginTools, pairs: Sequence[tuple[ProjectImage, Sheet]], log: Log, settings: InteractSettings
) -> None:
    """What is wrong on a page is marked, the rest approved, and what is to be looked at mended one by one.

    Until all places were seen, or the rest is taken on trust, as the window says.
    """
    session, paced = tools.desk.session, tools.paced
    sheets = {entry.id: sheet for entry, sheet in pairs}
    seen: set[object] = set()
    _press(tools, Qt.Key.Key_G, Qt.KeyboardModifier.ShiftModifier)
    while not log.is_over and (page := session.pages.page) is not None:
        names = {(page.entry.id, place.point) for place in page.places}
        if names <= seen:  # what was given up comes again
            return
        seen |= names
        paced.effort += Effort(looks=1, pictures=len(page.places))
        wait(settings.look_s + settings.picture_s * len(page.places))  # what is asked has the time that the user takes
        sheet = sheets[page.entry.id]
        read = read_page(page, sheet, reads_suggestions=settings.suggestions > 0)
        if not read.marks and settings.stops(0, session.review.outlook()):
            return
        for number, mark in read.marks.items():
            paced.effort += Effort(reads=read.marking[number].reads)
            for key in keys_for(mark, is_suggested=number in page.suggestions):
                _press(tools, Qt.Key.Key_R if key == "R" else Qt.Key(Qt.Key.Key_0 + number))
        _press(tools, Qt.Key.Key_G)
        for number, mistake in read.settled.items():
            is_right = sheet.spoiled.is_mended(mistake, page.entry.labels[0, 0])
            taken = read.marks[number] == "take"
            done = Mended(sheet.name, mistake.kind, 1, is_right, read.marking[number], paced.seconds, taken)
            log.add(mistake, done)
        while not log.is_over and (place := session.review.place) is not None:
            paced.look()
            wait(settings.look_s)
            rejected = read.rejected.get(place.point)
            answer(tools, sheet, place, seen_at(place, sheet), log, settings.suggestions, rejected)


def answer(
    tools: PluginTools,
    sheet: Sheet,
    place: DoubtfulPlace,
    mistake: Mistake | None,
    log: Log,
    suggestions: int,
    rejected: Way | None = None,
) -> None:
    """Say what a place that was read is, or mend it, and go on."""
    paced = tools.paced
    if mistake is None:
        paced.key(Qt.Key.Key_G)
    elif log.has(mistake):
        paced.key(Qt.Key.Key_N)
    elif mistake.kind == FALSE:
        before = paced.effort
        paced.key(Qt.Key.Key_R)
        is_right = sheet.spoiled.is_mended(mistake, place.entry.labels[0, 0])
        log.add(mistake, Mended(sheet.name, FALSE, 1, is_right, paced.effort - before, paced.seconds))
    elif not _takes(tools, sheet, mistake, log, suggestions, rejected):
        paced.see(mistake.site)
        mend(tools, sheet, mistake, log)
        if not log.is_over:
            paced.key(Qt.Key.Key_N)


def _takes(tools: PluginTools, sheet: Sheet, mistake: Mistake, log: Log, most: int, rejected: Way | None) -> bool:
    """Read what is suggested, at most so many, and take what would mend a mistake; whether something was taken.

    What was rejected before is not read again.
    """
    suggest, paced = tools.desk.session.verbs.suggest, tools.paced
    before = paced.effort
    for number in range(most):
        suggestion = suggest.suggestion
        if suggestion is None:
            return False
        paced.read(int(suggestion.way != rejected))
        if would_mend(suggestion, sheet, mistake):
            entry = suggestion.place.entry
            paced.key(Qt.Key.Key_9)
            is_right = sheet.spoiled.is_mended(mistake, entry.labels[0, 0])
            effort = paced.effort - before
            log.add(mistake, Mended(sheet.name, mistake.kind, 1, is_right, effort, paced.seconds, taken=True))
            return True
        if number + 1 < most:
            if not suggest.has_others:
                return False
            paced.key(Qt.Key.Key_0)
    return False


def _press(tools: PluginTools, key: Qt.Key, modifiers: Qt.KeyboardModifier = PLAIN) -> None:
    """Press a key of a page; what it does is over when the page is drawn, or the canvas where none is shown then."""
    sheet, began = tools.desk.panel.sheet, time.perf_counter()
    tools.desk.hand.key(key, modifiers)
    QApplication.processEvents()  # pictures that changed are drawn meanwhile
    waited = time.perf_counter() - began
    tools.paced.wait(waited if sheet.isVisible() else waited + tools.desk.redraw(), keys=1)
