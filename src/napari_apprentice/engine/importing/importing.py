"""From a file of another program to a model file: what it tells, what was said of it, and one look whether it works."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import ValidationError

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import MadeElsewhere, ModelHeader, why_not_masks
from napari_apprentice.data.storage import disk
from napari_apprentice.data.storage.atomic_write import atomic_write
from napari_apprentice.data.travel.described import Size, described
from napari_apprentice.data.travel.meanings import meant, words_of
from napari_apprentice.data.travel.told import OWN
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.elsewhere import finite_or_refuse, open_graph, taken
from napari_apprentice.engine.importing.missing import refuse_untold
from napari_apprentice.engine.importing.not_told import NotTold, axes_of, wrong_axes
from napari_apprentice.engine.importing.opened import Package
from napari_apprentice.engine.importing.source import Source, of_file, of_package
from napari_apprentice.engine.importing.trying import TRIED, tried, with_steps
from napari_apprentice.errors import Cancelled, UserError
from napari_apprentice.events import Event, Finished, Progress
from napari_apprentice.jobs import ImportModelJob, ImportModelResult
from napari_apprentice.settings import DecodeSettings, NormalizeSettings, Triple

_REACH = {2: (0, 32, 32), 3: (8, 32, 32)}
_USUAL = {4: "bcyx", 5: "bczyx"}
_MOST_MULTIPLE = 256
_NORMALIZE: Mapping[str, dict[str, Any]] = {
    "percentiles": {"by": "percentiles"},
    "mean": {"by": "mean"},
    "0 to 1": {"by": "percentiles", "low": 0.0, "high": 100.0},
    "values": {"by": "values"},
}


def run(job: ImportModelJob, cancelled: Callable[[], bool]) -> Iterator[Event]:
    """Write ``job.out``, or ask for what is missing where that is wanted."""
    try:
        yield from _written(job, cancelled)
    except NotTold as error:
        if not job.asks:
            raise
        yield Finished(result=ImportModelResult(job=job.id, path=job.out, untold=error.untold))


def _written(job: ImportModelJob, cancelled: Callable[[], bool]) -> Iterator[Event]:
    yield Progress(done=0, total=2, what="Reading the model")
    path, out = Path(job.file), Path(job.out)
    source: Source | None
    if path.suffix.lower() == ".zip":
        package = Package(path)
        told = described(package.description)
        if told.is_ours and package.has(OWN):
            yield Finished(result=_ours(job, package.read(OWN), out))
            return
        source = of_package(package, told, trusts=job.trusts)
    else:
        source = of_file(path)
    if cancelled():
        raise Cancelled
    yield Progress(done=1, total=2, what="Trying the model")
    try:
        header = header_of(job, source)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UserError(
            f"{source.name} is told to be what no model can be ({where}: {first['msg']}): choose another model."
        ) from error
    if why_not := why_not_masks(header):
        raise UserError(why_not)
    checkpoint.save_elsewhere(out, header, source.graph)
    yield Finished(result=ImportModelResult(job=job.id, path=str(out), words=words(header)))


def words(header: ModelHeader) -> str:
    """One sentence on what an imported model does."""
    what = {
        "foreground": "objects from foreground",
        "boundaries": "objects from foreground and boundaries",
        "affinities": "objects from affinities",
        "log-distance": "objects from foreground and distances",
        "classes": "classes: " + ", ".join(one.name for one in header.classes),
    }.get(header.representation, header.kind)
    return f"{header.name} proposes {what}; it was made elsewhere and cannot be taught."


def _ours(job: ImportModelJob, content: bytes, out: Path) -> ImportModelResult:
    """Our own model file, as it was when it was packed."""
    try:
        with atomic_write(out) as part:
            part.write_bytes(content)
            header, _, _ = checkpoint.load_whole(part)
    except OSError as error:
        raise disk.refusal(error, out, len(content), "the model") from error
    text = f"{header.name} was exported from here, and can be taught."
    return ImportModelResult(job=job.id, path=str(out), is_ours=True, words=text)


def header_of(job: ImportModelJob, source: Source) -> ModelHeader:
    """The header of the model file, after one look at what the network gives."""
    graph = open_graph(source.graph, source.name)
    if len(graph.get_inputs()) != 1:
        raise UserError(
            f"{source.name} takes {len(graph.get_inputs())} inputs, and here it gets one image: choose another model."
        )
    entry, exit_ = graph.get_inputs()[0], graph.get_outputs()[0]
    if entry.type != "tensor(float)":
        raise UserError(
            f"{source.name} takes {entry.type}, and here it gets tensor(float): export it with an input of 32-bit "
            "floats."
        )
    axes = job.axes.lower() or source.axes or _USUAL.get(len(entry.shape), "")
    if len(axes) != len(entry.shape) or len(set(axes)) != len(axes) or not {"y", "x"} <= set(axes) <= set("bczyx"):
        raise wrong_axes(source.name, len(entry.shape), axes) if job.axes else axes_of(source.name, len(entry.shape))
    dims: Literal[2, 3] = 3 if "z" in axes else 2
    shape = dict(zip(axes, entry.shape, strict=True))
    channels = shape.get("c", 1)
    if not isinstance(channels, int):
        channels = 1
    sizes = {letter: source.sizes.get(letter) or _size(shape.get(letter, 1), dims) for letter in "zyx"}
    if dims == 2:
        sizes["z"] = (1, 1)
    of = MadeElsewhere(
        input=entry.name,
        output=exit_.name,
        axes=axes,
        output_axes=source.output_axes
        or (axes if len(exit_.shape) == len(axes) else _USUAL.get(len(exit_.shape), axes)),
        channels=channels,
        smallest=tuple(sizes[letter][0] for letter in "zyx"),
        steps=tuple(sizes[letter][1] for letter in "zyx"),
        activation=cast(Any, job.activation or source.activation),
        takes=((0, False),),
    )
    try:
        of, maps = tried(graph, of, dims)
    except UserError as error:
        if job.axes or source.axes:
            raise
        raise axes_of(source.name, len(axes), str(error)) from error  # they were guessed
    refuse_untold(job, source, maps, dims)
    of = with_steps(graph, of, dims, "".join(one for one in "zyx"[3 - dims :] if one not in source.sizes))
    of, meaning = _meaning(job, source, of, len(maps), dims)
    finite_or_refuse([taken(of, maps)], source.name)
    return _header(job, source, of, dims, **meaning)


def _meaning(
    job: ImportModelJob, source: Source, of: MadeElsewhere, count: int, dims: Literal[2, 3]
) -> tuple[MadeElsewhere, dict[str, Any]]:
    if source.told is not None and not job.outputs:
        told = source.told
        meaning = {
            "kind": told.kind,
            "representation": told.representation,
            "classes": told.classes,
            "decode": told.decode,
        }
        return of.model_copy(update={"takes": tuple((i, False) for i in range(count))}), meaning
    offsets = job.offsets or source.offsets
    found = meant(job.outputs or words_of(source.names, count), count, offsets, dims, source.name)
    updates = {"takes": found.takes, "offsets": found.offsets}
    decode = DecodeSettings(min_size=12)
    return of.model_copy(update=updates), {
        "kind": found.kind,
        "representation": found.representation,
        "classes": found.classes,
        "decode": decode,
    }


def _header(job: ImportModelJob, source: Source, of: MadeElsewhere, dims: Literal[2, 3], **meaning: Any) -> ModelHeader:
    asked = None if job.normalize is None else NormalizeSettings(gain=0.0, mends=False, **_NORMALIZE[job.normalize])
    normalize = cast(NormalizeSettings, asked or source.normalize)  # `refuse_untold`
    fixed = any(step == 0 for step in of.steps)
    multiple = tuple(1 if fixed or step > _MOST_MULTIPLE else step for step in of.steps)
    reach = tuple(max(source.halo.get(letter, 0), n) for letter, n in zip("zyx", _REACH[dims], strict=True))
    size = None
    if fixed:
        size = tuple(  # of which it gives a map
            (least if step == 0 else max(least, usual)) - lost
            for least, step, usual, lost in zip(of.smallest, of.steps, TRIED[dims], of.lost, strict=True)
        )
    net = NetSettings(
        preset="made elsewhere",
        dims=dims,
        in_channels=of.channels,
        out_channels=len(of.takes),
        widths=(1, 1),
        pools=(cast(Triple, multiple),),
        decoder="elsewhere",
        reach=reach,
        size=size,
        norm="none",
    )
    name = Path(job.out).stem
    if source.told is not None:
        meaning |= {"zoom": source.told.resolution.zoom, "measures": source.told.resolution.measures}
    return ModelHeader(
        format=3,
        id=name,
        name=source.name,
        net=net,
        normalize=normalize,
        elsewhere=of,
        image_channels=of.channels,
        spacing=source.spacing,
        unit=source.unit,
        object_diameter=job.diameter or (None if source.told is None else source.told.resolution.object_diameter),
        licence=source.licence,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        notes=source.notes or f"imported from {Path(job.file).name}",
        **meaning,
    )


def _size(told: Any, dims: int) -> Size:
    """What an ONNX file says of an axis: a number, or a name where any will do."""
    if isinstance(told, int) and told > 1:
        return told, 0
    return (16, 16)
