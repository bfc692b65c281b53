"""A table of measurements: one row for each object and frame, sizes in physical units, intensities by channel."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.measure import regionprops_table

from napari_apprentice.data.exports.export import MANY, ExportRequest
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.corrections import rank_ids
from napari_apprentice.data.objects.divisions import parents_of
from napari_apprentice.data.objects.names import BORDER, CLASS, CONFIRMED, FRAME, LABEL, PARENT, PIXELS, column_name
from napari_apprentice.data.objects.table import keys_of
from napari_apprentice.data.provenance import KEY, Provenance, provenance_in, shares_of, sidecar_of
from napari_apprentice.data.storage.atomic_write import atomic_write, write_text
from napari_apprentice.data.storage.side_files import refuse_others
from napari_apprentice.errors import UserError

Column = NDArray[Any] | list[Any]
Add = Callable[[dict[str, Column]], None]


def write(path: Path, export: ExportRequest) -> None:
    """Write CSV, or Parquet by the suffix (with the extra ``tables``)."""
    for _ in write_parts(path, [(1.0, export)], export.provenance):
        pass


def write_parts(
    path: Path, parts: Iterable[tuple[float, ExportRequest | None]], provenance: Provenance
) -> Iterator[float]:
    """The same for labels that come in parts, each with whole objects; hands on the share that is done.

    A CSV file has no room for where it comes from: that is a small file beside it.
    """
    is_csv = path.suffix.lower() != ".parquet"
    if is_csv:
        refuse_others(sidecar_of(path), path, lambda side: provenance_in(side.read_text(encoding="utf-8")) is not None)
    with atomic_write(path) as part, _csv(part) if is_csv else _parquet(part, provenance) as add:
        for share, export in parts:
            if export is not None:
                add(measure_objects(export))
            yield share
    if is_csv:
        write_text(sidecar_of(path), provenance.text() + "\n")


def measure_objects(export: ExportRequest) -> dict[str, Column]:
    """Columns by name; lengths are in the image's unit, which the names say, or in pixels."""
    tables = [_of_frame(export, time) for time in range(len(export.labels))]
    columns: dict[str, Column] = {LABEL: np.concatenate([one.pop(LABEL) for one in tables])}
    if export.image.labels_shape[0] > 1:
        frames = [np.full(len(one[PIXELS]), export.corner[0] + time) for time, one in enumerate(tables)]
        columns[FRAME] = np.concatenate(frames)
    if len(export.labels) > 1 and not export.names:  # else frames come one by one
        parents = parents_of(export.labels)
        columns[PARENT] = np.array([parents.get(int(one), (0, 0))[1] for one in columns[LABEL]], np.int64)
    if export.names:
        columns[CLASS] = [export.names.get(int(value), "") for value in columns[LABEL]]
    if export.classes is not None:
        columns |= export.classes.columns(keys_in(export, columns))
    for name in tables[0]:
        columns[name] = np.concatenate([one[name] for one in tables])
    return columns


def keys_in(export: ExportRequest, columns: Mapping[str, Column]) -> NDArray[np.int64]:
    """The keys of the objects of a table (`data.objects.table.keys_of`), frames counted within the labels."""
    frames = np.asarray(columns.get(FRAME, np.full(len(columns[LABEL]), export.corner[0]))) - export.corner[0]
    return keys_of(np.stack([frames, np.asarray(columns[LABEL])], axis=1))


