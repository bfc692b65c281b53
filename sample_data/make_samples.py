"""Render all sample images with their truth into this folder (or another): ``python make_samples.py [FOLDER]``.

Everything follows from the seeds in ``napari_apprentice.data.samples``: shapes, point-spread function, uneven light,
shot and read noise. See ``napari_apprentice/data/simulate`` for how each scene is made.
"""

from __future__ import annotations

import sys
from pathlib import Path

from napari_apprentice.data import samples


def main(folder: Path) -> None:
    """Write every sample into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in samples.names():
        samples.write(name, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
