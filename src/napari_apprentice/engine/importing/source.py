"""What a file of another program tells of its network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from napari_apprentice.data.travel.described import Described, Size
from napari_apprentice.data.travel.told import KEY, Told
from napari_apprentice.engine.elsewhere import open_graph, to_axes
from napari_apprentice.engine.importing.opened import Package
from napari_apprentice.engine.importing.torchscript import to_onnx
from napari_apprentice.engine.importing.trying import TRIED
from napari_apprentice.errors import UserError
from napari_apprentice.settings import NormalizeSettings, Triple


@dataclass(frozen=True)
class Source:
    """What is known of a network: from its file, or said by whoever imports it."""

    graph: bytes
    name: str
    normalize: NormalizeSettings | None = None
    activation: str = "none"
    axes: str = ""
    output_axes: str = ""
    names: tuple[str, ...] = ()
    offsets: tuple[Triple, ...] = ()
    sizes: Mapping[str, Size] = field(default_factory=dict)
    halo: Mapping[str, int] = field(default_factory=dict)
    spacing: tuple[float, float, float] | None = None
    unit: str = "pixel"
    licence: str = ""
    notes: str = ""
    told: Told | None = None


def of_package(package: Package, told: Described, *, trusts: bool) -> Source:
    """A package of bioimage.io; `UserError` when it has no weights that are run here."""
    form = next((one for one in ("onnx", "torchscript") if one in told.weights), None)
    if form is None:
        there = ", ".join(told.weights) or "none"
        raise UserError(
            f"{told.name} has no weights that are run here (it has: {there}; ONNX is needed): choose another model."
        )
    content = package.read(*told.weights[form])
    source = Source(
        content,
        told.name,
        told.normalize,
        told.activation,
        told.input.axes,
        told.output.axes,
        told.output.channels,
        told.offsets,
        told.input.sizes,
        told.output.halo,
        told.spacing,
        told.unit,
        told.licence,
        told.notes,
    )
    if form == "torchscript":
        source = replace(source, graph=to_onnx(content, told.name, _example(source), trusts=trusts))
    return source


def of_file(path: Path) -> Source:
    """An ONNX file; one of ours tells everything."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"The file {path} cannot be read ({error.strerror}): check the path.") from error
    if path.suffix.lower() in (".pt", ".pth", ".ts"):
        raise UserError(
            f"{path.name} is TorchScript or a pickle, and does not tell what it takes: export it as ONNX, or as a "
            "package of bioimage.io."
        )
    graph = open_graph(content, path.stem)
    said = graph.get_modelmeta().custom_metadata_map.get(KEY)
    source = Source(content, path.stem)
    if said is None:
        return source
    try:
        told = Told.model_validate_json(said)
    except ValidationError:  # of a newer version, or not ours
        return source
    of = told.normalize
    return replace(
        source,
        name=" ".join(told.name.split())[:120] or path.stem,
        normalize=NormalizeSettings(low=of.low, high=of.high, gain=0.0, mends=False),
        spacing=told.resolution.image_spacing,
        unit=told.resolution.unit,
        licence=told.licence,
        notes=f"exported from {told.made_by}",
        sizes={letter: (m, m) for letter, m in zip("zyx", told.tiling.multiple, strict=True)},
        told=told,
    )


def _example(source: Source) -> np.ndarray:
    """An image in the order of the axes that the network takes."""
    dims = 3 if "z" in source.axes else 2
    size = [
        max(least, n - (n - least) % step) if step else least
        for n, (least, step) in (
            (n, source.sizes.get(letter, (n, 16))) for n, letter in zip(TRIED[dims], "zyx", strict=True)
        )
    ]
    if dims == 2:
        size[0] = 1
    channels = 1
    return to_axes(np.random.default_rng(0).random((channels, *size), dtype=np.float32), source.axes)
