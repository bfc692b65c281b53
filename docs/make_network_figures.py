"""Make the figures of docs/networks.md, from our own networks on images that the package renders itself.

OMP_NUM_THREADS=1 python docs/make_network_figures.py --cache FOLDER

The bundled model is used as it is; all other networks are small, learn for about a minute each and are kept in the
cache. Codes are laid out by scikit-learn (pip install ".[docs]").
"""

from __future__ import annotations

import argparse
from io import BytesIO
from pathlib import Path

import torch  # noqa: TID253 (networks learn here)
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from network_figures.codes import again, codes
from network_figures.dilation import dilation
from network_figures.levels import levels, sees
from network_figures.skips import gates, skips
from network_figures.ways_up import checkerboard
from PIL import Image

IMAGES = Path(__file__).parent / "images"
FIGURES = {one.__name__: one for one in (sees, levels, skips, gates, checkerboard, dilation, codes, again)}


def main() -> None:
    """All figures, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True, help="folder for the small networks")
    parser.add_argument("names", nargs="*", help="only these figures")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.names or FIGURES:
        save(name, FIGURES[name](options.cache))


def save(name: str, figure: Figure) -> None:
    """Write a figure with 256 colours: small files."""
    FigureCanvasAgg(figure)
    raw = BytesIO()
    figure.savefig(raw, dpi=100, format="png")
    image = Image.open(raw).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    image.save(IMAGES / f"networks-{name}.png", optimize=True)


if __name__ == "__main__":
    main()
