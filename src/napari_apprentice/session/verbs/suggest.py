"""The likely correction of what a review looks at, one place or a page, shown before somebody asks.

Joining, splitting and deleting are known with the proposal (`data.labels.mends`). What a click would find there, a new
object or another outline, is asked ahead of time, in the background, of images that have one slice.
"""

from __future__ import annotations

from functools import partial

from napari_apprentice.data.image.channels import fits
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import Asked, ClickResult, PackedMask, SuggestJob
from napari_apprentice.session.click_proposal import looked_at
from napari_apprentice.session.doubtful_places import DoubtfulPlace, Point, usual_width
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.requests import pixels_of
from napari_apprentice.session.review_page import ReviewPage
from napari_apprentice.session.running import Running
from napari_apprentice.session.suggestion import Suggestion, Way, here, likeliest, suggestion_of, ways_for

_AHEAD = 3  # places that are asked about before they are looked at
_Asked = tuple[str, int, Point]  # an image, how often it was read, a place


class Suggest:
    """What would mend the place that is looked at; ``suggested`` tells of it, and of another one.

    Attributes
    ----------
    suggestion
        What is shown now; None: nothing is known that would mend it.
    """

    def __init__(self, parts: SessionParts) -> None:
        self._parts = parts
        self._answers: dict[_Asked, PackedMask | None] = {}  # None until it is answered
        self._ways: list[tuple[Way, float]] = []
        self._chosen: Way | None = None  # that *Other* came to; None: the likeliest is shown
        self._filled: tuple[ReviewPage | None, int] = None, 0  # the page, and after how many edits of its image
        self.suggestion: Suggestion | None = None
        signals = parts.signals
        signals.reviewing.connect(self._on_reviewing)
        signals.paging.connect(self._on_paging)
        signals.edited.connect(self._on_edited)
        signals.labels_changed.connect(self._on_changed)
        signals.confirmed_changed.connect(self._on_changed)
        signals.stroke_ended.connect(self._on_stroke_ended)
        signals.doubts_changed.connect(self._on_doubts_changed)
        signals.image_changed.connect(self._forget_old)

    def why_not(self) -> str:
        """Why nothing can be taken; "" when it can."""
        return "" if self.suggestion is not None else "Nothing is suggested here: correct it with a tool, or go on (N)."

    @property
    def has_others(self) -> bool:
        """Whether there is another suggestion for the same place."""
        return len(self._ways) > 1

    def take(self, suggestion: Suggestion | None = None) -> DoubtfulPlace | None:
        """Do what is suggested, one undo step of which everything is confirmed; then `Review.next`.

        ``suggestion`` is by default the one that is shown. Raises `UserError` when there is none, and when labels
        changed since it was made.
        """
        wanted = suggestion or self.suggestion
        if wanted is None:
            raise UserError(self.why_not())
        entry = wanted.place.entry
        if wanted.is_stale or entry is not self._parts.images.current:
            self._look_again()
            raise UserError("The masks changed since this was suggested: look at what is suggested now.")
        self._parts.edits.apply(entry, wanted.delta)
        return self._parts.review.next()

    def other(self) -> Suggestion | None:
        """Show the next likely suggestion for the place; after the last one the first again."""
        if self.suggestion is not None:
            self._chosen = self.suggestion.way
            self._look_again(beyond=True)
        return self.suggestion

    def _on_reviewing(self, place: DoubtfulPlace | None) -> None:
        self._chosen = None
        self._look_again()
        if place is not None:
            for one in [place, *self._parts.review.coming(_AHEAD)]:
                self._ask(one)

    def _look_again(self, *, beyond: bool = False) -> None:
        """Find what is shown in the labels as they are now; with ``beyond`` another way than the chosen one first."""
        place, found = self._parts.review.place, None
        self._ways = []
        if place is not None:
            answer = self._answers.get(_name(place))
            self._ways = ways_for(place, answer)
            first = next((i for i, (way, _) in enumerate(self._ways) if way == self._chosen), 0)
            first += int(beyond)
            for way, chance in [*self._ways[first:], *self._ways[:first]]:
                found = suggestion_of(place, way, chance, answer)
                if found is not None:
                    break
                self._ways.remove((way, chance))
            if found is not None and place.id is None:  # what is mostly an object that is there is no new one
                self._ways = [(found.way, found.chance)]
        if beyond and found is not None:
            self._chosen = found.way
        was, self.suggestion = self.suggestion, found
        if was is not None or found is not None:
            self._parts.signals.suggested.emit(found)

    def _on_edited(self, entry: ProjectImage, delta: Delta) -> None:
        """In a stroke it is left as it is, and not taken."""
        place = self._parts.review.place
        if place is not None and place.entry is entry and not self._parts.regions.is_held:
            self._look_again()

    def _on_changed(self, entry: ProjectImage) -> None:
        """An edit is done, or several that were taken back together."""
        page = self._parts.pages.page
        is_known = self._filled == (page, entry.edits)
        if page is not None and page.entry is entry and not is_known and not self._parts.regions.is_held:
            self._fill(page)

    def _on_paging(self, page: ReviewPage | None) -> None:
        if page is not None:
            self._fill(page)
            for place in [*page.places, *self._parts.review.coming(len(page.places))]:
                self._ask(place)

    def _fill(self, page: ReviewPage) -> None:
        """Find what would mend each place of a page in the labels as they are now."""
        self._filled = page, page.entry.edits
        found = {one: self._for(page, one) for one in page.numbers}
        page.suggestions = {number: one for number, one in found.items() if one is not None}
        self._parts.signals.page_changed.emit(page)

    def _for(self, page: ReviewPage, number: int) -> Suggestion | None:
        """What would mend a place; where somebody has read that and marked the place it stays the same way."""
        place, read = page.place(number), page.suggestions.get(number)
        if read is not None and number in page.marks:
            return read.again()
        return likeliest(place, self._answers.get(_name(place)))

    def _on_stroke_ended(self) -> None:
        if self.suggestion is not None and self.suggestion.is_stale:
            self._look_again()

    def _on_doubts_changed(self, entry: ProjectImage) -> None:
        self._answers = {name: one for name, one in self._answers.items() if name[0] != entry.id}

    def _forget_old(self) -> None:
        """Of images that are closed, or read differently by now."""
        there = {(entry.id, entry.reading) for entry in self._parts.images.entries}
        self._answers = {name: one for name, one in self._answers.items() if name[:2] in there}

    def _ask(self, place: DoubtfulPlace) -> None:
        """Ask what a click there would find, once."""
        parts, entry, name = self._parts, place.entry, _name(place)
        if name in self._answers or entry.shape[1] > 1 or entry is not parts.images.current:
            return
        if not entry.has_open(place.point):
            return
        project, _, _ = parts.subject()
        known = parts.clickers.in_use
        try:
            job = SuggestJob(
                id=parts.queue.next_id("suggest"),
                image=pixels_of(entry, known.header if fits(entry.volume, 1) else None, project.scratch),
                click_model=str(known.file),
                asked=Asked(),
                point=looked_at(here(entry, place.point), entry.inner),
                generation=entry.reading,
                width=usual_width(entry),
                settings=parts.compute.settings_here,
            )
        except UserError:  # a full disk, a file that is gone: nobody asked for it
            return
        self._answers[name] = None
        parts.queue.start(job, parts.origin(), partial(self._accept, name), partial(self._forget, name))

    def _accept(self, name: _Asked, running: Running, result: ClickResult) -> None:
        if name not in self._answers or result.is_unsure:
            return
        if not running.origin.is_same_part:
            self._forget(name)
            return
        self._answers[name] = result.mask
        place = self._parts.review.place
        if place is not None and _name(place) == name and result.mask:
            self._add_answer(place)
        page = self._parts.pages.page
        if page is not None and result.mask:
            self._add_to_page(page, name)

    def _forget(self, name: _Asked) -> None:
        """It was not answered, and can be asked again."""
        self._answers.pop(name, None)

    def _add_answer(self, place: DoubtfulPlace) -> None:
        """One more suggestion; what is shown, and may be read, stays unless it is less likely."""
        shown = self.suggestion
        if shown is not None and self._chosen is None:
            likely = ways_for(place, self._answers.get(_name(place)))
            if likely and likely[0][1] <= shown.chance:
                self._chosen = shown.way
        self._look_again()

    def _add_to_page(self, page: ReviewPage, name: _Asked) -> None:
        """What would mend a place is known better now, unless somebody has read what there was and marked it."""
        number = next((one for one in page.numbers if _name(page.place(one)) == name), None)
        if number is not None:
            before, found = page.suggestions.get(number), self._for(page, number)
            if found is not None and (before is None or before.way != found.way):
                page.suggestions[number] = found
                self._parts.signals.page_changed.emit(page)


def _name(place: DoubtfulPlace) -> _Asked:
    return place.entry.id, place.entry.reading, place.point
