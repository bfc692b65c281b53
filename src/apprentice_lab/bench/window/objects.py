"""The window's part of ``apprentice bench objects``: the table in a real window, on an image with known objects."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt

from apprentice_lab.bench.window.responsiveness import Ticks
from apprentice_lab.bench.window.waiting import wait, wait_until
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.objects.table import ObjectTable
from napari_apprentice.errors import UserError
from napari_apprentice.gui.app import open_window
from napari_apprentice.gui.labels_layer import ApprenticeLabels
from napari_apprentice.gui.objects.object_columns import columns_of
from napari_apprentice.gui.objects.pane import ObjectsPane
from napari_apprentice.session import Session
from napari_apprentice.settings import FilterSettings

_TICK_MS = 5


@dataclass
class Times:
    """Milliseconds of each thing that is done, by the clock, and of the processor for the window's thread.

    How many objects the filter ``removed``, and what undo keeps for it.
    """

    ms: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    processor_ms: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    removed: int = 0
    undo_bytes: int = 0

    def note(self, what: str, do: Callable[[], object]) -> None:
        """Do something on the clock."""
        start, spent = time.perf_counter(), time.thread_time()
        do()
        self.ms[what].append(1000 * (time.perf_counter() - start))
        self.processor_ms[what].append(1000 * (time.thread_time() - spent))


def measure(volume: Volume, labels: NDArray[np.uint32], repeats: int) -> Times:
    """Fill, sort, edit, select and filter so often; each includes drawing the rows that are seen."""
    with Session.temporary() as session:
        session.add_image(volume, labels)
        viewer, panel = open_window(volume, session)
        try:
            wait(2.0)
            times, masks = Times(), panel.label_layers.activate()
            if masks is None:
                raise UserError("The window shows no masks: is the image open in the panel?")
            ticks = Ticks(_TICK_MS)
            times.note("opening the table with its dock", panel.objects.show)
            ticks.start()
            pane = panel.objects.pane
            if pane is None:
                raise UserError("The window shows no table: is the image open in the panel?")
            wait_until(lambda: len(pane.view.keys) > 0, 1)
            ticks.stop()
            times.ms["the longest that the window waited while it was filled"].append(
                max(late for _, late in ticks.late)
            )
            for _ in range(repeats):
                _look_at_all(times, session)
                _table(times, pane, session.objects.now(), volume)
                _edit(times, session, masks)
                _filter(times, session, session.objects.now())
                wait(0.3)
            return times
        finally:
            panel.runtime.close()
            viewer.close()
            wait(0.2)


def _look_at_all(times: Times, session: Session) -> None:
    """As after a new proposal; in the window in turns."""
    session.objects.forget()
    times.note("measuring all objects anew, in turns of 8 ms", session.objects.now)


def _table(times: Times, pane: ObjectsPane, table: ObjectTable, volume: Volume) -> None:
    view, across = pane.view, pane.view.horizontalHeader()
    if across is None:
        raise UserError("The table has no headings.")

    def draw() -> None:
        shown = view.viewport()
        if shown is not None:
            shown.repaint()

    def fill() -> None:
        view.show_columns(columns_of(table, volume), table.keys)
        draw()

    def sort(order: Qt.SortOrder) -> None:
        across.setSortIndicator(1, order)
        draw()

    def select() -> None:
        size = table.columns[table.size]
        view.select(table.keys[size < np.median(size)], by=table.size)
        draw()

    def scroll() -> None:
        view.scrollToBottom()
        draw()

    times.note("filling the table", fill)
    times.note("sorting it", lambda: sort(Qt.SortOrder.DescendingOrder))
    times.note("selecting half of it by a range", select)
    times.note("sorting it with half selected", lambda: sort(Qt.SortOrder.DescendingOrder))
    times.note("scrolling to its end", scroll)
    view.select(np.zeros(0, np.int64))
    sort(Qt.SortOrder.AscendingOrder)


def _edit(times: Times, session: Session, masks: ApprenticeLabels) -> None:
    """A dab of the brush as napari paints it, and the table after it; beside it the same while nobody follows."""
    at = tuple(n // 2 for n in masks.data.shape)

    def dab() -> None:
        masks.paint(at, 1)

    times.note("a dab of the brush while the table follows", dab)
    times.note("the table after it", session.objects.now)
    session.undo()
    session.objects.forget()
    times.note("a dab of the brush while it does not", dab)
    session.undo()
    session.objects.now()


def _filter(times: Times, session: Session, table: ObjectTable) -> None:
    """A third of the objects, by size and border, which are those of now."""
    least = float(np.quantile(table.columns[table.size], 0.3))
    wanted = FilterSettings(min_size=least, touching_border=True)
    entry = session.current
    if entry is None:
        raise UserError("The image is not open any more.")

    def filter_all() -> None:
        times.removed = session.filter_objects(wanted)

    times.note("the filter, journalled and drawn", filter_all)
    times.undo_bytes = sum(change.nbytes for change in entry.history.done[-1].changes)
    times.note("its undo", session.undo)
    session.objects.now()
