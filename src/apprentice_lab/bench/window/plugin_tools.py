"""How a user of the plugin mends: its own tools, and a polygon where they fail."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import Qt

from apprentice_lab.bench.interact_lines import cut_between, outline, wrong_stretch
from apprentice_lab.bench.interact_mistakes import CUT, FALSE, FUSED, MISSED, OUTLINE, Labels, Mistake, mostly_in
from apprentice_lab.bench.interact_sheets import Sheet
from apprentice_lab.bench.minute_times import ENOUGH
from apprentice_lab.bench.window.canvas import PLAIN
from apprentice_lab.bench.window.desk import Desk
from apprentice_lab.bench.window.minute import iou_of
from apprentice_lab.bench.window.outlining import Mask, middle_of
from apprentice_lab.bench.window.paced import Paced
from napari_apprentice.engine.practice.user import EXACT

_CTRL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
_MOST_CLICKS = 4


class PluginTools:
    """Click a cell (C), merge (J), split (K), delete (D), redraw the outline (U)."""

    def __init__(self, desk: Desk, paced: Paced) -> None:
        self.desk, self.paced = desk, paced

    @property
    def labels(self) -> Labels:
        """The labels (Y, X) so far."""
        return self.desk.labels

    def attempt(self, sheet: Sheet, mistake: Mistake, tries: int, *, changed: bool) -> None:
        """A tool of the plugin, at the last try a polygon."""
        parts = [sheet.spoiled.mask(number) for number in mistake.numbers]
        pieces = [self.labels == number for number in mostly_in(self.labels, mistake.site)]
        pieces.sort(key=lambda one: -int(one.sum()))
        if mistake.kind == FALSE:
            self.paced.point(middle_of(mistake.site))
            self.paced.key(Qt.Key.Key_D)
        elif mistake.kind == MISSED:
            if tries or not self._click(parts[0]):
                self._outline(parts[0])
        elif mistake.kind == CUT and tries < 2 and len(pieces) > 1:
            self._take("merge", Qt.Key.Key_J)
            self.paced.drag(np.array([middle_of(one) for one in pieces[:2]]))
        elif mistake.kind == FUSED and tries < 2:
            if changed:
                self.paced.key(Qt.Key.Key_Z, _CTRL)
            self._split(parts, tries)
        elif mistake.kind == OUTLINE and tries < 2 and pieces:
            self._take("redraw", Qt.Key.Key_U)
            self.paced.stroke(outline(parts[0]) if tries else wrong_stretch(parts[0], pieces[0]))
        else:
            self._outline(parts[-1])

    def _take(self, tool: str, key: Qt.Key) -> None:
        """The key of a tool that is in the hand puts it down."""
        if self.desk.panel.tools.current != tool:
            self.paced.wait(self.desk.take(tool, key), keys=1)

    def _click(self, truth: Mask) -> bool:
        """Click a cell until it is right and keep it; where it stays wrong, discard it."""
        self._take("click", Qt.Key.Key_C)
        for clicks in range(_MOST_CLICKS):
            if clicks:
                self.paced.read()
            shown = self.desk.proposed
            found = EXACT.next_click(shown, truth, np.random.default_rng(0))
            if found is None:
                break
            (y, x), removes = found
            held = PLAIN if not shown.any() else _SHIFT if removes else _CTRL
            took = self.desk.ask((y, x), held)
            self.paced.wait(took.drawn, keys=int(held != PLAIN), clicks=1)
            if iou_of(self.desk.proposed.astype(np.uint8), truth) >= ENOUGH:
                self.paced.key(Qt.Key.Key_Return)
                return True
        self.paced.read()
        if self.desk.session.verbs.click.proposal is not None:
            self.paced.key(Qt.Key.Key_Escape)
        return False

    def _split(self, parts: list[Mask], tries: int) -> None:
        """A line between them; then a click in each."""
        self._take("split", Qt.Key.Key_K)
        if tries == 0:
            joined = np.isin(self.labels, np.setdiff1d(self.labels[parts[0] | parts[1]], [0]))
            self.paced.drag(cut_between(parts[0], parts[1], joined))
            return
        for part in parts:
            self.paced.click(middle_of(part))
        self.paced.key(Qt.Key.Key_Return)

    def _outline(self, truth: Mask) -> None:
        """A new object by polygon."""
        for tool, key in (("paint", Qt.Key.Key_M), ("polygon", Qt.Key.Key_3)):
            self.paced.wait(self.desk.take(tool, key), keys=1)
        self.paced.polygon(truth)
