"""How a user reads a page of doubtful objects, and a review page by page without a window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from apprentice_lab.bench.interact_counted import Counting, answer, seen_at, would_mend
from apprentice_lab.bench.interact_mistakes import FALSE, Mistake
from apprentice_lab.bench.interact_sheets import Sheet
from apprentice_lab.bench.interact_times import Effort
from napari_apprentice.session.doubtful_places import Point
from napari_apprentice.session.review_page import Mark, ReviewPage, is_open
from napari_apprentice.session.suggestion import Way


@dataclass
class PageRead:
    """What was seen on a page: the marks for it, what each took to read and to mark, and which mistakes are mended.

    ``marking`` has the effort of each number from what was wrong being seen until it was marked, keys included;
    ``rejected`` what was suggested for a place, read, and not taken.
    """

    marks: dict[int, Mark] = field(default_factory=dict)
    marking: dict[int, Effort] = field(default_factory=dict)
    mistakes: dict[int, Mistake] = field(default_factory=dict)
    rejected: dict[Point, Way] = field(default_factory=dict)

    @property
    def settled(self) -> dict[int, Mistake]:
        """Mistakes that are mended with the page."""
        return {number: one for number, one in self.mistakes.items() if self.marks.get(number, "look") != "look"}


def keys_for(mark: Mark, *, is_suggested: bool) -> str:
    """What is pressed for a mark: "n" for its number, which comes to it again where something is suggested, or R."""
    if mark == "delete":
        return "nR"
    return "nn" if mark == "look" and is_suggested else "n"


def read_page(page: ReviewPage, sheet: Sheet, *, reads_suggestions: bool) -> PageRead:
    """Judge each picture; where it is wrong read what is suggested, and take it if it is right.

    What is false is deleted. Of two pictures of one mistake the second is left to the first, if that mends it, else it
    is looked at, too.
    """
    found = PageRead()
    for number in page.numbers:
        place, suggestion = page.place(number), page.suggestions.get(number)
        mistake = seen_at(place, sheet) if is_open(place) else None
        if mistake is None:
            continue
        before = next((one for one, other in found.mistakes.items() if other is mistake), None)
        if before is not None:
            if found.marks[before] == "look":
                found.marks[number] = "look"
                found.marking[number] = Effort(keys=len(keys_for("look", is_suggested=suggestion is not None)))
            continue
        read = 1 if suggestion is not None and reads_suggestions else 0
        mark: Mark = "look"
        if suggestion is not None and read and would_mend(suggestion, sheet, mistake):
            mark = "take"
        elif mistake.kind == FALSE:
            mark = "delete"
        if suggestion is not None and read and mark != "take":
            found.rejected[place.point] = suggestion.way
        found.mistakes[number], found.marks[number] = mistake, mark
        keys = len(keys_for(mark, is_suggested=suggestion is not None))
        found.marking[number] = Effort(reads=read, keys=keys)
    return found


def by_pages(user: Counting, sheets: Mapping[str, Sheet]) -> None:
    """Until all is right, or the window says that one may stop, or all places were seen."""
    session, settings = user.session, user.settings
    wrong = sum(len(sheet.mistakes) for sheet in sheets.values())
    seen: set[object] = set()
    user.effort += Effort(keys=1)
    session.pages.next(settings.page)
    while len(user.rows) < wrong and (page := session.pages.page) is not None:
        names = {(page.entry.id, place.point) for place in page.places}
        if names <= seen:
            return
        seen |= names
        session.run_until_idle()
        sheet = sheets[page.entry.id]
        user.effort += Effort(looks=1, pictures=len(page.places))
        read = read_page(page, sheet, reads_suggestions=settings.suggestions > 0)
        if not read.marks and settings.stops(0, session.review.outlook()):
            return
        user.effort += sum(read.marking.values(), Effort(keys=1))
        session.pages.approve(read.marks)
        for number, mistake in read.settled.items():
            right = sheet.spoiled.is_mended(mistake, page.entry.labels[0, 0])
            taken = read.marks[number] == "take"
            user.add(sheet, mistake, user.effort - read.marking[number], right=right, taken=taken)
        while len(user.rows) < wrong and (place := session.review.place) is not None:
            user.effort += Effort(looks=1)  # what is wrong with it was read on the page
            session.run_until_idle()
            answer(user, sheet, place, seen_at(place, sheet), read.rejected.get(place.point))
