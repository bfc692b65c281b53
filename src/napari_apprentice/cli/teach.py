"""``apprentice teach``: what the Teach button does, on a project folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from napari_apprentice.architecture import FreshSettings
from napari_apprentice.cli.annotated import AddedFrom, project_to_teach
from napari_apprentice.cli.progress import say, show_progress, warn
from napari_apprentice.errors import UserError
from napari_apprentice.settings import TeachSettings

Options = Annotated[TeachSettings, Parameter(name="*", group=Group("Settings"))]


class _Fresh(FreshSettings):
    """What can be said of it in words."""

    own: Annotated[None, Parameter(parse=False)] = None


Fresh = Annotated[_Fresh | None, Parameter(name="*", group=Group("A fresh network, with --model fresh"))]


def teach(
    project: Path,
    /,
    *,
    model: str | None = None,
    on: bool = False,
    settings: Options = TeachSettings(),  # noqa: B008 (frozen)
    fresh: Fresh = None,
    added: AddedFrom = AddedFrom(),  # noqa: B008 (frozen)
) -> None:
    """Teach the network from the corrections in a project, and keep the new version there.

    With --from the images of a folder and their masks come into the project first, which is made when it is not there.

    A version is used when it does better for sure on corrections that were set aside. Otherwise it waits: "apprentice
    compare" shows what it would change, and "apprentice use" uses it.

    Parameters
    ----------
    project
        The project's folder; with --from also a new one.
    model
        What to start from: a bundled model, a model file, a version in the project or "fresh"; empty: the
        project's current one.
    on
        Go on with the version that waits, from where it stopped.
    """
    with project_to_teach(project, added, model) as session:
        if model is not None:
            session.choose_model(model)
        session.teach_settings = settings
        if fresh is not None:
            if not session.model.is_fresh:
                raise UserError(
                    f"A network can only be chosen for a fresh start, and {session.model.title} is one already: "
                    "add --model fresh."
                )
            session.fresh_settings = FreshSettings(**dict(fresh))
        with show_progress(session, project.name, curve=True):
            words = session.confirmed_so_far.words
            session.teach(on=on)
            if words:
                warn(words)
            session.run_until_idle()
        say(f"{project}: {session.model.title}")
        if session.waiting is not None:
            say(f"{session.waiting.id} waits: see it with apprentice compare, use it with apprentice use {project}")
