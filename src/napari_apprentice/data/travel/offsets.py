"""Between which pixels affinities are: (z, y, x) from one to the other, one for each output."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal

from napari_apprentice.errors import UserError
from napari_apprentice.settings import Triple

_BETWEEN = re.compile(r"[\s,;()\[\]]+")
FARTHEST = 256  # pixels: as wide as the image that a network is tried with, and more than any has that is known


def offsets_from(numbers: Sequence[int], name: str = "--offsets") -> tuple[Triple, ...]:
    """Three numbers after the other, z y x, are an offset."""
    if len(numbers) % 3:
        raise UserError(f"{name} has {len(numbers)} numbers: give three, z y x, for each pair.")
    return tuple((numbers[i], numbers[i + 1], numbers[i + 2]) for i in range(0, len(numbers), 3))


def offsets_in(text: str) -> tuple[Triple, ...]:
    """Offsets as they are typed: "0 -1 0, 0 0 -1"."""
    words = _BETWEEN.sub(" ", text).split()
    try:
        return offsets_from([int(word) for word in words], "What was typed")
    except ValueError as error:
        raise UserError(f"{text.strip()[:40]} is no list of whole numbers: type z y x for each pair.") from error


def whole_offsets(offsets: Iterable[Sequence[int]]) -> tuple[Triple, ...]:
    """Offsets as they were given, each of three axes."""
    found: list[Triple] = []
    for one in offsets:
        if len(one) != 3:
            raise UserError(f"The offset {_shown(one)} has {len(one)} numbers: give three, z y x (z is 0 in a plane).")
        found.append((one[0], one[1], one[2]))
    return tuple(found)


def check_offsets(offsets: Sequence[Triple], dims: Literal[2, 3], name: str) -> None:
    """`UserError` with one sentence for offsets that no network has."""
    for one in offsets:
        if not any(one):
            raise UserError(
                f"An offset of {name} is {_shown(one)}, from a pixel to itself: give z y x to its partner, such as "
                "0 0 -1."
            )
        if dims == 2 and one[0]:
            raise UserError(
                f"The offset {_shown(one)} leads to another slice, and {name} sees one slice at a time: its z has to "
                "be 0."
            )
        if max(map(abs, one)) > FARTHEST:
            raise UserError(
                f"The offset {_shown(one)} of {name} is longer than {FARTHEST} pixels: give z y x in pixels of the "
                "image that it sees."
            )
    twice = next((a for a, b in pairwise(sorted(offsets)) if a == b), None)
    if twice is not None:
        raise UserError(f"The offset {_shown(twice)} of {name} is told twice: give another one for each output.")


def _shown(offset: Sequence[int]) -> str:
    return " ".join(map(str, offset))
