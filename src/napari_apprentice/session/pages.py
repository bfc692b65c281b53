"""A review page by page: those that are not marked are approved together, then those that are marked are looked at."""

from __future__ import annotations

from collections.abc import Mapping

from napari_apprentice.data.labels.object_edits import delete_object
from napari_apprentice.errors import UserError
from napari_apprentice.session.doubtful_places import DoubtfulPlace
from napari_apprentice.session.edits import Edits
from napari_apprentice.session.images import Images, refuse
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.regions import Regions
from napari_apprentice.session.review import Review
from napari_apprentice.session.review_page import Mark, ReviewPage, approval_of, is_open
from napari_apprentice.session.signals import Signals
from napari_apprentice.session.suggestion import here

MOST = 9  # places of a page: so many have a key of their own


class Pages:
    """Shows the next doubtful places of one image after the other as pages, which ``paging`` tells of.

    After `approve` those that were marked to be looked at are shown one by one, as by `Review.next`; then comes the
    next page. An undo of an approval brings its page back.

    Attributes
    ----------
    page
        What is shown now; None while no page is.
    most
        Places of a page.
    """

    def __init__(self, signals: Signals, images: Images, regions: Regions, edits: Edits, review: Review) -> None:
        self._signals = signals
        self._images = images
        self._regions = regions
        self._edits = edits
        self._review = review
        self.most = MOST
        self._trail: list[ReviewPage] = []
        self.page: ReviewPage | None = None
        signals.image_changed.connect(self._on_image_changed)
        signals.settings_changed.connect(self._on_image_changed)
        signals.doubts_changed.connect(self._on_doubts_changed)
        signals.region_changed.connect(self._on_region_changed)
        signals.reviewing.connect(self._on_reviewing)
        signals.edited.connect(self._on_edited)
        signals.confirmed_changed.connect(self._on_confirmed_changed)

    def why_not(self) -> str:
        """Why no page can be shown; "" when one can."""
        if self._regions.is_held:
            return "An object is being painted: finish it first."
        return self._review.why_not()

    def next(self, count: int | None = None) -> ReviewPage | None:
        """Show the next places of one image, ``count`` at most, by default ``most``.

        They begin with the one that `Review.next` would show, which may be in another image. What is on the page that
        is shown now is passed over. None, and a sentence, when nothing is left. Raises `UserError` with what is
        missing.
        """
        refuse(self.why_not())
        if self.page is not None:
            self._pass_over(self.page)
        self.page = found = None
        try:
            places = self._review.take(self.most if count is None else max(1, count))
            found = _page_of(places) if places else None
        finally:
            self._show(found)
        return self.page

    def previous(self) -> ReviewPage | None:
        """Show the page before again, also one that was approved. Raises `UserError` at the first."""
        while self._trail:
            found = self._trail[-1]
            if found.entry in self._images.entries:
                self._show_again(found)
                return self.page
            self._trail.pop()
        raise UserError("This is the first page: there is none before it.")

    def turn(self, number: int) -> None:
        """The next mark of a place: to be mended as suggested, to be looked at, right as it is."""
        page = self._shown(number)
        page.turn(number)
        self._signals.page_changed.emit(page)

    def mark(self, number: int, mark: Mark | None) -> None:
        """What is to be done about a place: "take" what is suggested, "delete", "look"; None: it is right."""
        page = self._shown(number)
        page.mark(number, mark)
        self._signals.page_changed.emit(page)

    def mark_last(self, mark: Mark) -> None:
        """The same of the place that was marked last. Raises `UserError` before the first."""
        page = self._shown()
        if page.last is None:
            raise UserError("Press the number of a picture first, or click it.")
        self.mark(page.last, mark)

    def approve(self, marks: Mapping[int, Mark] | None = None) -> None:
        """What has no mark is right as it is; what has one is mended, deleted, or looked at next.

        All of it is one undo step. ``marks`` are by default those of the page. Where nothing is suggested, or it cannot
        be done any more, a place to "take" is looked at. Raises `UserError` when no page is shown.
        """
        page = self._shown(*(marks or ()))
        refuse(self.why_not())
        if marks is not None:
            page.marks = dict(marks)
        self.page = None
        page.region = page.entry.region
        were_open = [one for one in page.places if is_open(one)]
        looked_at = self._settle(page)
        if were_open:  # else it was redone, and what was said of it stands
            page.answered = tuple(one for one in were_open if not is_open(one))
        self._trail.append(page)
        self._signals.paging.emit(None)
        self._review.visit(looked_at, self.next)

    def close(self) -> None:
        """Put the page away: its places come again, one by one or on another page."""
        page = self.page
        if page is not None:
            self.page = None
            self._review.put_back(page.places)
            self._signals.paging.emit(None)

    def end(self) -> None:
        """Forget all pages."""
        self._trail.clear()
        if self.page is not None:
            self._show(None)

    def _settle(self, page: ReviewPage) -> list[DoubtfulPlace]:
        """Do what the marks say, as one step; the places to look at."""
        entry, looked_at = page.entry, []
        with self._edits.stroke():
            for number, mark in sorted(page.marks.items(), key=lambda one: ("delete", "take", "look").index(one[1])):
                place = page.place(number)
                if not is_open(place):  # it was mended with another one
                    continue
                suggestion = page.suggestions.get(number)
                again = suggestion.again() if mark == "take" and suggestion is not None else None
                if again is not None:
                    self._edits.apply(entry, again.delta)
                elif mark == "delete" and place.id is not None:
                    at = here(entry, place.point)
                    self._edits.apply(entry, delete_object(entry.labels, entry.confirmed, at, "instances"))
                elif mark != "delete":
                    looked_at.append(place)
            right = [page.place(one) for one in page.numbers if page.marks.get(one) in (None, "delete")]
            self._edits.apply(entry, approval_of(entry, right))  # also that there is none where none was
        return looked_at

    def _pass_over(self, page: ReviewPage) -> None:
        """It comes before the next one; what had been said of it and was taken back is said no more."""
        if all(is_open(one) for one in page.answered):
            page.answered = ()
        self._trail.append(page)

    def _shown(self, *numbers: int) -> ReviewPage:
        if self.page is None:
            raise UserError("Show a page of doubtful objects first (Shift+G).")
        wrong = next((one for one in numbers if one not in self.page.numbers), None)
        if wrong is not None:
            raise UserError(f"There is no picture {wrong} on this page: it has {len(self.page.places)}.")
        return self.page

    def _show(self, page: ReviewPage | None) -> None:
        self.page = page
        self._signals.paging.emit(page)

    def _show_again(self, page: ReviewPage) -> None:
        """Raises `UserError` where its part of the image cannot be opened now; then all stays as it is."""
        is_elsewhere = page.entry.region != page.region
        if is_elsewhere:
            refuse(self._regions.why_not_open(page.entry))
        if page.entry is not self._images.current:
            self._images.choose(page.entry)
        if is_elsewhere:
            self._regions.open_part(page.region, page.places[0].point)
        self.close()
        self._review.take_again(page.places)
        self._trail.remove(page)
        self._show(page)

    def _on_image_changed(self) -> None:
        if self.page is not None and (self.page.entry is not self._images.current or self._review.why_not()):
            self.close()

    def _on_doubts_changed(self, entry: ProjectImage) -> None:
        """There is another proposal."""
        self._trail = [one for one in self._trail if one.entry is not entry]
        if self.page is not None and self.page.entry is entry:
            self._show(None)

    def _on_region_changed(self, entry: ProjectImage, spot: object) -> None:
        page = self.page
        if page is not None and page.entry is entry and not all(entry.has_open(one.point) for one in page.places):
            self.close()

    def _on_reviewing(self, place: DoubtfulPlace | None) -> None:
        """One of them is looked at by itself."""
        if place is not None:
            self.close()

    def _on_edited(self, entry: ProjectImage, delta: object) -> None:
        if self.page is not None and self.page.entry is entry:
            self._signals.page_changed.emit(self.page)

    def _on_confirmed_changed(self, entry: ProjectImage) -> None:
        """The page that was approved last is shown again when that is taken back."""
        approved = next((one for one in reversed(self._trail) if one.entry is entry and one.answered), None)
        if approved is not None and not self._regions.is_held and all(is_open(one) for one in approved.answered):
            try:
                self._show_again(approved)
            except UserError as error:  # it waits before the one that is shown
                self._signals.message.emit(str(error))


def _page_of(places: list[DoubtfulPlace]) -> ReviewPage:
    entry = places[0].entry
    return ReviewPage(entry, entry.region, tuple(places))
