"""A labels layer that says which mode was chosen, and remembers the tool that works in it."""

from __future__ import annotations

from typing import Any

from napari.layers import Labels
from numpy.typing import NDArray
from psygnal import Signal


class ModeOfTool(str):
    """A mode's name that remembers the tool: napari keeps a mode while a key is held, and sets it again afterwards."""

    tool: str

    def __new__(cls, mode: str, tool: str) -> ModeOfTool:
        """``mode`` as of napari."""
        made = super().__new__(cls, mode)
        made.tool = tool
        return made


class ToolLabels(Labels):
    """Several tools work in one mode of napari: the eraser and the background brush erase, clicks come in pan_zoom.

    Parameters
    ----------
    data, **options
        As for `napari.layers.Labels`.
    """

    mode_chosen = Signal(str)  # by whom ever, also the mode that it was in; a `ModeOfTool` when one is given back

    def __init__(self, data: Any, **options: Any) -> None:
        self.tool = ""  # the name of the one in the hand
        self._background_brush = False
        super().__init__(data, **options)

    @property
    def mode(self) -> str:
        """The mode of napari, and which tool works in it: what is got here and set later takes that tool again."""
        return ModeOfTool(Labels.mode.fget(self), self.tool)

    @mode.setter
    def mode(self, mode: str) -> None:
        """A mode that is chosen is said also when it is the one before: the tool in the hand may be another."""
        Labels.mode.fset(self, mode)
        self._background_brush = False
        self.mode_chosen.emit(mode if isinstance(mode, ModeOfTool) else str(self.mode))

    @property
    def background_brush(self) -> bool:
        """Whether the eraser confirms background everywhere under it, not only where there was an object."""
        return self._background_brush

    @background_brush.setter
    def background_brush(self, on: bool) -> None:
        if on:
            self.mode = "erase"  # its cursor and its brush size
        self._background_brush = on

    def get_ray_intersections(
        self, position: Any, view_direction: Any, dims_displayed: list[int], world: bool = True
    ) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
        """Where a ray enters the labels and leaves them, also while another layer has more dimensions than these.

        Those that only the viewer has come first, and napari takes them for the layer's.
        """
        own = slice(-self.ndim, None)
        return super().get_ray_intersections(position[own], view_direction[own], dims_displayed, world)
