"""*Live*: masks of the view that follow the brush, and for all of the image what was learned so."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from napari_apprentice.data.geometry.regions import Region, lies_in, whole_region
from napari_apprentice.data.labels.corrections import UNKNOWN
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.storage import scratch
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import LiveResult
from napari_apprentice.session.images import refuse
from napari_apprentice.session.live_proposal import LiveProposal
from napari_apprentice.session.live_questions import LiveQuestions
from napari_apprentice.session.live_views import around, view_in
from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.running import Running
from napari_apprentice.session.verbs.keep_live import KeepLive
from napari_apprentice.session.verbs.segment import Segment

_REMEMBERED = 8  # views looked at, whose confirmed voxels count


class Live:
    """While it is on, every edit asks again; one question is under way at a time, and the newest edit wins.

    What it shows is no edit: nothing is journalled, and undo takes back strokes, which it follows. ``keep()`` makes
    what was learned a version of the model.
    """

    def __init__(self, parts: SessionParts, segment: Segment, keep: KeepLive) -> None:
        self._parts = parts
        self._segment = segment
        self.keep = keep
        self._questions = LiveQuestions(parts)
        self._views: deque[Region] = deque(maxlen=_REMEMBERED)  # each once, the one that is looked at first
        self._generation = 0
        self._is_asking = self._is_wanted = False
        self.is_on = False
        self.proposal: LiveProposal | None = None
        parts.signals.edited.connect(self._on_edited)
        parts.signals.image_changed.connect(self._begin_anew)
        parts.signals.model_changed.connect(self._begin_anew)
        parts.signals.settings_changed.connect(self._begin_anew)
        parts.signals.region_changed.connect(self._begin_anew)

    def why_not(self) -> str:
        """What *Live* still misses; "" when it can be switched on."""
        return self._questions.why_not()

    @property
    def views(self) -> tuple[Region, ...]:
        """The views whose confirmed voxels count, each once; the first is looked at."""
        return tuple(self._views)

    def on(self, box: Sequence[slice] | None = None) -> None:
        """Follow what is confirmed in a view, slices for t, z, y, x of one slice; see `look`. Raises `UserError`."""
        refuse(self.why_not())
        self.is_on = True
        try:
            self.look(box)
        except UserError:
            self.off()
            raise

    def off(self) -> None:
        """Show nothing any more."""
        self.is_on = False
        self._views.clear()
        self._drop()

    def look(self, box: Sequence[slice] | None = None) -> None:
        """Another view is looked at: as much as `LARGEST` pixels around the middle of ``box``; None: the first slice.

        Nothing happens while it lies in what was looked at last.
        """
        entry = self._parts.images.current
        if not self.is_on or entry is None:
            return
        region = view_in(box, entry.labels.shape)
        if self._views and lies_in(region, self._views[0]):
            return
        region = around(region, entry.labels.shape)
        if region in self._views:
            self._views.remove(region)
        self._views.appendleft(region)
        self._generation += 1
        self._ask()

    def why_not_apply(self) -> str:
        """What *Apply to the whole image* still misses; "" when it can be done."""
        if not self.is_on:
            return "Switch Live on first."
        if self.proposal is None or not self.proposal.known:
            return "Live knows too little yet: correct some more."
        if self._parts.queue.busy("segment"):
            return "Segmenting is under way: wait until it is done, or cancel it."
        return ""

    def apply(self) -> None:
        """Propose labels for all of the image, or the open part of a large one, as *Segment* does: one undo step."""
        refuse(self.why_not_apply())
        self._parts.queue.start(self._questions.whole(), self._parts.origin(), self._segment.taking(by="live"))

    def _ask(self) -> None:
        """One question at a time: what is wanted meanwhile is asked when that is answered."""
        if self._is_asking:
            self._is_wanted = True
            return
        self._is_wanted = False
        entry = self._parts.images.current
        if not self._views or entry is None or self.why_not():
            return
        job = self._questions.view(self.views, self._generation)
        self._is_asking = True
        accept = partial(self._accept, self._views[0], entry.edits)
        self._parts.queue.start(job, self._parts.origin(), accept, self._broke_off)

    def _accept(self, region: Region, edits: int, running: Running, result: LiveResult) -> None:
        self._is_asking = False
        origin = running.origin
        entry = origin.entry
        is_there = entry is self._parts.images.current and origin.is_same_part
        # strokes painted since then change it soon; one taken back since then must not be seen again
        is_taken_back = entry.edits != edits and bool(entry.history.undone)
        if self.is_on and is_there and result.generation == self._generation and not is_taken_back:
            labels = np.array(scratch.read(result.labels))  # the file goes with the job
            labels[(entry.confirmed[region] != UNKNOWN)[0, 0]] = 0
            told = (result.known, result.used, result.looked_s, result.seconds)
            self._show(LiveProposal(entry, region, labels, *told))
        if self._is_wanted:
            self._ask()

    def _broke_off(self) -> None:
        self._is_asking = False
        if self._is_wanted and self.is_on:
            self._ask()

    def _show(self, proposal: LiveProposal | None) -> None:
        self.proposal = proposal
        self._parts.signals.live_proposed.emit(proposal)

    def _drop(self) -> None:
        self._generation += 1
        self._is_wanted = False
        if self.proposal is not None:
            self._show(None)

    def _on_edited(self, entry: ProjectImage, delta: Delta) -> None:
        if self.is_on and entry is self._parts.images.current:
            self._ask()

    def _begin_anew(self, *_: Any) -> None:
        """Another image or part of it, another network, other classes: what was looked at counts no more."""
        if not self.is_on:
            return
        region = self._views[0] if self._views else None
        self._views.clear()
        self._drop()
        entry = self._parts.images.current
        fits_still = region is not None and entry is not None and lies_in(region, whole_region(entry.labels.shape))
        self.look(region if fits_still else None)
