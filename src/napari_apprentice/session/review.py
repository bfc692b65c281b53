"""What deserves a look, the most doubtful first, through all images of the project."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.data.labels.doubts import DOUBTFUL, LIKELY, Doubts
from napari_apprentice.errors import UserError
from napari_apprentice.session.answers import Answers
from napari_apprentice.session.choices import Choices
from napari_apprentice.session.doubted import doubts_of
from napari_apprentice.session.doubtful_places import (
    DoubtfulPlace,
    Point,
    ReviewState,
    empty_in,
    place_in,
    point_of,
)
from napari_apprentice.session.edits import Edits
from napari_apprentice.session.images import Images, refuse
from napari_apprentice.session.large_project_image import LargeProjectImage
from napari_apprentice.session.likely_wrong import LikelyWrong, Outlook
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.regions import Regions
from napari_apprentice.session.review_page import is_open, told_apart
from napari_apprentice.session.signals import Signals

_NOTHING_LEFT = "Nothing doubtful is left in the images of this project."


class Review:
    """Goes through doubtful places, which are those of the last proposal that nobody said anything about yet.

    They are kept with the project. What is confirmed, erased or edited meanwhile is left out, and is there again after
    an undo. `next` passes each place once before those that were passed over come again.

    Attributes
    ----------
    place
        What is looked at now; None before the first and after the last.
    """

    def __init__(self, signals: Signals, choices: Choices, images: Images, regions: Regions, edits: Edits) -> None:
        self._signals = signals
        self._choices = choices
        self._images = images
        self._regions = regions
        self._edits = edits
        self._answers = Answers(signals)
        self._likely = LikelyWrong(self._answers)
        self._seen: dict[str, set[Point]] = {}
        self._trail: list[DoubtfulPlace] = []  # that was gone through; the last is the one before ``place``
        self._visits: list[DoubtfulPlace] = []  # that `next` goes to before all others
        self._then: Callable[[], object] | None = None  # in place of `next`, after those
        self.place: DoubtfulPlace | None = None
        signals.image_changed.connect(self._on_image_changed)

    def take_in(self, entry: ProjectImage, doubts: Doubts, inner: Region | None = None) -> None:
        """A proposal was taken in: its doubtful places replace those of before.

        With ``inner`` they are those of the part that is open, which lies there in what was looked at.
        """
        if inner is not None:
            mine = doubts.only(doubts.inside(inner))
            doubts = mine.moved([a.start - b.start for a, b in zip(entry.region, inner, strict=True)])
            clipped = np.clip(doubts.boxes, 0, np.array(entry.shape)[:, None])
            doubts = Doubts(doubts.points, clipped, doubts.values, doubts.missed, doubts.mends)
        if inner is not None and isinstance(entry, LargeProjectImage) and entry.doubts is not None:
            before = entry.doubts.doubts
            doubts = Doubts.together([before.only(~before.inside(entry.region)), doubts])
        self._take_over(entry, doubts)

    def _take_over(self, entry: ProjectImage, doubts: Doubts) -> None:
        self._seen.pop(entry.id, None)
        self._answers.forget(entry)
        self._trail = [one for one in self._trail if one.entry is not entry]
        self._visits = [one for one in self._visits if one.entry is not entry]
        self._keep(entry, doubts)
        if self.place is not None and self.place.entry is entry:
            self._show(None)
        self._signals.doubts_changed.emit(entry)

    def take_in_part(self, entry: ProjectImage, doubts: Doubts, part: Region) -> None:
        """A proposal for a part of the open labels was taken in: its doubtful places are in voxels of that part."""
        kept = entry.doubts
        box = tuple(slice(a.start + b.start, a.stop + b.start) for a, b in zip(part, entry.region, strict=True))
        before = Doubts.none() if kept is None else kept.doubts.only(~kept.doubts.inside(box))
        self._take_over(entry, Doubts.together([before, doubts.moved([one.start for one in box])]))

    def doubtful(self, entry: ProjectImage | None = None) -> list[DoubtfulPlace]:
        """What is left to look at, of an image or (None) of all: image by image, and there in the order of `next`.

        Reads the labels of each image.
        """
        found = []
        for one in self._round() if entry is None else [entry]:
            ordered = self._likely.doubtful_in(one)
            found += [place_in(one, ordered, i) for i in np.flatnonzero(one.still_open(ordered))]
        return found

    def doubts(self, entry: ProjectImage | None = None) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """`doubted.doubts_of` an image, by default the current one."""
        return doubts_of(self._images.open_entry if entry is None else entry)

    def state(self, entry: ProjectImage) -> ReviewState:
        """How far an image is; one that was not opened yet is not read for it."""
        kept = entry.doubts
        if kept is None:
            return ReviewState(0, 0, is_known=False, is_used=entry.folder.is_used)
        ordered = self._likely.doubtful_in(entry)
        left = int(entry.still_open(ordered).sum()) if entry.is_read else kept.left
        return ReviewState(left, max(left, len(ordered)))

    def outlook(self) -> Outlook:
        """How much is likely still wrong in all images, as far as it is known from what was answered so far."""
        return self._likely.outlook(self._images.entries)

    def why_not(self) -> str:
        """What a review still misses; "" when it can begin."""
        if self._choices.kind == "classes":
            return "Areas of classes are not objects: there is no list of doubtful ones."
        if all(entry.doubts is None for entry in self._images.entries):
            return "Segment first: what was proposed is then looked through, the most doubtful first."
        return ""

    def next(self) -> DoubtfulPlace | None:
        """Go to the next doubtful place, in this image or another one; None, and a sentence, when nothing is left.

        It is told by ``reviewing``. Raises `UserError` with what is missing.
        """
        refuse(self.why_not())
        self._remember()
        while self._visits:
            visit = self._visits.pop(0)
            if visit.entry not in self._images.entries:
                continue
            self._open(visit)
            if is_open(visit):
                self._show(visit)
                return self.place
        if self._then is not None:
            self._go_on()
            return self.place
        self._show(self._first_or_again())
        return self.place

    def visit(self, places: Iterable[DoubtfulPlace], then: Callable[[], object]) -> None:
        """Go to these, one by one at each `next`, and after them do something else in its place."""
        self._visits, self._then = list(places), then
        self.next()

    def take(self, count: int) -> list[DoubtfulPlace]:
        """So many places at most, all of one image, that `next` would show, to be looked at together; raises as it.

        The image is the current one then. Two that would be joined are not both among them.
        """
        refuse(self.why_not())
        self._leave()
        found = self._first_or_again()
        if found is None:
            return []
        taken = list(islice(told_apart(one for one in self._coming() if one.entry.has_open(one.point)), count))
        self._seen.setdefault(found.entry.id, set()).update(one.point for one in taken)
        return taken

    def take_again(self, places: Iterable[DoubtfulPlace]) -> None:
        """The same with places that were taken before, all of one image, which is the current one."""
        self._leave()
        for place in places:
            self._seen.setdefault(place.entry.id, set()).add(place.point)

    def put_back(self, places: Iterable[DoubtfulPlace]) -> None:
        """Places that were taken were not looked at after all."""
        for place in places:
            self._seen.get(place.entry.id, set()).discard(place.point)

    def coming(self, count: int) -> list[DoubtfulPlace]:
        """So many of the current image that `next` will show, as far as it has them."""
        visits = [one for one in self._visits if one.entry is self._images.current]
        return list(islice(chain(visits, self._coming()), count))

    def _coming(self) -> Iterator[DoubtfulPlace]:
        entry = self._images.current
        if entry is not None and entry.doubts is not None:
            ordered, seen = self._likely.doubtful_in(entry), self._seen.get(entry.id, set())
            left = (i for i in np.flatnonzero(entry.still_open(ordered)) if point_of(ordered, i) not in seen)
            yield from (place_in(entry, ordered, i) for i in left)

    def previous(self) -> DoubtfulPlace | None:
        """Go back to the place before, also one that was approved or deleted. Raises `UserError` at the first."""
        while self._trail:
            found = self._trail.pop()
            if found.entry not in self._images.entries:
                continue
            if self.place is not None:
                self._seen.get(self.place.entry.id, set()).discard(self.place.point)
            self._open(found)
            self._show(found)
            return self.place
        raise UserError("This is the first one: there is none before it.")

    def approve(self) -> DoubtfulPlace | None:
        """What is looked at is right as it is, where no object is as well; then `next`. Raises `UserError`."""
        return self._settle(self._edits.approve_object)

    def delete(self) -> DoubtfulPlace | None:
        """What is looked at is no object; then `next`. Raises `UserError`."""
        return self._settle(self._edits.delete_object)

    def end(self) -> None:
        """Write down how much is left, for a list that does not read all images, and forget the images."""
        for entry in self._images.entries:
            self._keep_count(entry)
        self._answers.clear()
        self._likely.clear()
        self._seen.clear()
        self._trail.clear()
        self._visits.clear()
        self._then = None
        self.place = None

    def _remember(self) -> None:
        if self.place is not None:
            self._trail.append(self.place)

    def _leave(self) -> None:
        """Nothing is looked at by itself any more, nor will be."""
        self._remember()
        self.put_back(self._visits)
        self._visits.clear()
        self._then = None
        if self.place is not None:
            self._show(None)

    def _go_on(self) -> None:
        then, self._then = self._then, None
        if self.place is not None:
            self._show(None)
        if then is not None:
            then()

    def _settle(self, say: Callable[[Point], None]) -> DoubtfulPlace | None:
        place = self.place
        if place is None:
            raise UserError("Go to a doubtful object first (N).")
        self._open(place)
        entry = place.entry
        t, z, y, x = (at - part.start for at, part in zip(place.point, entry.region, strict=True))
        if entry.labels[t, z, y, x]:
            say((t, z, y, x))
        elif place.id is None:  # the place itself may lie in a corner of its box, as at the edge of the image
            here = np.ravel_multi_index((t, z, y, x), entry.labels.shape)
            self._edits.paint_background(np.union1d(empty_in(entry, place.box), here))
        return self.next()

    def _first_or_again(self) -> DoubtfulPlace | None:
        """`_first`, else the first of those that were passed over; None, and a sentence, when nothing is left."""
        found = self._first()
        if found is None and self._seen:
            self._seen.clear()
            found = self._first()
            if found is not None:
                self._signals.message.emit("Those that you passed over come again.")
        if found is None:
            self._signals.message.emit(_NOTHING_LEFT)
        return found

    def _first(self) -> DoubtfulPlace | None:
        """The first place that was not passed, which is open then; `UserError` when its part cannot be opened now.

        Where something is likely wrong, in all images, comes before what may be.
        """
        return self._first_from(LIKELY) or self._first_from(0.0)

    def _first_from(self, least: float) -> DoubtfulPlace | None:
        """The first of the first image in which one is as likely wrong as that."""
        for entry in self._round():
            kept = entry.doubts
            if kept is None or (not entry.is_read and kept.left == 0):
                continue
            ordered, seen = self._likely.doubtful_in(entry), self._seen.setdefault(entry.id, set())
            if ordered.values.max(initial=0) < least:
                continue
            try:
                left = [i for i in np.flatnonzero(entry.still_open(ordered)) if point_of(ordered, i) not in seen]
                if not left or ordered.values[left].max() < least:
                    continue
                if entry is not self._images.current:
                    self._images.choose(entry)
            except UserError as error:  # its file is gone: the others go on
                self._signals.message.emit(str(error))
                continue
            for i in left:
                self._open(place_in(entry, ordered, i))
                if entry.still_open(ordered.only(np.array([i])))[0]:  # of a large image it is known only now
                    return place_in(entry, ordered, i)
        return None

    def _round(self) -> Iterator[ProjectImage]:
        """The current image, those after it, and those before it."""
        entries, current = self._images.entries, self._images.current
        begin = entries.index(current) if current in entries else 0
        yield from entries[begin:]
        yield from entries[:begin]

    def _open(self, place: DoubtfulPlace) -> None:
        """Make its image the current one, and open the part of a large one in which it lies."""
        if place.entry is not self._images.current:
            self._images.choose(place.entry)
        if not place.entry.has_open(place.point):
            self._regions.open(place.point)

    def _show(self, place: DoubtfulPlace | None) -> None:
        self.place = place
        if place is not None:
            self._seen.setdefault(place.entry.id, set()).add(place.point)
        self._signals.reviewing.emit(place)

    def _keep(self, entry: ProjectImage, doubts: Doubts) -> None:
        left = int(entry.still_open(doubts.only(doubts.values >= DOUBTFUL)).sum())
        with self._choices.telling_trouble():
            entry.keep_doubts(doubts, left)

    def _keep_count(self, entry: ProjectImage) -> None:
        """Write down how much of an image is left, if that is something else by now."""
        kept = entry.doubts
        if kept is not None and entry.is_read and self.state(entry).left != kept.left:
            with suppress(UserError):  # the disk refuses: it is counted when the image is opened
                entry.keep_doubts(kept.doubts, self.state(entry).left)

    def _on_image_changed(self) -> None:
        if self.place is not None and self.place.entry is not self._images.current:
            self.place = None
            self._signals.reviewing.emit(None)
