"""The images of a review, with masks that are partly wrong and with what a model makes one doubt of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from apprentice_lab.bench.interact_mistakes import Labels, Mistake, Spoiled
from apprentice_lab.bench.interact_own import mistakes_of
from apprentice_lab.bench.interact_spoiling import spoil
from apprentice_lab.sets import Picture
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.errors import UserError

_LEAST = 12  # objects of an image that are worth a window
_BESIDE = 0.5  # of a missed object, in the box of a place that is looked at
DoubtsOf = Callable[[Volume, Labels], Doubts]
ProposalOf = Callable[[Volume], Labels]


@dataclass(frozen=True, eq=False)
class Sheet:
    """An image of one slice, its truth and spoiled masks, and how doubtful these are (None: nobody said)."""

    name: str
    volume: Volume
    spoiled: Spoiled
    doubts: Doubts | None

    @property
    def mistakes(self) -> Sequence[Mistake]:
        """What is wrong."""
        return self.spoiled.mistakes

    @property
    def objects(self) -> int:
        """Of the truth."""
        return len(np.unique(self.spoiled.truth[self.spoiled.truth > 0]))

    def wrong_about(self, labels: Labels, number: int) -> Mistake | None:
        """The mistake that a label is part of and that is not mended."""
        mine = labels == number
        for one in self.mistakes:
            if 2 * int((mine & one.site).sum()) >= int(mine.sum()) and not self.spoiled.is_mended(one, labels):
                return one
        return None

    def missed_at(self, labels: Labels, point: tuple[int, int], box: tuple[slice, slice]) -> Mistake | None:
        """The mistake that is seen at a place (y, x) where no label is: its object is there, or lies in the box."""
        for one in self.mistakes:
            inside = int(one.site[box].sum()) >= _BESIDE * int(one.site.sum())
            if one.numbers and (one.site[point] or inside) and not self.spoiled.is_mended(one, labels):
                return one
        return None


def draw_sheets(
    pictures: Sequence[Picture], objects: int, wrong: int, seed: int, doubts_of: DoubtsOf | None
) -> list[Sheet]:
    """Images drawn until they have so many objects, the last one cropped; so many of these, all told, are wrong."""
    rng = np.random.default_rng(seed)
    drawn = list(_drawn(pictures, objects, rng))
    if not drawn:
        raise UserError("No image of one slice has objects enough: choose another set with --data.")
    spoiled = spoil([truth for _, _, truth in drawn], wrong, rng)
    return [
        Sheet(name, volume, one, None if doubts_of is None else doubts_of(volume, one.labels))
        for (name, volume, _), one in zip(drawn, spoiled, strict=True)
    ]


def own_sheets(
    pictures: Sequence[Picture], objects: int, seed: int, proposal_of: ProposalOf, doubts_of: DoubtsOf
) -> list[Sheet]:
    """Images drawn in the same way, with what a model proposes for them and what is wrong with that."""
    drawn = list(_drawn(pictures, objects, np.random.default_rng(seed)))
    found = [(name, volume, mistakes_of(truth, proposal_of(volume))) for name, volume, truth in drawn]
    if not any(one.mistakes for _, _, one in found):
        raise UserError("Nothing is wrong with what is proposed for these images: choose another set, or more objects.")
    return [Sheet(name, volume, one, doubts_of(volume, one.labels)) for name, volume, one in found]


def _drawn(pictures: Sequence[Picture], objects: int, rng: np.random.Generator) -> Iterator[tuple[str, Volume, Labels]]:
    left = objects
    for i in rng.permutation(len(pictures)):
        volume, labels = pictures[i].read()
        truth = np.ascontiguousarray(labels[0, 0])
        if labels.shape[1] > 1 or _count(truth) < _LEAST:
            continue
        if _count(truth) > left:
            truth = np.ascontiguousarray(truth[:, : _width(truth, left)])
        pixels = np.asarray(volume.pixels[:1, ..., : truth.shape[1]])
        yield pictures[i].name, replace(volume, pixels=pixels, levels=(), source=None), truth
        left -= _count(truth)
        if left < _LEAST:
            return


def _width(truth: Labels, objects: int) -> int:
    """How many columns have so many objects."""
    starts = np.array([np.flatnonzero((truth == number).any(axis=0))[0] for number in np.unique(truth[truth > 0])])
    return int(np.sort(starts)[objects])


def _count(truth: Labels) -> int:
    return len(np.unique(truth[truth > 0]))
