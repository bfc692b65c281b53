"""OME-Zarr labels with a pyramid: added to an image's ``labels`` group, or by themselves (0.5).

https://ngff.openmicroscopy.org. Labels of an image are written in the image's own version of zarr.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from napari_apprentice.data.exports.export import ExportRequest
from napari_apprentice.data.exports.palette import distinct_colors, parts_of
from napari_apprentice.data.files import read_image
from napari_apprentice.data.files.omezarr import attributes_of, is_zarr
from napari_apprentice.data.image.units import PIXEL
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.provenance import KEY, shares_of
from napari_apprentice.data.storage.atomic_write import atomic_write_folder
from napari_apprentice.errors import UserError

_UNITS = {"um": "micrometer", "nm": "nanometer", "mm": "millimeter", "m": "meter", "Å": "angstrom", "cm": "centimeter"}
_SMALLEST = 256  # the coarsest level is about so wide
_CHUNK = (16, 256, 256)
_MOST_TOLD = 10_000  # objects


def image_above(path: Path) -> Path | None:
    """The image that ``IMAGE.zarr/labels/NAME`` adds labels to, when it is there."""
    image = path.parent.parent
    return image if path.parent.name == "labels" and is_zarr(image) else None


def write(path: Path, export: ExportRequest) -> None:
    """Write labels as a multiscale image of their own, nearest neighbours in the coarser levels."""
    import zarr

    refuse(path, export.image)
    form = form_of(path)
    axes = [letter for letter, length in zip("TZYX", export.labels.shape, strict=True) if length > 1 or letter in "YX"]
    flat = export.compact.reshape([n for n, letter in zip(export.labels.shape, "TZYX", strict=True) if letter in axes])
    with atomic_write_folder(path) as part:
        group = zarr.open_group(part, mode="w", zarr_format=form)
        levels = [flat[..., ::step, ::step] for step in steps_of(flat.shape)]
        for place, level in enumerate(levels):
            chunks = tuple(min(n, c) for n, c in zip(level.shape, (1, *_CHUNK)[-level.ndim :], strict=True))
            names = [axis.lower() for axis in axes] if form == 3 else None
            group.create_array(
                str(place), data=np.ascontiguousarray(level), chunks=chunks, dimension_names=names, config=None
            )
        describe(group, path, export, axes)
    register_labels(path)


def refuse(path: Path, image: Volume) -> None:
    """`UserError` when labels of such an image may not be written here."""
    above = image_above(path)
    if path.exists() and "image-label" not in attributes_of(path):
        raise UserError(f"{path} is there already and is no labels: choose another name.")
    if above is not None and read_image(above).labels_shape != image.labels_shape:
        raise UserError(f"{above} has another shape than these labels: write them elsewhere.")


def describe(group: Any, path: Path, export: ExportRequest, axes: list[str]) -> None:
    """Say in a group what its arrays are: levels of labels that are to lie at ``path``."""
    told = _metadata(path, export, axes, steps_of(group["0"].shape), own_file=image_above(path) is None)
    group.attrs[KEY] = export.provenance.plain()
    if form_of(path) == 3:
        group.attrs["ome"] = {"version": "0.5", **told}
        return
    told["multiscales"][0]["version"] = told["image-label"]["version"] = "0.4"
    group.attrs.update(told)


def form_of(path: Path) -> Literal[2, 3]:
    """The version of zarr to write: that of the image that labels are added to."""
    image = image_above(path)
    return 3 if image is None or (image / "zarr.json").exists() else 2


def steps_of(shape: tuple[int, ...]) -> list[int]:
    """By how many pixels each level is coarser."""
    steps = [1]
    while max(shape[-2:]) / steps[-1] > _SMALLEST:
        steps.append(2 * steps[-1])
    return steps


def _metadata(
    path: Path, export: ExportRequest, axes: list[str], steps: list[int], *, own_file: bool
) -> dict[str, Any]:
    unit = _UNITS.get(export.image.unit)
    space = {"type": "space"} if unit is None or export.image.unit == PIXEL else {"type": "space", "unit": unit}
    spacing = dict(zip("ZYX", export.image.spacing, strict=True))
    levels, moved = [], export.image.metadata.get("translate")
    for place, step in enumerate(steps):
        scale = [spacing.get(axis, 1.0) * (step if axis in "YX" else 1) for axis in axes]
        # of every second pixel the first is kept: the centre of a level's pixel is where that pixel's is
        steps_and_place: list[dict[str, Any]] = [{"type": "scale", "scale": scale}]
        if moved is not None:
            where = dict(zip("ZYX", moved, strict=True))
            steps_and_place.append({"type": "translation", "translation": [where.get(axis, 0.0) for axis in axes]})
        levels.append({"path": str(place), "coordinateTransformations": steps_and_place})
    label: dict[str, Any] = {} if own_file else {"source": {"image": "../../"}}
    label |= {"colors": _colors(export), "properties": _properties(export)}
    return {
        "multiscales": [
            {
                "name": path.name.removesuffix(".zarr").removesuffix(".ome"),
                "axes": [{"name": "t", "type": "time"} if a == "T" else {"name": a.lower(), **space} for a in axes],
                "datasets": levels,
            }
        ],
        "image-label": {name: value for name, value in label.items() if value},
    }


def _colors(export: ExportRequest) -> list[dict[str, Any]]:
    """A colour for each value; none where objects are many, which a reader colours by itself."""
    if export.names:
        return [{"label-value": value, "rgba": [*parts_of(color), 255]} for value, color in export.colors.items()]
    ids = _ids(export)
    return [
        {"label-value": value, "rgba": [*map(int, color), 255]}
        for value, color in zip(ids, distinct_colors(len(ids)), strict=True)
    ]


def _properties(export: ExportRequest) -> list[dict[str, Any]]:
    """What classes are called, or how much of each object was confirmed by hand."""
    if export.names:
        return [{"label-value": value, "class": name} for value, name in export.names.items()]
    if export.confirmed is None or not _ids(export):
        return []
    shares = shares_of(export.labels, export.confirmed)
    return [{"label-value": value, "confirmed": round(share, 4)} for value, share in shares.items()]


def _ids(export: ExportRequest) -> list[int]:
    """The objects, when they are not too many to be told of one by one."""
    found = np.unique(export.labels)
    return [int(one) for one in found if one] if len(found) <= _MOST_TOLD else []


def register_labels(path: Path) -> None:
    """Name labels that were added to an image in their group, where readers look for them."""
    import zarr

    if image_above(path) is None:
        return
    form = form_of(path)
    group = zarr.open_group(path.parent, mode="a", zarr_format=form)
    known: Any = group.attrs.asdict()
    told: dict[str, Any] = known.get("ome", {"version": "0.5"}) if form == 3 else known
    told["labels"] = list(dict.fromkeys([*told.get("labels", []), path.name]))
    group.attrs.update({"ome": told} if form == 3 else told)
