"""What *Teach* makes of the same corrections that *Live* had: for as long, for 30 s, and from what Live learned."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.errors import UserError
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session, SessionOptions
from napari_apprentice.settings import TeachSettings

TEACH_S = 30.0
SAME, LONGER, FROM_LIVE = "teach as long", "teach 30 s", "teach 30 s from live"


@dataclass(frozen=True)
class Edit:
    """Voxels (flat indices) that become ``value``, an object or class; 0 is background."""

    voxels: NDArray[np.int64]
    value: int

    def do(self, session: Session) -> None:
        """Paint it on the current image."""
        if self.value:
            session.paint(self.voxels, self.value)
        else:
            session.paint_background(self.voxels)


@dataclass(frozen=True)
class Taught:
    """Masks (Y, X) after teaching, and what that took: seconds, of processors, and steps."""

    labels: NDArray[np.uint32]
    seconds: float
    cpu_s: float
    steps: int


def all_taught(prepare: Callable[[Session], None], edits: Sequence[Edit], live_s: float) -> dict[str, Taught]:
    """One image after each way of teaching.

    Parameters
    ----------
    prepare
        Opens the image in a session and chooses the model that is taught.
    live_s
        How long *Live* took for all of them.
    """
    return {
        SAME: taught(prepare, edits, live_s),
        LONGER: taught(prepare, edits, TEACH_S),
        FROM_LIVE: taught(prepare, edits, TEACH_S, from_live=True),
    }


def taught(
    prepare: Callable[[Session], None], edits: Sequence[Edit], seconds: float, *, from_live: bool = False
) -> Taught:
    """A model that was taught for so long, on one thread, from these edits, and used whatever its scores are."""
    with Session.temporary(InlineRunners()) as session:
        session.options = SessionOptions(resegment_after_teach=False)
        prepare(session)
        for edit in edits:
            edit.do(session)
        if from_live:
            session.live.keep()
            session.run_until_idle()
            session.use()
        session.teach_settings = TeachSettings(max_seconds=seconds, threads=1)
        began = time.process_time()
        session.teach()
        session.run_until_idle()
        cpu_s = time.process_time() - began
        if session.project is None or session.current is None:
            raise UserError("Nothing came of teaching.")
        version = session.project.lineage.versions[-1]
        if session.model.key != version.id:
            session.use(version.id)
        session.segment()
        session.run_until_idle()
        return Taught(session.current.labels[0, 0].copy(), version.seconds, cpu_s, version.steps)
