"""``apprentice segment``: one label image per input."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from napari_apprentice.cli.progress import console, say, shown
from napari_apprentice.data.channels import one_channel
from napari_apprentice.data.files import SUFFIXES, read_image, stem_of, suffix_of
from napari_apprentice.data.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Finished
from napari_apprentice.jobs import SegmentResult
from napari_apprentice.runners import Runners
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session
from napari_apprentice.session.words import found
from napari_apprentice.settings import Kind, SegmentSettings

Options = Annotated[SegmentSettings, Parameter(name="*", group=Group("Settings"))]


def segment(
    inputs: Annotated[list[Path], Parameter(consume_multiple=True)],
    /,
    *,
    model: str,
    out: Path,
    channel: int | None = None,
    settings: Options = SegmentSettings(),  # noqa: B008 (frozen)
) -> None:
    """Write one label image (TIFF) per input, under the input's own stem.

    Parameters
    ----------
    inputs
        Images, or folders of images.
    model
        The name of a bundled model, or a model file.
    out
        Folder for the label images; made if missing.
    channel
        Which channel to use, counted from 0; empty: all, and for RGB what the model takes.
    """
    jobs = targets(inputs, out)
    out.mkdir(parents=True, exist_ok=True)
    runners = InlineRunners()  # keeps the model between images
    failed: list[str] = []
    try:
        for source, target in jobs:
            try:
                _segment_one(source, target, model, settings, runners, channel)
            except UserError as error:
                # the other images of a batch are still worth doing, but a wrong model would be wrong every time
                if len(jobs) == 1 or not _is_about(source, error):
                    raise
                failed.append(source.name)
                console().print(str(error), markup=False, highlight=False, soft_wrap=True)
    finally:
        runners.close()
    if failed:
        raise UserError(f"{len(failed)} of {len(jobs)} images were left out ({', '.join(failed)}): see above.")


def targets(inputs: Iterable[Path], out: Path) -> list[tuple[Path, Path]]:
    """Each image with the file its labels go to; `UserError` when one is missing or would be overwritten."""
    found: dict[Path, Path] = {}
    for source in [image for path in inputs for image in images_in(path)]:
        target = out / f"{stem_of(source)}.tif"
        if target.resolve() == source.resolve():
            raise UserError(f"The labels of {source} would overwrite the image itself: choose another --out folder.")
        if target in found and found[target].resolve() != source.resolve():
            raise UserError(f"{found[target]} and {source} would both become {target}: segment them into two folders.")
        found[target] = source
    return [(source, target) for target, source in found.items()]


def images_in(path: Path) -> list[Path]:
    """The path itself, or the images in a folder by name; `UserError` when there is none."""
    if not path.exists():
        raise UserError(f"{path} does not exist: check the path.")
    if not path.is_dir():
        return [path]
    images = sorted(file for file in path.iterdir() if suffix_of(file) in SUFFIXES and file.is_file())
    if not images:
        raise UserError(f"There is no image in {path} ({', '.join(sorted(SUFFIXES))}): choose another folder.")
    return images


def _segment_one(
    source: Path, target: Path, model: str, settings: SegmentSettings, runners: Runners, channel: int | None
) -> None:
    volume = read_image(source)
    if channel is not None:
        volume = one_channel(volume, channel)
    with Session.temporary(runners) as session:
        session.choose_model(model)
        session.add_image(volume)
        session.segment_settings = settings
        with shown(session, source.name) as show:
            session.segment()
            session.run_until_idle()
        session.export_labels(target)
        say(f"{target}: {summary(show.last, session.kind, volume)}")


def summary(event: Event | None, kind: Kind, volume: Volume | None = None) -> str:
    """What a finished segmentation found, in words."""
    match event:
        case Finished(result=SegmentResult() as result):
            return found(result, kind, volume)
    return "nothing found"


def _is_about(source: Path, error: UserError) -> bool:
    return source.name in str(error) or stem_of(source) in str(error)
