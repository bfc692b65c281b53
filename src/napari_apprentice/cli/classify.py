"""``apprentice classify``: the class of each object of a project's images, as a few were given theirs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from napari_apprentice.cli.progress import say, show_progress
from napari_apprentice.errors import UserError
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import ProjectImage, Session
from napari_apprentice.session.large_project_image import LargeProjectImage

Suffix = Literal["csv", "parquet", "geojson", "cellprofiler.csv"]


def classify(
    project: Path, /, *, out: Path | None = None, form: Annotated[Suffix, Parameter(name="--format")] = "csv"
) -> None:
    """Propose classes for all objects of a project, as a few were given theirs, and say how many are of each.

    Classes are given in the window (*Table of objects* > *Classes*) or from Python (`session.object_classes.give`).
    Objects that were not looked at yet are looked at first.

    Parameters
    ----------
    project
        The project's folder.
    out
        A folder for a table of each image, with the class of each object and how likely it is.
    form
        What is written there.
    """
    with Session.open(project, InlineRunners()) as session:
        classes = session.object_classes
        if len(classes.classes) < 2:
            raise UserError("Objects of this project have no two classes: give a few their class in the window first.")
        images = [entry for entry in session.entries if not isinstance(entry, LargeProjectImage)]
        for entry in images:
            session.choose_image(entry)
            if entry.is_labelled:
                with show_progress(session, entry.name):
                    session.describe_objects()
                    session.run_until_idle()
        say(f"{classes.counted}.")
        for entry, row in session.objects_by_image.rows if session.objects_by_image.now() else []:
            counts = ", ".join(f"{count} {name}" for name, count in row.classes.items())
            say(f"{entry.name}: {counts or 'not looked at'}")
        if out is not None:
            _write(session, images, out, form)


def _write(session: Session, images: Iterable[ProjectImage], out: Path, form: str) -> None:
    out.mkdir(parents=True, exist_ok=True)
    taken: set[str] = set()
    for entry in images:
        session.choose_image(entry)
        name = Path(entry.name).stem
        while name in taken:
            name += f"-{entry.id}"
        taken.add(name)
        session.export_labels(out / f"{name}_objects.{form}")
        say(f"Written: {out / f'{name}_objects.{form}'}")
