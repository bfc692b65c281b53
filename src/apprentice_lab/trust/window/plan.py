"""What is done in a window, drawn from a number: any part of a plan can be done again by itself."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

WEIGHTS = {
    # images
    "open image": 5, "open file": 2, "choose image": 6, "exchange pixels": 1, "change scale": 2, "choose channel": 1,
    # tools, by mouse and keys
    "paint": 12, "interrupted stroke": 4, "erase": 5, "fill": 4, "polygon": 2, "background brush": 3, "new object": 3,
    "pick": 1,
    "approve object": 3, "approve more": 3, "undo": 8, "redo": 5, "use as start": 1,
    # jobs
    "segment": 9, "cancel": 4, "teach": 1, "adopt or go back": 1, "click a cell": 5, "keep": 4, "discard": 2,
    "look inside": 1, "evaluate": 1, "export": 2, "wait": 6,
    # layers
    "add layer": 3, "delete layer": 5, "delete all layers": 0.4, "rename layer": 3, "move layer": 4, "hide or show": 5,
    "select layer": 4, "show masks again": 10, "show confirmed": 3,
    # the view
    "2D or 3D": 4, "slider": 4, "turn view": 1, "fit view": 2, "screenshot": 0.5, "theme": 0.3,
    # what is chosen, and projects
    "choose model": 3, "choose kind": 2, "close panel": 1, "open panel": 10, "new project": 1, "continue project": 2,
    "save elsewhere": 0.3,
}  # fmt: skip
"""How often each step comes, one beside the other; `steps.STEPS` does them."""


WITHOUT_PANEL = (
    "open image", "add layer", "delete layer", "rename layer", "move layer", "hide or show", "select layer", "2D or 3D",
    "slider", "screenshot", "wait",
)  # fmt: skip
"""What napari does alone, one as often as the other."""


@dataclass(frozen=True)
class Step:
    """``number`` is where its own random choices start."""

    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"


def draw_plan(seed: int, count: int, *, has_panel: bool = True) -> list[Step]:
    """So many steps; the first opens an image."""
    draw = random.Random(seed)
    weights = WEIGHTS if has_panel else dict.fromkeys(WITHOUT_PANEL, 1.0)
    drawn = draw.choices(list(weights), list(weights.values()), k=count - 1)
    return [Step(name, draw.randrange(1_000_000)) for name in ("open image", *drawn)]


def write_plan(path: Path, steps: Sequence[Step]) -> None:
    """Keep a plan to be done again."""
    path.write_text(json.dumps([asdict(step) for step in steps]) + "\n", encoding="utf-8")


def read_plan(path: Path) -> list[Step]:
    """A plan that was kept."""
    return [Step(**step) for step in json.loads(path.read_text(encoding="utf-8"))]