def regions_of(
    export: ExportRequest, time: int, properties: Sequence[str], *, intensities: bool = False
) -> dict[str, NDArray[Any]]:
    """What scikit-image measures of the objects of a frame, places counted from the first voxel of the image.

    Those of one slice are measured in its plane: their axes are y and x, else z, y and x. ``intensities`` are of the
    image, by channel.
    """
    image, flat = export.image, export.image.labels_shape[1] == 1
    spacing = image.spacing[1:] if flat else image.spacing
    names, ranks = rank_ids(export.labels[time], MANY)
    regions, pixels = (ranks[0] if flat else ranks), _intensities(export, time, flat) if intensities else None
    found: dict[str, NDArray[Any]] = regionprops_table(
        regions.astype(np.int64), pixels, properties=properties, spacing=spacing
    )
    if "label" in found:
        found["label"] = names[found["label"]]
    for axis, (start, step) in enumerate(zip(export.corner[-len(spacing) :], spacing, strict=True)):
        for place, moved in (
            (f"centroid-{axis}", start * step),
            *((f"bbox-{axis + i * len(spacing)}", start) for i in (0, 1)),
        ):
            if place in found:
                found[place] += moved
    return found


def _of_frame(export: ExportRequest, time: int) -> dict[str, NDArray[Any]]:
    image, flat = export.image, export.image.labels_shape[1] == 1
    wanted = ["label", "num_pixels", "area", "centroid", "bbox", "equivalent_diameter_area", "extent"]
    wanted += ["axis_major_length", "axis_minor_length", "eccentricity", "perimeter", "solidity"] if flat else []
    wanted += ["intensity_mean", "intensity_min", "intensity_max", "intensity_std"] if export.seen else []
    if flat and len(set(image.spacing[1:])) > 1:
        wanted.remove("perimeter")  # scikit-image has it for square pixels only
    found = regions_of(export, time, wanted, intensities=export.seen)
    columns = {column_name(key, image): values for key, values in found.items()}
    columns[BORDER] = _touches_border(columns, image)
    if export.confirmed is not None:
        shares = shares_of(export.labels[time], export.confirmed[time])
        columns[CONFIRMED] = np.array([shares.get(int(one), 0.0) for one in columns[LABEL]], float)
    return columns


def _touches_border(columns: dict[str, NDArray[Any]], image: Volume) -> NDArray[np.int64]:
    """1 for objects that reach the first or last voxel of an axis that has several, else 0."""
    touches = np.zeros(len(columns[PIXELS]), np.int64)
    for axis, length in zip("zyx", image.labels_shape[1:], strict=True):
        if length > 1:
            touches |= (columns[f"first_{axis}"] == 0) | (columns[f"end_{axis}"] == length)
    return touches


def _intensities(export: ExportRequest, time: int, flat: bool) -> NDArray[Any] | None:
    """Pixels (.., Y, X, C) of a frame; None when labels have no image beside them."""
    if not export.seen:
        return None
    first, *corner = export.corner
    sides = zip(corner, export.labels.shape[1:], strict=True)
    part = tuple(slice(start, start + n) for start, n in sides)
    frame = np.moveaxis(np.asarray(export.image.pixels[(first + time, slice(None), *part)]), 0, -1)
    return frame[0] if flat else frame


@contextmanager
def _csv(path: Path) -> Iterator[Add]:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)

        def add(columns: dict[str, Column]) -> None:
            if file.tell() == 0:
                rows.writerow(columns)
            rows.writerows(zip(*columns.values(), strict=True))

        yield add


@contextmanager
def _parquet(path: Path, provenance: Provenance) -> Iterator[Add]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise UserError(
            'Parquet needs pyarrow: pip install "napari-apprentice[tables]", or write .csv instead.'
        ) from error
    with ExitStack() as opened:
        tables: list[Any] = []  # the first with any row says what types columns have
        writers: list[Any] = []

        def add(columns: dict[str, Column]) -> None:
            told = {KEY: provenance.text()}
            tables[:] = [pyarrow.table(columns).replace_schema_metadata(told)]
            if tables[0].num_rows and not writers:
                writers.append(opened.enter_context(parquet.ParquetWriter(path, tables[0].schema)))
            if writers:
                writers[0].write_table(tables[0].cast(writers[0].schema))

        yield add
        if not writers:
            parquet.write_table(tables[0], path)
