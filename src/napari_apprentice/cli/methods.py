"""``apprentice methods``: what was done in a project, as a paragraph for a paper."""

from __future__ import annotations

from pathlib import Path

from napari_apprentice.cli.progress import say
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session


def methods(project: Path, /) -> None:
    """Write a paragraph for a paper on what was done in a project, and what to cite.

    Parameters
    ----------
    project
        The project's folder.
    """
    with Session.open(project, InlineRunners()) as session:
        say(session.methods())
