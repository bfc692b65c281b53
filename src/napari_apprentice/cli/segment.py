"""``apprentice segment``: labels of each input, in the formats that are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Group, Parameter

from napari_apprentice.cli.large import runners_for
from napari_apprentice.cli.lines import Heard, Lines
from napari_apprentice.cli.one_image import OneImage
from napari_apprentice.cli.progress import say, warn
from napari_apprentice.errors import UserError
from napari_apprentice.runners import InlineRunners, Runners
from napari_apprentice.session import Session
from napari_apprentice.session.batch import (
    Began,
    ImageOutcome,
    Report,
    Stopped,
    Target,
    outcomes,
    short_name,
    targets_of,
)
from napari_apprentice.settings import ClusterSettings, FilterSettings, ReadAs, SegmentSettings

FormatName = Literal[
    "tif", "zarr", "nii.gz", "nii", "nrrd", "dcm", "zip", "geojson", "csv", "parquet", "cellprofiler.csv", "_seg.npy"
]
Options = Annotated[SegmentSettings, Parameter(name="*", group=Group("Settings"))]


def segment(
    inputs: Annotated[list[Path], Parameter(consume_multiple=True)],
    /,
    *,
    model: str,
    out: Path,
    format: Annotated[tuple[FormatName, ...], Parameter(consume_multiple=True)] = ("tif",),
    channel: tuple[str, ...] = (),
    channels: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    axes: str = "",
    spacing: tuple[float, float, float] | None = None,
    unit: str = "",
    skip_done: bool = False,
    report: Path | None = None,
    blocks: bool | None = None,
    events: Annotated[bool, Parameter(show=False)] = False,
    settings: Options = SegmentSettings(),  # noqa: B008 (frozen)
    filter: Annotated[FilterSettings, Parameter(name="*", group=Group("Filter"))] = FilterSettings(),  # noqa: B008
    cluster: Annotated[ClusterSettings, Parameter(name="*", group=Group("Cluster"))] = ClusterSettings(),  # noqa: B008
) -> None:
    """Write the labels of each input, under the input's own stem; one that fails does not stop the others.

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
        (measurements), parquet, cellprofiler.csv (tables of objects and of images) and _seg.npy (Cellpose).
    channel
        Which channel to use, by name or counted from 0; given again for each input of the model, in its order. Empty:
        all, and for RGB what the model takes.
    channels
        The same for several at once: --channels dapi actin.
    axes
        What the axes of the files are, where they do not say: one letter each, such as TYX or ZCYX.
    spacing
        Distance between voxels, z y x, in place of what the files say.
    unit
        Of the spacing: um, nm, mm.
    skip_done
        Leave out inputs whose labels are there already.
    report
        Write a table (CSV) of what became of each input.
    blocks
        Work block by block, going on where it was stopped; empty: for images that memory cannot hold.
    events
        Tell everything as lines of JSON on stdout, and stop when stdin closes: for programs.
    """
    if channel and channels:
        raise UserError("Give channels either with --channel or with --channels, not both.")
    said = ReadAs(channels=channel or channels, axes=axes, spacing=spacing, unit=unit)
    lines = Lines() if events else None
    here = InlineRunners()
    runners: Runners = here
    try:
        targets = targets_of(inputs, out, format)
        if report is not None and any(report.resolve() == path.resolve() for one in targets for path in one.written):
            raise UserError(f"The report would take the place of labels ({report}): choose another --report.")
        if cluster.is_wanted:
            here, blocks = runners_for(cluster, blocks), True
            here.block_mb()  # a scheduler that is not there would not be there for each image
        runners = here if lines is None else Heard(here, lines.hear)
        with Session.temporary(runners) as session:
            session.choose_model(model)  # a wrong one would be wrong for each image
        out.mkdir(parents=True, exist_ok=True)
        one = OneImage(model, settings, filter, runners, said, blocks, here.block_mb)
        _all(targets, one, lines, skip_done=skip_done, report=None if report is None else Report(report))
    except UserError as error:
        if lines is not None:
            lines.tell(Stopped(problem=str(error)))
        raise
    finally:
        runners.close()


def _all(
    targets: Sequence[Target], one: OneImage, lines: Lines | None, *, skip_done: bool, report: Report | None
) -> None:
    failed: list[ImageOutcome] = []
    try:
        for event in outcomes(targets, one.segment, skip_done=skip_done):
            if lines is not None:
                lines.tell(event)
            if isinstance(event, Began):
                continue
            if report is not None:
                report.add(event)
            if event.state == "failed":
                failed.append(event)
                if len(targets) > 1:
                    warn(event.problem + ("\n" + event.details if event.details else ""))
            elif lines is None:
                say(f"{next(iter(event.labels), event.source)}: {event.words or event.state}")
                if event.problem:
                    warn(event.problem)
    finally:
        if report is not None:
            report.close()
    if failed and lines is None:
        _raise(failed, len(targets))


def _raise(failed: Sequence[ImageOutcome], count: int) -> None:
    if count > 1:
        names = ", ".join(short_name(Path(one.source)) for one in failed)
        raise UserError(f"{len(failed)} of {count} images were left out ({names}): see above.")
    if failed[0].details:
        raise RuntimeError(failed[0].details)
    raise UserError(failed[0].problem)
