"""*Click a cell*: one object, asked for click by click or by a box, which is kept as an edit or discarded."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Any

from napari_apprentice.data.image.channels import fits
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import Asked, AskJob, ClickJob, ClickResult
from napari_apprentice.session.click_proposal import ClickProposal, keeping_edit, looked_at, proposal_of, taken_up
from napari_apprentice.session.images import refuse
from napari_apprentice.session.models import NO_IMAGE
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.requests import pixels_of
from napari_apprentice.session.running import Running

Voxel = tuple[int, int, int, int]  # t, z, y, x

_REMEMBERED = 5  # objects kept last, which tell how wide the next will be
_UNSURE = "There may be no object here: click again to see what the network would take, or drag a box around it."
_NOTHING = "The network sees nothing to propose here: paint the object with the brush."


@dataclass(frozen=True)
class _Wish:
    """A click, or a box from ``at`` to ``end``, that is to be answered."""

    entry: ProjectImage
    at: Voxel
    removes: bool = False
    extends: bool = False
    end: Voxel | None = None


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
        self._wishes: deque[_Wish] = deque()
        self._is_asking = False
        self._widths: deque[tuple[ProjectImage, float]] = deque(maxlen=_REMEMBERED)
        self._unsure: ClickProposal | None = None  # found at the last click, and not shown
        self.proposal: ClickProposal | None = None
        self.one_each = False
        self.one_slice = False
        parts.signals.region_changed.connect(self._on_changed)
        parts.signals.image_changed.connect(self._on_changed)

    @property
    def takes_boxes(self) -> bool:
        """Whether what is clicked are objects, which a box can be drawn around."""
        return self._parts.choices.kind == "instances"

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
        """The object in a box, by two of its corners (t, z, y, x) in one slice; else as a click."""
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
        self._note_width(proposal)
        if proposal is not None:
            self._make(proposal)

    def discard(self) -> None:
        """Forget the proposed mask, and any answer that is still to come."""
        self._forget_wishes()
        self._unsure = None
        if self.proposal is not None:
            self.proposal = None
            self._parts.signals.click_cleared.emit()

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
        at = _voxel(point, entry)
        if at is None:
            return
        proposal = self.proposal
        if proposal is not None and proposal.frame != at[0]:
            if not self.one_each:
                raise UserError("An outline waits in another frame: keep it (Enter) or discard it (Esc) first.")
            self.keep()
        if removes and proposal is None and not self._is_asking and not entry.labels[at]:
            raise UserError("There is nothing to take away from here: click the object first.")
        if self._parts.choices.kind == "classes":
            self._ask_for_region(at)
            return
        self._wishes.append(_Wish(entry, at, removes, extends, None if end is None else _nearest(end, at, entry)))
        self._go_on()

    def _go_on(self) -> None:
        """Answer the next wish, if none is being answered."""
        while self._wishes and not self._is_asking:
            wish = self._wishes.popleft()
            proposal = self.proposal
            is_beside = proposal is not None and not wish.removes and not proposal.holds(wish.at)
            is_next = wish.end is not None or (self.one_each and is_beside and not wish.extends)
            if is_next:
                done, self.proposal = (proposal if self.one_each else None), None
                self._note_width(done)
                self._begin(wish)
                if done is not None:  # after the question: it is answered while this is drawn
                    self._make(done)
            elif proposal is None:
                self._begin(wish)
            else:
                self._ask(wish, proposal)

    def _begin(self, wish: _Wish) -> None:
        """Take up the object that is there, or ask for one; who clicks again where there may be nothing insists."""
        unsure, self._unsure = self._unsure, None
        if unsure is not None and unsure.entry is wish.entry and wish.end is None and unsure.holds(wish.at):
            self._show(unsure)
        elif wish.end is not None or not wish.entry.labels[wish.at]:
            self._ask(wish, None)
        elif wish.removes:
            self._ask(wish, taken_up(wish.entry, wish.at))
        else:
            self._show(taken_up(wish.entry, wish.at))

    def _make(self, proposal: ClickProposal) -> None:
        """Make a proposal a confirmed object (or class)."""
        if proposal.entry in self._parts.images.entries:
            self._parts.edits.apply(proposal.entry, keeping_edit(proposal))

    def _ask(self, wish: _Wish, proposal: ClickProposal | None) -> None:
        parts, entry = self._parts, wish.entry
        project, _, model = parts.subject()
        asked = Asked() if proposal is None else proposal.asked
        at = looked_at(wish.at, entry.inner)
        if wish.end is not None:
            asked = Asked(drawn=(at, looked_at(wish.end, entry.inner)))
        known = parts.models.asked
        job = AskJob(
            id=parts.queue.next_id("click"),
            image=pixels_of(entry, known.header if fits(entry.volume, 1) else None, project.scratch),
            click_model=str(known.file),
            asked=asked,
            point=at if wish.end is None else None,
            removes=wish.removes,
            generation=self._generation,
            one_slice=self.one_slice,
            width=self._width(entry),
            rival=None if model is None or parts.models.why_not_propose() else self._click_job(wish.at),
            settings=parts.compute.settings_here,
        )
        self._is_asking = True
        accept = partial(self._accept, job, proposal)
        parts.queue.start(job, parts.origin(), accept, partial(self._broke_off, self._generation))

    def _accept(self, job: AskJob, before: ClickProposal | None, running: Running, result: ClickResult) -> None:
        if self._is_stale(running, result):
            return
        self._is_asking = False
        origin, repairs = running.origin, 0 if before is None else before.repairs
        proposal = proposal_of(result.mask, origin.entry, origin.inner, repairs=repairs)
        if proposal is not None:
            proposal = replace(proposal, asked=_asked_by(job, result), before=before)
        if before is None and (proposal is None or result.is_unsure):
            self._unsure = proposal
            self._parts.signals.click_cleared.emit()
            self._parts.signals.message.emit(_NOTHING if proposal is None else _UNSURE)
        elif proposal is not None:
            self._show(proposal)
        else:
            self._parts.signals.message.emit("Nothing would be left of the object: press Esc to leave it as it was.")
        self._go_on()

    def _broke_off(self, generation: int) -> None:
        """A job ended without an answer: those that built on it are not asked."""
        if generation == self._generation:
            self._forget_wishes()

    def _ask_for_region(self, at: Voxel) -> None:
        self._forget_wishes()
        job = self._click_job(at)
        self._parts.queue.start(job, self._parts.origin(), self._accept_region)

    def _click_job(self, at: Voxel) -> ClickJob:
        parts, (project, entry, model) = self._parts, self._parts.subject()
        return ClickJob(
            id=parts.queue.next_id("click"),
            image=pixels_of(entry, parts.models.in_use.header, project.scratch),
            model=str(model),
            point=looked_at(at, entry.inner),
            generation=self._generation,
            settings=parts.compute.settings_here,
        )

    def _accept_region(self, running: Running, result: ClickResult) -> None:
        if self._is_stale(running, result):
            return
        origin = running.origin
        proposal = proposal_of(result.mask, origin.entry, origin.inner, class_value=result.class_value)
        if proposal is None:
            self.proposal = None
            self._parts.signals.click_cleared.emit()
            self._parts.signals.message.emit(_NOTHING)
        else:
            self._show(proposal)

    def _show(self, proposal: ClickProposal) -> None:
        self.proposal = proposal
        self._parts.signals.click_proposed.emit(proposal.mask, proposal.box)

    def _note_width(self, proposal: ClickProposal | None) -> None:
        if proposal is not None and proposal.class_value is None:
            self._widths.append((proposal.entry, proposal.width))

    def _width(self, entry: ProjectImage) -> float | None:
        """How wide objects are here, as far as some were kept."""
        known = [width for one, width in self._widths if one is entry]
        return median(known) if known else None

    def _forget_wishes(self) -> None:
        self._generation += 1
        self._wishes.clear()
        self._is_asking = False

    def _is_stale(self, running: Running, result: ClickResult) -> bool:
        origin = running.origin
        is_there = origin.entry in self._parts.images.entries and origin.is_same_part
        return result.generation != self._generation or not is_there

    def _on_changed(self, *_: Any) -> None:
        """Another region, or another image: a proposal is for the one that it was made in."""
        proposal = self.proposal
        entry = self._parts.images.current
        if proposal is not None and proposal.entry is not entry and self.one_each:
            self.keep()
        else:
            self.discard()


def _asked_by(job: AskJob, result: ClickResult) -> Asked:
    """What was asked until now, with the mask that came of it."""
    asked = job.asked.model_copy(update={"mask": result.mask, "smoothing": result.smoothing})
    if job.point is None:
        return asked
    name = "remove" if job.removes else "add"
    return asked.model_copy(update={name: (*getattr(asked, name), job.point)})


def _voxel(point: tuple[float, ...], entry: ProjectImage) -> Voxel | None:
    """The voxel at a point (t, z, y, x); None where there is no image."""
    at = tuple(round(i) for i in point)
    if len(at) != 4 or not all(0 <= i < n for i, n in zip(at, entry.labels.shape, strict=True)):
        return None
    return at


def _nearest(point: tuple[float, ...], at: Voxel, entry: ProjectImage) -> Voxel:
    """The voxel of the same slice as ``at`` that is nearest to a point."""
    y, x = (min(max(0, round(i)), n - 1) for i, n in zip(point[2:], entry.labels.shape[2:], strict=True))
    return at[0], at[1], y, x
