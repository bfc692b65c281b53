"""Plots, drawn without a window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_apprentice.errors import UserError


def plot(path: Path, draw: Callable[[Any], None], *, size: tuple[float, float] = (6.0, 4.0)) -> None:
    """Save what ``draw`` puts on matplotlib axes; `UserError` where matplotlib is missing."""
    plots(path, 1, lambda axes, _: draw(axes), size=size)


def plots(
    path: Path,
    count: int,
    draw: Callable[[Any, int], None],
    *,
    size: tuple[float, float],
    columns: int | None = None,
) -> None:
    """Save ``count`` panels side by side, or in rows of ``columns``; ``draw`` gets the axes and number of each."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UserError('Plots need matplotlib: pip install "napari-apprentice[bench]".') from error
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    columns = count if columns is None else columns
    for i in range(count):
        draw(figure.add_subplot(-(-count // columns), columns, i + 1), i)
    figure.savefig(path, dpi=110)
