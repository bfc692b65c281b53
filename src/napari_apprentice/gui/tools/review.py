"""Go through what is doubtful: the next one, back, and what is said of it."""

from __future__ import annotations

from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tools.delete import why_not_now
from napari_apprentice.gui.tools.tool import Place, Tool


class _Step(Tool):
    """Done at once, from a key or a button of the review."""

    heading = "Review"
    place: Place = ""
    at_once = True

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._review = label_layers.session.review
        self._pages = label_layers.session.pages
        self._suggest = label_layers.session.verbs.suggest

    def why_not(self) -> str:
        """What the review misses."""
        return self._review.why_not()


class _Verdict(_Step):
    """Something said of what is looked at."""

    def why_not(self) -> str:
        """Nothing is looked at yet, or a clicked cell waits."""
        if why_not := self._review.why_not() or why_not_now(self._label_layers):
            return why_not
        is_any = self._review.place is not None or self._pages.page is not None
        return "" if is_any else "Go to a doubtful object first (N), or show a page of them (Shift+G)."


class PageOfDoubtful(_Step):
    """Several doubtful objects at one look."""

    name = "page of doubtful"
    title = "Page of doubtful objects"
    about = "nine at a look: mark those that are wrong by their number, approve all others by G; again to close it"
    key = "Shift-G"
    more_keys = (
        ("1 to 9", "Correct it; again: look at it"),
        ("R", "The one marked last is no object"),
        ("G", "Approve the others, next page"),
    )

    def why_not(self) -> str:
        """Something is being painted, besides."""
        return self._pages.why_not() or why_not_now(self._label_layers)

    def turn_on(self) -> None:
        """Show the first, or put it away."""
        if self._pages.page is not None:
            self._pages.close()
        else:
            self._pages.next()


class NextDoubtful(_Step):
    """To the next doubtful object."""

    name = "next doubtful"
    title = "Next doubtful object"
    about = "the most doubtful first, through all images of the project"
    key = "N"

    def turn_on(self) -> None:
        """Go there; from a page to the next one."""
        if self._pages.page is not None:
            self._pages.next()
        else:
            self._review.next()


class PreviousDoubtful(_Step):
    """Back to the one before."""

    name = "previous doubtful"
    title = "Back to the one before"
    key = "Shift-N"

    def turn_on(self) -> None:
        """Go there; from a page to the one before."""
        if self._pages.page is not None:
            self._pages.previous()
        else:
            self._review.previous()


class ApproveAndNext(_Verdict):
    """What is looked at is right."""

    name = "approve and next"
    title = "Good: approve it, and the next doubtful object"
    about = "where no object is, that is right, too"
    key = "G"

    def turn_on(self) -> None:
        """Approve it, or all of a page that is not marked, and go on."""
        if self._pages.page is not None:
            self._pages.approve()
        else:
            self._review.approve()


class DeleteAndNext(_Verdict):
    """What is looked at is no object."""

    name = "delete and next"
    title = "Remove it, and the next doubtful object"
    key = "R"

    def turn_on(self) -> None:
        """Delete it and go on; on a page mark the one that was marked last."""
        if self._pages.page is not None:
            self._pages.mark_last("delete")
        else:
            self._review.delete()


class TakeSuggestion(_Verdict):
    """What is drawn is right."""

    name = "take the suggestion"
    title = "Take what is suggested, and the next doubtful object"
    about = "what is drawn in blue becomes confirmed"
    key = "9"

    def why_not(self) -> str:
        """Nothing is suggested, besides."""
        return super().why_not() or self._suggest.why_not()

    def turn_on(self) -> None:
        """Take it and go on."""
        self._suggest.take()


class OtherSuggestion(_Verdict):
    """Something else would mend it."""

    name = "other suggestion"
    title = "Another suggestion for the same object"
    key = "0"

    def why_not(self) -> str:
        """There is no other."""
        return super().why_not() or ("" if self._suggest.has_others else "Nothing else is suggested here.")

    def turn_on(self) -> None:
        """Show it."""
        self._suggest.other()
