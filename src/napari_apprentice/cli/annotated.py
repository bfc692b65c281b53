"""The project that is taught, and with ``--from`` images and masks that come into it before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from napari_apprentice.cli.progress import progress_bar, say, warn
from napari_apprentice.data.labels.new_class import new_class
from napari_apprentice.errors import UserError
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session
from napari_apprentice.session.result_words import count_words
from napari_apprentice.settings import ClassName, Kind, MaskSettings

MaskOptions = Annotated[MaskSettings, Parameter(name="*")]


@Parameter(name="*", group=Group("Images with masks, with --from"))
@dataclass(frozen=True)
class AddedFrom:
    """Which annotated images come in, and what their masks are.

    Parameters
    ----------
    images
        A folder of images with their masks in it or in a folder in it, or an image: cells.tif with cells_masks.tif,
        cells_seg.npy, cells_rois.zip, cells.geojson, or images/ with masks/ or labels/.
    masks
        The folder (or file) of the masks, where it is another one.
    kind
        What masks mean: instances (cells, each by itself) or classes; empty: as in the project.
    class_names
        What the classes 1, 2, ... are called.
    settings
        What the masks say.
    """

    images: Annotated[Path | None, Parameter(name="--from")] = None
    masks: Path | None = None
    kind: Kind | None = None
    class_names: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = ()
    settings: MaskOptions = MaskSettings()  # noqa: RUF009 (frozen)


@contextmanager
def project_to_teach(project: Path, added: AddedFrom, model: str | None = None) -> Iterator[Session]:
    """The project in a folder, with what is added to it; images that went away are said.

    `UserError` where there is none, or no image in it, and before any is added where ``model`` cannot be taught.
    """
    with (Session.open if added.images is None else Session.create)(project, InlineRunners()) as session:
        missing = list(session.images.missing.values())
        if missing and not session.entries and added.images is None:
            raise UserError(missing[0])
        for sentence in missing:
            warn(sentence)
        if model is not None:
            session.models.check_teachable(model)
        if added.images is not None:
            add_annotated(session, added)
        elif added != AddedFrom():
            raise UserError("Masks come in with their images: give the folder with --from.")
        yield session


def add_annotated(session: Session, asked: AddedFrom) -> None:
    """Add them to the session's project, and say what came of each that is worth knowing.

    `UserError` where there are none, or none can be added.
    """
    if asked.images is None:
        raise RuntimeError("there is no folder to add from")
    pairing = session.annotations.pairs(asked.images, asked.masks)
    choose_kind(session, asked.kind, asked.class_names)
    for sentence in pairing.words:
        warn(sentence)
    came, objects, problems = 0, 0, []
    with progress_bar() as bar:
        task = bar.add_task("Adding", total=len(pairing.pairs))
        for one in session.annotations.add_all(pairing, asked.settings):
            bar.advance(task)
            came += one.entry is not None
            objects += one.objects
            problems += [one.problem] * bool(one.problem)
            for sentence in (one.problem, *one.notes):
                if sentence:
                    warn(f"{one.pair.image.name}: {sentence}")
    if not came:
        raise UserError(problems[0] if len(problems) == 1 else f"No image could be added; the first: {problems[0]}")
    what = f", {count_words(objects, session.kind)}" if session.kind == "instances" else ""
    say(f"{came} of {len(pairing.pairs)} image{'s' * (len(pairing.pairs) != 1)} with masks added{what}")


def choose_kind(session: Session, kind: Kind | None, names: tuple[str, ...]) -> None:
    """State what masks mean; names of classes are taken in their order. `UserError` where that cannot be."""
    if names and kind != "classes":
        raise UserError("--class-names are those of --kind classes: add that, or leave the names out.")
    if kind is None or (kind == session.kind and not names):
        return
    classes: tuple[ClassName, ...] = ()
    for name in names:
        classes = (*classes, new_class(classes, name))
    session.choose_kind(kind, classes or session.classes)
