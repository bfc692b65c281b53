"""*Click a cell*: one object, or area of a class, asked for by clicks or a box, and kept as an edit or discarded."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import partial

from napari_apprentice.errors import UserError
from napari_apprentice.jobs import AskJob, ClickResult
from napari_apprentice.session.click_proposal import ClickProposal, keeping_edit, proposal_of, taken_up
from napari_apprentice.session.click_questions import Questions, Wish, asked_by, placed
from napari_apprentice.session.images import refuse
from napari_apprentice.session.models import NO_IMAGE
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.running import Running

_UNSURE = "There may be no object here: click again to see what the network would take, or drag a box around it."
_NOTHING = "The network sees nothing to propose here: paint the object with the brush."
_NOT_HERE = "There is nothing to take away from here: click the object first."
_NO_AREA = "No outline waits to take away from: click the area first, or erase what is labelled with the eraser."
_ALL_CONFIRMED = "All of it is confirmed already: to give it another class, use the brush or the fill tool."
_ANOTHERS = "What is seen here is confirmed as another object: click that one first, then here, to add this to it."
_NO_CLASSES = "There are no classes yet: add one first."
_WHICH_CLASS = "Choose the class of the area first."
_OTHER_FRAME = "An outline waits in another frame: keep it (Enter) or discard it (Esc) first."


class Click:
    """One proposal waits at a time; another region or *Discard* make answers on their way stale.

    Clicks are answered one after the other, each from what came of those before. In a project of classes they outline
    an area of one class, always a new one: what is labelled there already is not taken up.

    Attributes
    ----------
    proposal
        What waits to be kept or discarded.
    one_each
        A click beside what is proposed keeps that, and asks for another object.
    one_slice
        A click in a volume is for its slice only.
    """

    def __init__(self, parts: SessionParts) -> None:
        self._parts = parts
        self._generation = 0
        self._wishes: deque[Wish] = deque()
        self._is_asking = False
        self._questions = Questions(parts)
        self._unsure: ClickProposal | None = None  # found at the last click, and not shown
        self._is_shown = False  # what was proposed last, also while the next is asked for
        self._class_value: int | None = None
        self._meaning: object = None  # of labels, as it was when something was asked
        self.proposal: ClickProposal | None = None
        self.one_each = False
        self.one_slice = False
        parts.signals.leaving_region.connect(self.leave)
        parts.signals.region_changed.connect(self.discard)
        parts.signals.image_changed.connect(self.leave)
        parts.signals.settings_changed.connect(self._on_settings_changed)

    def why_not(self) -> str:
        """What clicking a cell still misses; "" when it can be done."""
        if self._parts.images.current is None:
            return NO_IMAGE
        return _NO_CLASSES if self._of_classes and not self._parts.choices.classes else ""

    @property
    def class_value(self) -> int | None:
        """The class that areas are kept as: the one chosen last, else the first; None where labels are objects.

        What waits becomes of another class when that is chosen, but with ``one_each``, where it counts as right. 0, as
        any number without a class, is none.
        """
        if not self._of_classes:
            return None
        first = next((one.value for one in self._parts.choices.classes), 0)
        return first if self._class_value is None else self._class_value

    @class_value.setter
    def class_value(self, value: int | None) -> None:
        self._class_value = value

    def __call__(self, point: tuple[float, ...], *, remove: bool = False, extend: bool = False) -> None:
        """A click at ``point`` (t, z, y, x); answered by ``click_proposed``. Raises `UserError`.

        Parameters
        ----------
        remove
            It is on what does not belong to the object.
        extend
            It belongs to the object that is proposed, also with ``one_each``.
        """
        self._wish(point, removes=remove, extends=extend)

    def box(self, first: tuple[float, ...], last: tuple[float, ...]) -> None:
        """The object in a box, by two of its corners (t, z, y, x) in a slice, also beyond the image."""
        self._wish(first, end=last)

    def undo(self) -> None:
        """Take back one click: what was proposed before it is there again."""
        if self._is_asking or self._wishes:
            self._forget_wishes()
            if self.proposal is not None:
                return
        if self.proposal is None or self.proposal.before is None:
            self.discard()
        else:
            self._show(self.proposal.before)

    def keep(self) -> None:
        """Make the proposed mask a confirmed object (or class); one undo step."""
        proposal = self.proposal
        if proposal is not None and not self.one_each:
            self._refuse_class()
        self.discard()
        self._questions.note(proposal)
        if proposal is not None:
            self._make(proposal)

    def discard(self) -> None:
        """Forget the proposed mask, and any answer that is still to come."""
        self._forget_wishes()
        self._unsure = None
        self._clear()

    def leave(self) -> None:
        """Something else is looked at, or nothing any more: with ``one_each`` what waits is kept, else discarded."""
        if self.one_each:
            self.keep()
        else:
            self.discard()

    def _wish(
        self,
        point: tuple[float, ...],
        *,
        end: tuple[float, ...] | None = None,
        removes: bool = False,
        extends: bool = False,
    ) -> None:
        refuse(self.why_not())
        self._refuse_class()
        entry = self._parts.images.open_entry
        place = placed(point, end, entry)
        if place is None:
            return
        at, last = place
        proposal = self.proposal
        if proposal is not None and proposal.frame != at[0]:
            if not self.one_each:
                raise UserError(_OTHER_FRAME)
            self.keep()
        self._meaning = self._meaning_now
        self._wishes.append(Wish(entry, at, removes, extends, last, self.class_value))
        self._go_on()

    def _go_on(self) -> None:
        """Answer the next wish, if none is being answered."""
        try:
            while self._wishes and not self._is_asking:
                self._answer(self._wishes.popleft())
        except BaseException:  # such as a full disk: what was to follow is not asked
            self._break_off()
            raise

    def _answer(self, wish: Wish) -> None:
        proposal = self.proposal
        if proposal is None:
            self._begin(wish)
            return
        is_elsewhere = wish.at[0] != proposal.frame  # clicked before this was there
        if is_elsewhere and not self.one_each:
            raise UserError(_OTHER_FRAME)
        is_beside = not wish.removes and not wish.extends and not proposal.holds(wish.at)
        if not (wish.end is not None or is_elsewhere or (self.one_each and is_beside)):
            self._ask(wish, proposal)
            return
        self.proposal = None
        if not self.one_each:
            self._begin(wish)
            return
        self._questions.note(proposal)
        try:
            self._begin(wish)
        finally:  # after the question: it is answered while this is drawn
            self._make(proposal)

    def _begin(self, wish: Wish) -> None:
        """Take up the object that is there, or ask for one; who clicks again where there may be nothing insists.

        What is there of a class is no object: another area is asked for.
        """
        unsure, self._unsure = self._unsure, None
        if wish.end is not None:
            self._ask(wish, None)
        elif wish.entry.labels[wish.at] and not self._of_classes:
            there = taken_up(wish.entry, wish.at)
            if wish.removes:
                self._ask(wish, there)
            else:
                self._show(there)
        elif wish.removes:
            raise UserError(_NO_AREA if self._of_classes else _NOT_HERE)
        elif unsure is not None and unsure.entry is wish.entry and unsure.holds(wish.at):
            self._show(unsure)
        else:
            self._ask(wish, None)

    def _make(self, proposal: ClickProposal) -> None:
        """Make a proposal a confirmed object (or class)."""
        if proposal.entry in self._parts.images.entries:
            if not self.one_each:
                proposal = replace(proposal, class_value=self.class_value)
            self._parts.edits.apply(proposal.entry, keeping_edit(proposal))
            self._parts.mask_sources.note(proposal.entry, "click", self._parts.clickers.in_use)

    def _ask(self, wish: Wish, proposal: ClickProposal | None) -> None:
        job = self._questions.about(wish, proposal, self._generation, one_slice=self.one_slice)
        self._is_asking = True
        accept = partial(self._accept, job, proposal, wish.class_value)
        self._parts.queue.start(job, self._parts.origin(), accept, partial(self._broke_off, self._generation))

    def _accept(
        self,
        job: AskJob,
        before: ClickProposal | None,
        class_value: int | None,
        running: Running,
        result: ClickResult,
    ) -> None:
        if self._is_stale(running, result):
            self._broke_off(result.generation)
            return
        self._is_asking = False
        origin, repairs = running.origin, 0 if before is None else before.repairs
        proposal = proposal_of(result.mask, origin.entry, origin.inner, repairs=repairs, class_value=class_value)
        if proposal is not None:
            proposal = replace(proposal, asked=asked_by(job, result), before=before)
        is_unsure = result.is_unsure and not self._of_classes  # of an area somebody said that it is there
        if before is None and (proposal is None or is_unsure):
            self._unsure = proposal
            self._clear()
            self._parts.signals.message.emit(self._why_nothing(result) if proposal is None else _UNSURE)
        elif proposal is not None:
            self._show(proposal)
        else:
            self._parts.signals.message.emit("Nothing would be left of the object: press Esc to leave it as it was.")
        self._go_on()

    def _broke_off(self, generation: int) -> None:
        """A job ended without an answer: those that built on it are not asked."""
        if generation == self._generation:
            self._break_off()

    def _break_off(self) -> None:
        self._forget_wishes()
        if self.proposal is None:
            self._clear()

    def _why_nothing(self, result: ClickResult) -> str:
        """Nothing was found, or all of it is confirmed."""
        if not result.mask:
            return _NOTHING
        return _ALL_CONFIRMED if self._of_classes else _ANOTHERS

    def _show(self, proposal: ClickProposal) -> None:
        self.proposal, self._is_shown = proposal, True
        self._parts.signals.click_proposed.emit(proposal.mask, proposal.box)

    def _clear(self) -> None:
        was_shown, self.proposal, self._is_shown = self._is_shown, None, False
        if was_shown:
            self._parts.signals.click_cleared.emit()

    def _forget_wishes(self) -> None:
        self._generation += 1
        self._wishes.clear()
        self._is_asking = False

    def _is_stale(self, running: Running, result: ClickResult) -> bool:
        origin = running.origin
        is_there = origin.entry in self._parts.images.entries and origin.is_same_part
        return result.generation != self._generation or not is_there

    @property
    def _of_classes(self) -> bool:
        return self._parts.choices.kind == "classes"

    @property
    def _has_no_class(self) -> bool:
        """An area would be kept as no class, such as while the eraser's 0 is chosen."""
        return self._of_classes and self.class_value not in self._parts.choices.class_names

    def _refuse_class(self) -> None:
        refuse(_WHICH_CLASS if self._has_no_class else "")

    @property
    def _meaning_now(self) -> object:
        return self._parts.choices.kind, self._parts.choices.classes

    def _on_settings_changed(self) -> None:
        """What was proposed as an object is no class, and no area of a class that is gone."""
        if self._meaning_now != self._meaning:
            self.discard()
            if self._has_no_class:
                self._class_value = None
