"""``apprentice teach-clicks``: the network that is asked by clicks learns from a project's objects."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from napari_apprentice.cli.annotated import AddedFrom, project_to_teach
from napari_apprentice.cli.progress import say, show_progress
from napari_apprentice.settings import TeachClicksSettings

Options = Annotated[TeachClicksSettings, Parameter(name="*", group=Group("Settings"))]


def teach_clicks(
    project: Path,
    /,
    *,
    settings: Options = TeachClicksSettings(),  # noqa: B008 (frozen)
    added: AddedFrom = AddedFrom(),  # noqa: B008 (frozen)
) -> None:
    """Teach the network that is asked by clicks from the objects in a project, and keep the new version there.

    With --from the images of a folder and their masks come into the project first, which is made when it is not there.

    A version is asked by the next clicks when it does better for sure on objects that were set aside. Otherwise it
    waits: "apprentice use PROJECT --clicks" uses it.

    Parameters
    ----------
    project
        The project's folder; with --from also a new one.
    """
    with project_to_teach(project, added) as session:
        with show_progress(session, project.name):
            session.teach_clicks(settings)
            session.run_until_idle()
        say(f"{project}: clicks are answered by {session.clickers.title}")
        waiting = session.clickers.waiting
        if waiting is not None:
            told = f" ({waiting.clicks})" if waiting.clicks else ""
            say(f"{waiting.id} waits{told}: use it with apprentice use {project} --clicks")
