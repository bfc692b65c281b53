"""What the outputs of a network made elsewhere mean: said by whoever imports it, or by names in its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from napari_apprentice.data.representations.elsewhere import is_near
from napari_apprentice.data.travel.offsets import check_offsets
from napari_apprentice.errors import UserError
from napari_apprentice.settings import ClassName, Kind, Triple

FOREGROUND, BOUNDARY, BACKGROUND, IGNORED = "foreground", "boundary", "background", "ignore"
AFFINITIES, APART = "affinities", "apart"  # 1: one object; 1: two
WORDS = (FOREGROUND, BOUNDARY, BACKGROUND, AFFINITIES, APART, IGNORED)
_SAME_AS = {
    FOREGROUND: ("foreground", "fg", "probability", "nucleus", "nuclei", "cell", "cells", "object", "objects", "mask",
                 "interior", "inside"),
    BOUNDARY: ("boundary", "boundaries", "border", "borders", "membrane", "membranes", "outline", "contour", "edge"),
    BACKGROUND: ("background", "bg"),
    AFFINITIES: ("affinities", "affinity"),
}  # fmt: skip
_COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f")
_MOST = 255
_LONGEST = 100  # letters of a class


@dataclass(frozen=True)
class Meant:
    """What is proposed of the outputs: ``takes`` and ``offsets`` as of `data.models.MadeElsewhere`."""

    kind: Kind
    representation: str
    takes: tuple[tuple[int, bool], ...]
    offsets: tuple[Triple, ...] = ()
    classes: tuple[ClassName, ...] = ()


def words_of(names: Sequence[str], count: int) -> tuple[str, ...]:
    """Meanings by the names of ``count`` channels; () where they do not tell."""
    found = [word_of(name) for name in names]
    if len(found) != count or not all(found):
        return ()
    single = [word for word in found if word != AFFINITIES]
    return tuple(found) if len(set(single)) == len(single) else ()


def word_of(name: str) -> str:
    """The meaning of a channel by its name; "" where that does not tell."""
    plain = name.casefold().strip().rstrip("0123456789_ ")
    return next((word for word, same in _SAME_AS.items() if plain in same), "")


def meant(words: Sequence[str], count: int, offsets: Sequence[Triple], dims: Literal[2, 3], name: str) -> Meant:
    """What the words say of ``count`` outputs; `UserError` with one sentence where they do not fit."""
    words = _spread(words, count, offsets, name)
    at = {word: i for i, word in enumerate(words)}
    pairs = [i for i, word in enumerate(words) if word in (AFFINITIES, APART)]
    if pairs:
        return _of_pairs(words, pairs, offsets, dims, name)
    named = [word for word in words if word not in WORDS]
    if named:
        return _of_classes(words, name)
    if FOREGROUND in at and BOUNDARY in at:
        return Meant("instances", "boundaries", ((at[FOREGROUND], False), (at[BOUNDARY], False)))
    if FOREGROUND in at:
        return Meant("instances", "foreground", ((at[FOREGROUND], False),))
    if BACKGROUND in at and BOUNDARY in at:
        return Meant("instances", "boundaries", ((at[BACKGROUND], True), (at[BOUNDARY], False)))
    if BACKGROUND in at or BOUNDARY in at:
        return Meant("instances", "foreground", ((at.get(BOUNDARY, at.get(BACKGROUND, 0)), True),))
    raise UserError(
        f"None of the outputs of {name} says where objects are: one has to be foreground or boundary (--outputs)."
    )


def _spread(words: Sequence[str], count: int, offsets: Sequence[Triple], name: str) -> list[str]:
    """One word for each output: affinities may be named once for all."""
    found: list[str] = []
    for word in words:
        several = word in (AFFINITIES, APART) and sum(one in (AFFINITIES, APART) for one in words) == 1
        found += [word] * (len(offsets) if several and offsets else 1)
    if len(found) != count:
        raise UserError(f"{name} has {outputs_in_words(count)} and --outputs names {len(found)}: give a word for each.")
    return found


def _of_pairs(
    words: Sequence[str], pairs: Sequence[int], offsets: Sequence[Triple], dims: Literal[2, 3], name: str
) -> Meant:
    if len(offsets) != len(pairs):
        raise UserError(
            f"{name} has affinities of {len(pairs)} pairs and {len(offsets)} offsets are told: give --offsets, z y x "
            "for each."
        )
    check_offsets(offsets, dims, name)
    order = sorted(range(len(pairs)), key=lambda i: not is_near(offsets[i]))
    if not is_near(offsets[order[0]]):
        raise UserError(f"{name} has no affinities of neighbours, which objects are joined by: it cannot be used here.")
    takes = [(pairs[i], words[pairs[i]] == APART) for i in order]
    first = (words.index(FOREGROUND), False) if FOREGROUND in words else (-1, False)
    if first[0] < 0 and BACKGROUND in words:
        first = words.index(BACKGROUND), True
    return Meant("instances", "affinities", (first, *takes), tuple(offsets[i] for i in order))


def _of_classes(words: Sequence[str], name: str) -> Meant:
    kept = [i for i, word in enumerate(words) if word != IGNORED]
    names = [words[i] for i in kept]
    if len(names) > 1 and (names[0] != BACKGROUND or any(one in WORDS for one in names[1:])):
        raise UserError(
            f"The outputs of {name} are named {', '.join(words)}: classes come after background, and other words are "
            f"{', '.join(WORDS)}."
        )
    labels = names if len(names) == 1 else names[1:]
    if len(labels) > _MOST or not all(0 < len(one) <= _LONGEST for one in labels):
        raise UserError(
            f"The outputs of {name} cannot all be classes: give --outputs with at most {_MOST} names, of 1 to "
            f"{_LONGEST} letters."
        )
    classes = tuple(
        ClassName(value=i, name=one, color=_COLOURS[(i - 1) % len(_COLOURS)]) for i, one in enumerate(labels, 1)
    )
    return Meant("classes", "classes", tuple((i, False) for i in kept), classes=classes)


def outputs_in_words(count: int) -> str:
    """How many there are."""
    return "one output" if count == 1 else f"{count} outputs"
