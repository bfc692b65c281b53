"""A class that is added to others: a value and a colour that none of them has."""

from __future__ import annotations

from collections.abc import Sequence

from napari_apprentice.errors import UserError
from napari_apprentice.settings import ClassName

MOST = 255
_COLOURS = ("#7b3294", "#e377c2", "#17becf", "#ff7f0e", "#2ca02c", "#d62728", "#bcbd22", "#1f77b4", "#8c564b")


def new_class(classes: Sequence[ClassName], name: str = "", color: str = "", value: int | None = None) -> ClassName:
    """A class beside ``classes``, by default with the smallest free value, called "class 3" and in a usual colour.

    `UserError` when there are `MOST`.
    """
    if value is None:
        taken = {one.value for one in classes}
        value = next((i for i in range(1, MOST + 1) if i not in taken), None)
    if value is None:
        raise UserError(f"There are {MOST} classes already: remove one first.")
    return ClassName(value=value, name=name or f"class {value}", color=color or _COLOURS[(value - 1) % len(_COLOURS)])
