"""``apprentice segment``: labels of each input, in the formats that are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from glob import glob
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Group, Parameter

from napari_apprentice.cli.large import is_large, runners_for, segment_large
from napari_apprentice.cli.progress import console, say, shown
from napari_apprentice.data.channels import one_channel
from napari_apprentice.data.files import KINDS, is_image, is_there, read_image, series_of, stem_of
from napari_apprentice.data.files.omezarr import is_zarr
from napari_apprentice.data.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Finished
from napari_apprentice.jobs import SegmentResult
from napari_apprentice.runners import InlineRunners
from napari_apprentice.session import Session
from napari_apprentice.session.words import found
from napari_apprentice.settings import ClusterSettings, Kind, SegmentSettings

FormatName = Literal["tif", "zarr", "nii.gz", "nii", "nrrd", "dcm", "zip", "geojson", "csv", "parquet"]
Options = Annotated[SegmentSettings, Parameter(name="*", group=Group("Settings"))]


def segment(
    inputs: Annotated[list[Path], Parameter(consume_multiple=True)],
    /,
    *,
    model: str,
    out: Path,
    format: Annotated[tuple[FormatName, ...], Parameter(consume_multiple=True)] = ("tif",),
    channel: int | None = None,
    skip_done: bool = False,
    blocks: bool | None = None,
    settings: Options = SegmentSettings(),  # noqa: B008 (frozen)
    cluster: Annotated[ClusterSettings, Parameter(name="*", group=Group("Cluster"))] = ClusterSettings(),  # noqa: B008
) -> None:
    """Write the labels of each input, under the input's own stem.

    Parameters
    ----------
    inputs
        Images, folders of images, patterns such as "plate*/*.tif", plates and files that hold several images;
        "stack.h5/raw" is one image of a file.
    model
        The name of a bundled model, or a model file.
    out
        Folder for the labels; made if missing.
    format
        One or more of tif, zarr, nii.gz, nrrd, dcm (DICOM segmentation), zip (Fiji ROI set), geojson (QuPath), csv
        (measurements) and parquet.
    channel
        Which channel to use, counted from 0; empty: all, and for RGB what the model takes.
    skip_done
        Leave out inputs whose labels are there already.
    blocks
        Work block by block, going on where it was stopped; empty: for images that memory cannot hold.
    """
    jobs = targets(inputs, out, format)
    out.mkdir(parents=True, exist_ok=True)
    runners = runners_for(cluster, blocks)
    blocks = True if cluster.is_wanted else blocks
    failed: list[str] = []
    try:
        for source, written in jobs:
            if skip_done and all(target.exists() for target in written):
                say(f"{written[0]}: done before")
                continue
            try:
                _segment_one(source, written, model, settings, runners, channel, blocks)
            except UserError as error:
                # the other images of a batch are still worth doing, but a wrong model would be wrong every time
                if len(jobs) == 1 or not _is_about(source, error):
                    raise
                failed.append(source.relative_to(_file_of(source).parent).as_posix())
                console().print(str(error), markup=False, highlight=False, soft_wrap=True)
    finally:
        runners.close()
    if failed:
        raise UserError(f"{len(failed)} of {len(jobs)} images were left out ({', '.join(failed)}): see above.")


def targets(
    inputs: Iterable[Path], out: Path, formats: Sequence[str] = ("tif",)
) -> list[tuple[Path, tuple[Path, ...]]]:
    """Each image with the files its labels go to; `UserError` when one is missing or would be overwritten."""
    found: dict[tuple[Path, ...], Path] = {}
    for source in [image for path in inputs for image in images_in(path)]:
        written = tuple(out / f"{_stem(source)}.{suffix}" for suffix in dict.fromkeys(formats))
        if any(target.resolve() == source.resolve() for target in written):
            raise UserError(f"The labels of {source} would overwrite the image itself: choose another --out folder.")
        if written in found and found[written].resolve() != source.resolve():
            raise UserError(
                f"{found[written]} and {source} would both become {written[0]}: segment them into two folders."
            )
        found[written] = source
    return [(source, written) for written, source in found.items()]


def images_in(path: Path) -> list[Path]:
    """The image that a path is, those it holds, or those in a folder, by name; `UserError` when there is none."""
    if not is_there(path):
        matching = [Path(one) for one in sorted(glob(str(path)))] if "*" in str(path) else []
        if not matching:
            raise UserError(f"{path} does not exist: check the path.")
        return [image for one in matching if one.is_dir() or is_image(one) for image in images_in(one)]
    if not path.is_dir() or is_image(path):
        return [Path(one) for one in series_of(path)]
    images = sorted(file for file in path.iterdir() if is_image(file) and not file.name.endswith("_seg.npy"))
    if not images:
        raise UserError(f"There is no image in {path} ({KINDS}): choose another folder.")
    return [Path(one) for image in images for one in series_of(image)]


def _stem(source: Path) -> str:
    """The input's name, with what names an image inside a file: plate_B_3_0."""
    whole = _file_of(source)
    return "_".join([stem_of(whole), *source.relative_to(whole).parts])


def _file_of(source: Path) -> Path:
    """The file or folder that holds an image: of a field of a plate, the plate."""
    there = next(one for one in (source, *source.parents) if one.exists())
    outer = [one for one in (there, *there.parents) if is_zarr(one)]
    return outer[-1] if outer else there


def _segment_one(
    source: Path,
    written: Sequence[Path],
    model: str,
    settings: SegmentSettings,
    runners: InlineRunners,
    channel: int | None,
    blocks: bool | None,
) -> None:
    volume = read_image(source)
    if is_large(volume) if blocks is None else blocks:
        segment_large(source, written, model, settings, runners, channel)
        return
    if channel is not None:
        volume = one_channel(volume, channel)
    with Session.temporary(runners) as session:
        session.choose_model(model)
        session.add_image(volume)
        session.segment_settings = settings
        with shown(session, source.name) as show:
            session.segment()
            session.run_until_idle()
        for target in written:
            session.export_labels(target)
        say(f"{written[0]}: {summary(show.last, session.kind, volume)}")


def summary(event: Event | None, kind: Kind, volume: Volume | None = None) -> str:
    """What a finished segmentation found, in words."""
    match event:
        case Finished(result=SegmentResult() as result):
            return found(result, kind, volume)
    return "nothing found"


def _is_about(source: Path, error: UserError) -> bool:
    whole = _file_of(source)
    inside = source.relative_to(whole).as_posix()
    if whole == source:
        names = (source.name, stem_of(source))
    else:
        names = (f"{whole.name}/{inside}", f"{stem_of(whole)} {inside}")
    return any(name in str(error) for name in names)
