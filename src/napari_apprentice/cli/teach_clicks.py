"""``apprentice teach-clicks``: the network that is asked by clicks learns from a project's objects."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from napari_apprentice.cli.annotated import AddedFrom, add_annotated
from napari_apprentice.cli.progress import say, show_progress, warn
from napari_apprentice.errors import UserError
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session
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
    with (Session.open if added.images is None else Session.create)(project, InlineRunners()) as session:
        missing = list(session.images.missing.values())
        if missing and not session.entries and added.images is None:
            raise UserError(missing[0])
        for sentence in missing:
            warn(sentence)
        if added.images is not None:
            add_annotated(session, added)
        elif added != AddedFrom():
            raise UserError("Masks come in with their images: give the folder with --from.")
        with show_progress(session, project.name):
            session.teach_clicks(settings)
            session.run_until_idle()
        say(f"{project}: clicks are answered by {session.clickers.title}")
        waiting = session.clickers.waiting
        if waiting is not None:
            told = f" ({waiting.clicks})" if waiting.clicks else ""
            say(f"{waiting.id} waits{told}: use it with apprentice use {project} --clicks")
