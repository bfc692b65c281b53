"""``apprentice compare`` and ``apprentice use``: what to do about a version that waits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from napari_apprentice.cli.progress import say, show_progress
from napari_apprentice.data.exports import write_labels
from napari_apprentice.errors import UserError
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session, SessionOptions
from napari_apprentice.settings import SegmentSettings

Options = Annotated[SegmentSettings, Parameter(name="*", group=Group("Settings"))]


def compare(
    project: Path,
    version: str | None = None,
    /,
    *,
    out: Path | None = None,
    settings: Options = SegmentSettings(),  # noqa: B008 (frozen)
) -> None:
    """Say where a new version would change the masks of the project's image; nothing is changed.

    Parameters
    ----------
    project
        The project's folder. Its image that was worked on last is looked at.
    version
        A version in the project, such as v3; empty: the one that waits.
    out
        A file for the masks as they would be, in the format of its suffix.
    """
    with Session.open(project, InlineRunners()) as session:
        session.segment_settings = settings
        with show_progress(session, project.name):
            session.compare(version)
            session.run_until_idle()
        found = session.comparison
        if found is None:
            raise UserError("Nothing came of the comparison: compare again.")
        say(f"{found.entry.name}, {found.version}: {found.words}")
        for one in found.differences.places:
            say(f"  {one.kind} at t, z, y, x {', '.join(map(str, one.point))}: {one.voxels:,} voxels")
        if out is not None:
            volume = found.entry.volume
            write_labels(out, found.after, volume.spacing, volume.unit)
            say(f"{out}")


def use(project: Path, version: str | None = None, /, *, keep_old: bool = False, clicks: bool = False) -> None:
    """Use a version of a project's model from now on; its masks come with the next Segment.

    Parameters
    ----------
    project
        The project's folder.
    version
        A version in the project, such as v3; empty: the one that waits.
    keep_old
        Go on with the model in use instead: what waits is put away, and stays in the project.
    clicks
        It is a version of the network that is asked by clicks ("click-2d": as it ships).
    """
    with Session.open(project, InlineRunners()) as session:
        if clicks:
            if keep_old:
                session.keep_old_clicks()
            else:
                session.use_clicks(version)
            say(f"{project}: clicks are answered by {session.clickers.title}")
            return
        session.options = SessionOptions(resegment_after_teach=False)
        if keep_old:
            session.keep_old()
        else:
            session.use(version)
        say(f"{project}: {session.model.title}")
