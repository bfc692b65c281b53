"""``apprentice live``: what Live learns from the corrections in a project becomes a version of its model."""

from __future__ import annotations

from pathlib import Path

from napari_apprentice.cli.progress import say, show_progress
from napari_apprentice.errors import UserError
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session


def live(project: Path, /, *, model: str | None = None, image: str | None = None) -> None:
    """Keep what Live learns from the corrections of an image as a version of the project's model: it takes seconds.

    It is not judged, and waits: "apprentice compare" shows what it would change, and "apprentice use" uses it.
    "apprentice segment" takes its file from the project's folder of versions.

    Parameters
    ----------
    project
        The project's folder.
    model
        Whose network is looked with: a bundled model, a model file or a version in the project; empty: the project's
        current one.
    image
        The name of the image to learn from; empty: the one that was worked on last.
    """
    with Session.open(project, InlineRunners()) as session:
        if image is not None:
            entry = next((one for one in session.entries if image in (one.name, one.id)), None)
            if entry is None:
                names = ", ".join(one.name for one in session.entries)
                raise UserError(f"The project has no image {image}: choose one of {names}.")
            session.choose_image(entry)
        if model is not None:
            session.choose_model(model)
        with show_progress(session, project.name):
            session.live.keep()
            session.run_until_idle()
        if session.waiting is None or session.project is None or session.current is None:
            raise UserError("Nothing came of it: try again.")
        name = session.waiting.id
        say(f"{session.project.lineage.file(name)}: what Live learned from {session.current.name}")
        say(f"{name} waits: see it with apprentice compare, use it with apprentice use {project}")
