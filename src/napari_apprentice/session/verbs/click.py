"""*Click a cell*: one object, asked for click by click or by a box, which is kept as an edit or discarded."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import partial

from napari_apprentice.errors import UserError
from napari_apprentice.jobs import AskJob, ClickResult
from napari_apprentice.session.click_proposal import ClickProposal, keeping_edit, proposal_of, taken_up
from napari_apprentice.session.click_questions import Questions, Voxel, Wish, asked_by, placed
from napari_apprentice.session.images import refuse
from napari_apprentice.session.models import NO_IMAGE
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.running import Running

_UNSURE = "There may be no object here: click again to see what the network would take, or drag a box around it."
_NOTHING = "The network sees nothing to propose here: paint the object with the brush."
_NOT_HERE = "There is nothing to take away from here: click the object first."
_OTHER_FRAME = "An outline waits in another frame: keep it (Enter) or discard it (Esc) first."


class Click:
    """One proposal waits at a time; another region or *Discard* make answers on their way stale.

    Clicks are answered one after the other, each from what came of those before. Areas of classes know one click:
    the next one stands for it.

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
        self._meaning: object = None  # of labels, as it was when something was asked
        self.proposal: ClickProposal | None = None
        self.one_each = False
        self.one_slice = False
        parts.signals.leaving_region.connect(self.leave)
        parts.signals.region_changed.connect(self.discard)
        parts.signals.image_changed.connect(self.leave)
        parts.signals.settings_changed.connect(self._on_settings_changed)

    @property
    def takes_boxes(self) -> bool:
        """Whether what is clicked are objects, which a box can be drawn around."""
        return self._parts.choices.kind == "instances"

    @property
    def keeps_by_itself(self) -> bool:
        """Whether what is proposed counts as right until it is discarded: *One click each*, of objects."""
        return self.one_each and self.takes_boxes

    def why_not(self) -> str:
        """What clicking a cell still misses; "" when it can be done."""
        if self._parts.choices.kind == "classes":
            return self._parts.models.why_not_propose()
        return NO_IMAGE if self._parts.images.current is None else ""

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
        if not self.takes_boxes:
            raise UserError("A box is drawn around an object, and this project has areas of classes: click in an area.")
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
        """Something else is looked at, or nothing any more: what `keeps_by_itself` is kept, else it is discarded."""
        if self.keeps_by_itself:
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
        entry = self._parts.images.open_entry
        place = placed(point, end, entry)
        if place is None:
            return
        at, last = place
        proposal = self.proposal
        if proposal is not None and proposal.frame != at[0]:
            if not self.keeps_by_itself:
                raise UserError(_OTHER_FRAME)
            self.keep()
        self._meaning = self._meaning_now
        if self._parts.choices.kind == "classes":
            if removes:
                raise UserError("Of an area of a class nothing is taken away by a click: use the eraser.")
            self._ask_for_region(at)
            return
        self._wishes.append(Wish(entry, at, removes, extends, last))
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
        if is_elsewhere and not self.keeps_by_itself:
            raise UserError(_OTHER_FRAME)
        is_beside = not wish.removes and not wish.extends and not proposal.holds(wish.at)
        if not (wish.end is not None or is_elsewhere or (self.keeps_by_itself and is_beside)):
            self._ask(wish, proposal)
            return
        self.proposal = None
        if not self.keeps_by_itself:
            self._begin(wish)
            return
        self._questions.note(proposal)
        try:
            self._begin(wish)
        finally:  # after the question: it is answered while this is drawn
            self._make(proposal)

    def _begin(self, wish: Wish) -> None:
        """Take up the object that is there, or ask for one; who clicks again where there may be nothing insists."""
        unsure, self._unsure = self._unsure, None
        if wish.end is not None:
            self._ask(wish, None)
        elif wish.entry.labels[wish.at]:
            there = taken_up(wish.entry, wish.at)
            if wish.removes:
                self._ask(wish, there)
            else:
                self._show(there)
        elif wish.removes:
            raise UserError(_NOT_HERE)
        elif unsure is not None and unsure.entry is wish.entry and unsure.holds(wish.at):
            self._show(unsure)
        else:
            self._ask(wish, None)

    def _make(self, proposal: ClickProposal) -> None:
        """Make a proposal a confirmed object (or class)."""
        if proposal.entry in self._parts.images.entries:
            self._parts.edits.apply(proposal.entry, keeping_edit(proposal))
            models = self._parts.models
            is_object = self._parts.choices.kind == "instances"
            self._parts.mask_sources.note(proposal.entry, "click", models.asked if is_object else models.in_use)

    def _ask(self, wish: Wish, proposal: ClickProposal | None) -> None:
        job = self._questions.about(wish, proposal, self._generation, one_slice=self.one_slice)
        self._is_asking = True
        accept = partial(self._accept, job, proposal)
        self._parts.queue.start(job, self._parts.origin(), accept, partial(self._broke_off, self._generation))

    def _accept(self, job: AskJob, before: ClickProposal | None, running: Running, result: ClickResult) -> None:
        if self._is_stale(running, result):
            self._broke_off(result.generation)
            return
        self._is_asking = False
        origin, repairs = running.origin, 0 if before is None else before.repairs
        proposal = proposal_of(result.mask, origin.entry, origin.inner, repairs=repairs)
        if proposal is not None:
            proposal = replace(proposal, asked=asked_by(job, result), before=before)
        if before is None and (proposal is None or result.is_unsure):
            self._unsure = proposal
            self._clear()
            self._parts.signals.message.emit(_NOTHING if proposal is None else _UNSURE)
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

    def _ask_for_region(self, at: Voxel) -> None:
        self._forget_wishes()
        job = self._questions.about_region(at, self._generation)
        self._parts.queue.start(job, self._parts.origin(), self._accept_region)

    def _accept_region(self, running: Running, result: ClickResult) -> None:
        if self._is_stale(running, result):
            return
        origin = running.origin
        proposal = proposal_of(result.mask, origin.entry, origin.inner, class_value=result.class_value)
        if proposal is None:
            self._clear()
            self._parts.signals.message.emit(_NOTHING)
        else:
            self._show(proposal)

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
    def _meaning_now(self) -> object:
        return self._parts.choices.kind, self._parts.choices.classes

    def _on_settings_changed(self) -> None:
        """What was proposed as an object is no class, and no area of a class that is gone."""
        if self._meaning_now != self._meaning:
            self.discard()
