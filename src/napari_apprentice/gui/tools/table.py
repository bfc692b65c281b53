"""The tools there are, in the order of their buttons: a new one is a class in a file of its own, and its name here."""

from __future__ import annotations

from napari_apprentice.gui.tools import approve
from napari_apprentice.gui.tools.background import BackgroundBrush
from napari_apprentice.gui.tools.brush import Brush, NewObject
from napari_apprentice.gui.tools.click import ClickCell
from napari_apprentice.gui.tools.delete import DeleteUnderCursor
from napari_apprentice.gui.tools.eraser import Eraser
from napari_apprentice.gui.tools.fill import Fill
from napari_apprentice.gui.tools.merge import Merge
from napari_apprentice.gui.tools.move import Move
from napari_apprentice.gui.tools.pick import Pick
from napari_apprentice.gui.tools.polygon import Polygon
from napari_apprentice.gui.tools.redraw import Redraw
from napari_apprentice.gui.tools.review import (
    ApproveAndNext,
    DeleteAndNext,
    NextDoubtful,
    OtherSuggestion,
    PageOfDoubtful,
    PreviousDoubtful,
    TakeSuggestion,
)
from napari_apprentice.gui.tools.separate import SeparateUnderCursor
from napari_apprentice.gui.tools.shape import FillHoles, Grow, Shape, Shrink, Smooth
from napari_apprentice.gui.tools.slices import BetweenSlices, CopyToNextSlice
from napari_apprentice.gui.tools.split import Split
from napari_apprentice.gui.tools.tool import Tool

TOOLS: tuple[type[Tool], ...] = (
    Brush, Eraser, Fill, Polygon, Pick, BackgroundBrush, ClickCell, Merge, Split, Redraw, Shape, Move,
    NewObject, approve.ApproveObjects, approve.ApproveUnderCursor, approve.ApproveView,
    approve.ApproveSlice, approve.ApproveImage, DeleteUnderCursor, SeparateUnderCursor, BetweenSlices, CopyToNextSlice,
    FillHoles, Smooth, Grow, Shrink, NextDoubtful, PreviousDoubtful, PageOfDoubtful, ApproveAndNext, DeleteAndNext,
    TakeSuggestion, OtherSuggestion,
)  # fmt: skip
