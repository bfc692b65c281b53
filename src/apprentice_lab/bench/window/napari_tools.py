"""How a user of napari without the plugin mends: its picker, bucket, eraser and polygon on a labels layer."""

from __future__ import annotations

import numpy as np
from napari.layers import Labels as LabelsLayer
from qtpy.QtCore import Qt
from scipy import ndimage

from apprentice_lab.bench.interact_lines import cut_between
from apprentice_lab.bench.interact_mistakes import CUT, FALSE, FUSED, OUTLINE, Labels, Mistake, mostly_in
from apprentice_lab.bench.interact_sheets import Sheet
from apprentice_lab.bench.window.outlining import Mask, middle_of
from apprentice_lab.bench.window.paced import Paced
from napari_apprentice.errors import UserError

THIN = 2  # pixels of the eraser that cuts, set before the work begins
_KEYS = {
    "polygon": Qt.Key.Key_3,
    "fill": Qt.Key.Key_F,
    "pick": Qt.Key.Key_L,
    "erase": Qt.Key.Key_E,
}
_CTRL = Qt.KeyboardModifier.ControlModifier


class NapariTools:
    """Knows the keys of napari, of which it takes the shortest way."""

    def __init__(self, layer: LabelsLayer, paced: Paced) -> None:
        self.layer, self.paced = layer, paced

    @property
    def labels(self) -> Labels:
        """The labels (Y, X) so far."""
        found: Labels = self.layer.data
        return found

    def attempt(self, sheet: Sheet, mistake: Mistake, tries: int, *, changed: bool) -> None:
        """The shortest way; where that fails it is taken back and the object outlined as a new one."""
        parts = [sheet.spoiled.mask(number) for number in mistake.numbers]
        pieces = [self.labels == number for number in mostly_in(self.labels, mistake.site)]
        pieces.sort(key=lambda one: -int(one.sum()))
        if mistake.kind == FALSE:
            self._erase_all(middle_of(mistake.site))
        elif tries == 0 and mistake.kind == CUT and len(pieces) > 1:
            self._join(pieces)
        elif tries == 0 and mistake.kind == FUSED:
            self._cut(parts, mistake.site)
        elif tries == 0 and mistake.kind == OUTLINE and pieces:
            self._mend_outline(parts[0], pieces[0])
        else:
            if changed:
                self.paced.key(Qt.Key.Key_Z, _CTRL)
            self.paced.key(Qt.Key.Key_M)
            self._take("polygon")
            self.paced.polygon(min(parts, key=lambda one: int(one.sum())))

    def _take(self, mode: str) -> None:
        if str(self.layer.mode) != mode:
            self.paced.key(_KEYS[mode])
            if str(self.layer.mode) != mode:
                raise UserError(f"The key does not take napari's {mode}: reset napari's shortcuts.")

    def _erase_all(self, at: tuple[float, float]) -> None:
        """The bucket with background."""
        self._take("fill")
        self._select_background()
        self.paced.click(at)

    def _join(self, pieces: list[Mask]) -> None:
        """One piece gets the colour of the other one."""
        self._take("pick")
        self.paced.click(middle_of(pieces[0]))
        self._take("fill")
        self.paced.click(middle_of(pieces[1]))

    def _cut(self, parts: list[Mask], joined: Mask) -> None:
        """Erase a line between them, and give the smaller one a new colour."""
        self._take("erase")
        self.paced.drag(cut_between(parts[0], parts[1], joined))
        self.paced.key(Qt.Key.Key_M)
        self._take("fill")
        self.paced.click(middle_of(min(parts, key=lambda one: int(one.sum()))))

    def _mend_outline(self, truth: Mask, shown: Mask) -> None:
        """A polygon around what is missing in the object's colour, or around what is too much in background."""
        missing, too_much = (_largest(one) for one in (truth & ~shown, shown & ~truth))
        if missing.sum() >= too_much.sum():
            self._take("pick")
            self.paced.click(middle_of(shown))
        else:
            self._select_background()
        self._take("polygon")
        self.paced.polygon(missing if missing.sum() >= too_much.sum() else too_much)

    def _select_background(self) -> None:
        if self.layer.selected_label != 0:
            self.paced.key(Qt.Key.Key_X)


def _largest(mask: Mask) -> Mask:
    parts, count = ndimage.label(mask)
    if not count:
        return mask
    found: Mask = parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))
    return found
