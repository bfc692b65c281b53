"""Keeps Mesa's software renderer from ending the process after layers were removed.

Where there is no graphics card (remote desktops, virtual machines, Xvfb) Mesa draws on the processor (llvmpipe). When
a program of OpenGL is deleted, as napari does with each layer that is removed, Mesa 22.3 unbinds the vertex shader
behind the back of its own cache: if the frames around draw with one and the same program, as when a single image is
left, it is not bound again, and `glDrawArrays` reads at address 0. Two more programs at the end of each frame, of one
triangle outside of the view each, are never what was bound before, nor what comes after them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from vispy import gloo
from vispy.gloo import gl

_SOFTWARE = "llvmpipe"
_VERTICES = (
    "attribute float x; void main() { gl_Position = vec4(2.0 + x, 2.0, 2.0, 1.0); }",
    "attribute float x; void main() { gl_Position = vec4(3.0 + x, 2.0, 2.0, 1.0); }",
)
_FRAGMENT = "void main() { gl_FragColor = vec4(0.0); }"
_RENDERER = 0x1F01  # GL_RENDERER, for which vispy has no name


def keep_drawing(canvas: Any) -> None:
    """Draw safely on a vispy canvas, for as long as it is there; once more does nothing, as with a graphics card."""
    if _on(canvas) is None:
        canvas.events.draw.connect(_TwoPrograms(), position="last")


def renderer_of(canvas: Any) -> str:
    """What draws a canvas on which `keep_drawing` was called, by its own account; "" before it was seen."""
    drawn = None if canvas is None else _on(canvas)
    return "" if drawn is None or drawn.renderer is None else drawn.renderer


class _TwoPrograms:
    """Drawn after all else."""

    def __init__(self) -> None:
        self.renderer: str | None = None  # known once there is a context
        self._programs: list[gloo.Program] = []

    def __call__(self, event: Any) -> None:
        if self.renderer is None:
            self.renderer = str(gl.glGetParameter(_RENDERER))
        if _SOFTWARE not in self.renderer.lower():
            return
        if not self._programs:
            self._programs = [gloo.Program(vertex, _FRAGMENT) for vertex in _VERTICES]
            for program in self._programs:
                program["x"] = np.zeros(3, np.float32)
        for program in self._programs:
            program.draw("triangles")


def _on(canvas: Any) -> _TwoPrograms | None:
    return next((one for one in canvas.events.draw.callbacks if isinstance(one, _TwoPrograms)), None)
