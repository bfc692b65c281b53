"""The window's part of ``apprentice bench interact``: one review by one user, each in windows of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import napari
from napari.layers import Labels as LabelsLayer
from qtpy.QtCore import Qt

from apprentice_lab.bench.interact_counted import seen_at
from apprentice_lab.bench.interact_sheets import Sheet
from apprentice_lab.bench.interact_times import Effort, Reviewed
from apprentice_lab.bench.window.canvas import Canvas
from apprentice_lab.bench.window.desk import SIZE, Desk, opened
from apprentice_lab.bench.window.led import answer, by_pages
from apprentice_lab.bench.window.mending import Log, go_through
from apprentice_lab.bench.window.napari_tools import THIN, NapariTools
from apprentice_lab.bench.window.paced import Paced
from apprentice_lab.bench.window.plugin_tools import PluginTools
from apprentice_lab.bench.window.waiting import wait
from napari_apprentice.data.labels.corrections import UNKNOWN
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.gui.opening import layer_data
from napari_apprentice.runners import Runners
from napari_apprentice.session import ProjectImage, Session

if TYPE_CHECKING:
    from apprentice_lab.bench.interact import InteractSettings

NEXT, PAGES = "next", "pages"


def review(
    user: str, sheets: Sequence[Sheet], seed: int, settings: InteractSettings, runners: Runners | None = None
) -> Iterator[Reviewed]:
    """What one user makes of the sheets; of the one who is led also what he makes of the rest, field by field."""
    if user == "napari":
        yield _with_napari(sheets, seed, settings)
        return
    with Session.temporary(runners) as session, opened(sheets[0].volume, session, settings.model) as desk:
        entries = _open_all(desk, sheets)
        tools, log = PluginTools(desk, Paced(desk, settings)), Log(sum(len(sheet.mistakes) for sheet in sheets))
        pairs = list(zip(entries, sheets, strict=True))
        if user in (NEXT, PAGES):
            (_by_next if user == NEXT else by_pages)(tools, pairs, log, settings)
            yield _reviewed(user, seed, pairs, log, tools.paced)
            user = f"{user}, then field by field"
        for entry, sheet in pairs:
            if not log.is_over:
                session.choose_image(entry)
                desk.viewer.reset_view()
                go_through(tools, sheet, settings.field_share, log, partial(_is_confirmed, entry))
        yield _reviewed(user, seed, pairs, log, tools.paced)


def _with_napari(sheets: Sequence[Sheet], seed: int, settings: InteractSettings) -> Reviewed:
    """Each image in a window of its own, with a labels layer of napari."""
    log, spent = Log(sum(len(sheet.mistakes) for sheet in sheets)), Effort()
    spoiled = 0
    for sheet in sheets:
        with _plain_window(sheet) as (canvas, layer):
            tools = NapariTools(layer, Paced(canvas, settings))
            tools.paced.effort = spent
            if not log.is_over:
                go_through(tools, sheet, settings.field_share, log)
            spent = tools.paced.effort
            spoiled += sheet.spoiled.newly_spoiled(tools.labels)
    objects = sum(sheet.objects for sheet in sheets)
    return Reviewed("napari", seed, objects, log.mistakes, spent, spoiled, tuple(log.rows))


def _by_next(
    tools: PluginTools, pairs: Sequence[tuple[ProjectImage, Sheet]], log: Log, settings: InteractSettings
) -> None:
    """What *Next* shows is approved where it is right, else what is suggested is taken, or it is mended.

    Until the list is at its end, or the rest is taken on trust, as the window says.
    """
    session, paced, in_a_row = tools.desk.session, tools.paced, 0
    sheets = {entry.id: sheet for entry, sheet in pairs}
    seen: set[object] = set()
    paced.key(Qt.Key.Key_N)
    while not log.is_over and (place := session.review.place) is not None:
        if (place.entry.id, place.point) in seen:  # what was given up comes again: the list is at its end
            return
        seen.add((place.entry.id, place.point))
        paced.look()
        paced.read()
        wait(settings.look_s + settings.read_s)  # what is asked ahead has the time that the user takes
        sheet = sheets[place.entry.id]
        mistake = seen_at(place, sheet)
        in_a_row = in_a_row + 1 if mistake is None else 0
        if mistake is None and settings.stops(in_a_row, session.review.outlook()):
            return
        answer(tools, sheet, place, mistake, log, settings.suggestions)


def _open_all(desk: Desk, sheets: Sequence[Sheet]) -> list[ProjectImage]:
    """The images open in one project, each with its masks as if they had just been proposed; the first is shown."""
    session, entries = desk.session, []
    for i, sheet in enumerate(sheets):
        if i:
            pixels, options, _ = layer_data(sheet.volume)
            desk.panel.image.open(desk.viewer.add_image(pixels, **options))
            wait(0.3)
        entry = session.images.open_entry
        session.edits.replace_labels(sheet.spoiled.labels[None, None])
        session.review.take_in(entry, Doubts.none() if sheet.doubts is None else sheet.doubts)
        entries.append(entry)
    session.choose_image(entries[0])
    desk.viewer.reset_view()
    wait(0.5)
    return entries


def _reviewed(user: str, seed: int, pairs: Sequence[tuple[ProjectImage, Sheet]], log: Log, paced: Paced) -> Reviewed:
    spoiled = sum(sheet.spoiled.newly_spoiled(entry.labels[0, 0]) for entry, sheet in pairs)
    objects = sum(sheet.objects for _, sheet in pairs)
    return Reviewed(user, seed, objects, log.mistakes, paced.effort, spoiled, tuple(log.rows))


def _is_confirmed(entry: ProjectImage, number: int) -> bool:
    """Whether an object was approved or mended, which is seen from afar."""
    there = entry.labels == number
    return bool((entry.confirmed[there] != UNKNOWN).all())


@contextmanager
def _plain_window(sheet: Sheet) -> Iterator[tuple[Canvas, LabelsLayer]]:
    """An image and its masks in napari, in a window of the same size, and nothing else."""
    viewer = napari.Viewer(title="napari")
    try:
        viewer.window.resize(*SIZE)
        pixels, options, _ = layer_data(sheet.volume)
        image = viewer.add_image(pixels, **options)
        layer = viewer.add_labels(sheet.spoiled.labels.copy(), scale=image.scale[-2:])
        layer.brush_size = THIN
        viewer.reset_view()
        wait(1.0)
        yield Canvas(viewer, lambda: layer), layer
    finally:
        viewer.close()
        wait(0.2)
