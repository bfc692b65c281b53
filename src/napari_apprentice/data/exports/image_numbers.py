"""`ImageNumber` in tables of CellProfiler that lie in one folder: no two images have the same."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

from napari_apprentice.data.exports import cellprofiler
from napari_apprentice.data.image.volume import Volume


@dataclass
class ImageNumbers:
    """Gives images their numbers, those of a folder from 1 on; one that is written again has the number it had."""

    _known: dict[Path, dict[Path, range]] = field(default_factory=dict)  # numbers of tables, by folder

    def of(self, path: Path, image: Volume) -> int:
        """The number of an image's first frame in the tables at ``path``; 1 for other formats, which have none."""
        if not path.name.lower().endswith(cellprofiler.SUFFIX):
            return 1
        folder, table = path.parent.resolve(), cellprofiler.image_table_of(path)
        if folder not in self._known:
            ends = "*" + cellprofiler.image_table_of(Path(f"_{cellprofiler.SUFFIX}")).name[1:]
            self._known[folder] = {one: _numbers_in(one) for one in folder.glob(ends)}
        tables, frames = self._known[folder], image.labels_shape[0]
        before = tables.get(folder / table.name, range(0))
        if len(before) != frames:
            first = max((one.stop for one in tables.values()), default=1)
            before = tables[folder / table.name] = range(max(first, 1), max(first, 1) + frames)
        return before.start


def _numbers_in(table: Path) -> range:
    """The numbers that a table of images has; none where it is something else."""
    try:
        numbers = [int(row["ImageNumber"]) for row in cellprofiler.image_rows(table)]
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        return range(0)
    return range(min(numbers), max(numbers) + 1) if numbers else range(0)
