"""A table of images with the masks that go with them, what goes with nothing, and what became of each."""

from __future__ import annotations

from pathlib import Path

from napari_apprentice.gui.widgets.lines import LinesTable
from napari_apprentice.session.annotated import Pairing
from napari_apprentice.session.annotations import Added
from napari_apprentice.session.result_words import count_words
from napari_apprentice.settings import Kind

_COLUMNS = {"Image": 200, "Masks": 220, "": 150}
_NO_MASKS, _NO_IMAGE, _UNUSED = "no masks: left out", "no image: left out", "left out: the image has others"


class PairTable(LinesTable):
    """A line for each image and its masks, then those that go with nothing."""

    def __init__(self) -> None:
        super().__init__(_COLUMNS)
        self._lines: dict[Path, int] = {}

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """What is shown."""
        items = [[self.item(row, column) for column in range(3)] for row in range(self.rowCount())]
        return [tuple("" if item is None else item.text() for item in line) for line in items]

    def show_pairing(self, pairing: Pairing | None) -> None:
        """Show which masks go with which images; None shows nothing."""
        self._lines = {}
        self.setRowCount(0)
        if pairing is None:
            return
        lines: list[tuple[Path | None, Path | None, str]] = [(one.image, one.labels, "") for one in pairing.pairs]
        lines += [(path, None, _NO_MASKS) for path in pairing.alone]
        lines += [(None, path, _NO_IMAGE) for path in pairing.unmatched]
        lines += [(None, path, _UNUSED) for path in pairing.unused]
        self.setRowCount(len(lines))
        for place, (image, masks, words) in enumerate(lines):
            if image is not None:
                self._lines[image] = place
            for column, path in enumerate((image, masks)):
                self.put(place, column, "" if path is None else path.name, "" if path is None else str(path))
            self.put(place, 2, words, words)

    def show_added(self, added: Added, kind: Kind) -> None:
        """Say in its line what became of an image."""
        place = self._lines[added.pair.image]
        words = added.problem or " ".join([count_words(added.objects, kind), *added.notes])
        self.put(place, 2, words, words)
        item = self.item(place, 2)
        if item is not None:
            self.scrollToItem(item)
