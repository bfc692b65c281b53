"""What is decided once for a large image, so that every piece agrees: intensities, zoom, tiles, blocks."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_apprentice.data.files import read_image
from napari_apprentice.data.geometry.lattice import Lattice, Part, TileParts, lattice_for
from napari_apprentice.data.image import axes
from napari_apprentice.data.image.channels import luminance
from napari_apprentice.data.image.reading import read_as
from napari_apprentice.data.image.sampling import sample
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.image.zoom import zoom_for
from napari_apprentice.data.models import ModelHeader, representation_of, why_not_fits
from napari_apprentice.data.representations import Representation
from napari_apprentice.data.storage.atomic_write import atomic_write
from napari_apprentice.engine.background import BackgroundThreads
from napari_apprentice.engine.diameter import Look, measure
from napari_apprentice.engine.features.learned_values import EDGE, reach_of
from napari_apprentice.engine.inputs import scaling_for
from napari_apprentice.engine.network import Network
from napari_apprentice.engine.normalize import Scaling
from napari_apprentice.engine.tiling import halo_of, tile_of
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import SegmentLargeJob
from napari_apprentice.settings import Triple

_DIAMETERS = 3.0  # of a typical object: how far a block looks beyond its own part
_NEAR = 8  # network pixels: what decoding smooths and interpolates over
_ENOUGH = 1.1  # times its own part is what a block needs to read: larger blocks would only take more memory


@dataclass(frozen=True)
class Plan:
    """How one frame is segmented; ``tiles`` of the lattice make a block, which reads ``margin`` network pixels more.

    The network sees the image at ``zoom``, which is about that of the lattice; where *Live* learned the model, the
    lattice has the image's own pixels.
    """

    lattice: Lattice
    scaling: Scaling
    tiles: Triple
    margin: Triple
    zoom: float = 1.0

    @property
    def blocks(self) -> TileParts:
        """The blocks of the frame."""
        return self.lattice.blocks(self.tiles, self.margin)

    def halves(self, block: Part) -> list[Part]:
        """A block as two of whole tiles, with the same margin; [] when it is a single tile."""
        return self.blocks.halves(block, self.lattice.step)


def open_image(job: SegmentLargeJob) -> Volume:
    """The image as the model takes it, without reading it; `UserError` when they do not fit."""
    return read_as(read_image(job.image), job.read_as)


def channels_for(volume: Volume, header: ModelHeader) -> Any:
    """Pixels (T, C, Z, Y, X) with the channels of the model, RGB as luminance; nothing is read."""
    from dask.array import asarray

    pixels = volume.pixels
    if volume.metadata.get("rgb") and header.image_channels == 1:
        pixels = luminance(asarray(pixels))
    misfit = why_not_fits(header, pixels.shape)
    if misfit:
        raise UserError(misfit)
    return pixels


def plan_for(job: SegmentLargeJob, network: Network, volume: Volume, pixels: Any, first: Plan | None = None) -> Plan:
    """What is decided once for a frame (C, Z, Y, X) of ``volume``: all as for the ``first`` one but the intensities."""
    header, settings = network.header, job.settings
    scaling = scaling_for(header, sample(pixels))
    if first is not None:
        return replace(first, scaling=scaling)
    measured = None
    if header.measures and settings.diameter is None:
        measured = measure(Look(network, pixels, scaling, settings, BackgroundThreads()))
    zoom = zoom_for(header, volume.spacing, volume.unit, settings, measured)
    shape = (int(pixels.shape[1]), int(pixels.shape[2]), int(pixels.shape[3]))
    if network.learned is None:
        lattice = lattice_for(shape, zoom, tile_of(header.net, settings.tile), halo_of(header.net), header.net.multiple)
        margin = _margin(header, volume, 1.0)
    else:
        halo = reach_of(header.net, zoom)
        tile = tile_of(header.net, EDGE + 2 * halo)
        lattice = lattice_for(shape, 1.0, tile, (0, halo, halo), header.net.multiple)
        margin = _margin(header, volume, zoom)
    return Plan(lattice, scaling, _tiles(lattice, margin, job.memory_mb, representation_of(header)), margin, zoom)


def write_plan(plan: Plan, path: Path) -> None:
    """Write a plan down for whoever goes on with it."""
    with atomic_write(path) as part:
        part.write_text(json.dumps(asdict(plan)), encoding="utf-8")


def read_plan(path: Path) -> Plan:
    """A plan as it was written."""
    told = json.loads(path.read_text(encoding="utf-8"))
    shape, step, halo = (tuple(told["lattice"][name]) for name in ("shape", "step", "halo"))
    lattice = Lattice(shape, told["lattice"]["up"], told["lattice"]["down"], step, halo)
    known = {one.name for one in fields(Scaling)}
    scaling = {name: _whole(value) for name, value in told["scaling"].items() if name in known}
    return Plan(
        lattice,
        Scaling(**scaling),
        tuple(told["tiles"]),
        tuple(told["margin"]),
        told.get("zoom", 1.0),
    )


def _whole(value: Any) -> Any:
    """A value as it was before JSON, which has no tuples."""
    return tuple(value) if isinstance(value, list) else value


def words(volume: Volume, plan: Plan) -> str:
    """What is about to be done, for people."""
    return f"{axes.describe(volume)}: {len(plan.lattice.tiles()):,} tiles, {len(plan.blocks):,} blocks"


def _margin(header: ModelHeader, volume: Volume, zoom: float) -> Triple:
    """How far a block looks around (z, y, x): a few objects, in pixels of the lattice, of which ``zoom`` network pixels
    make one; along z by the voxel's proportions.
    """
    if header.kind == "classes":
        return 0, _NEAR, _NEAR
    plane = int(np.ceil(_DIAMETERS * (header.object_diameter or 32) / zoom)) + _NEAR
    if volume.pixels.shape[2] == 1:
        return 0, plane, plane
    longer = volume.spacing[0] / volume.spacing[2]
    return max(2, int(np.ceil(plane / max(longer, 0.5)))), plane, plane


def _tiles(lattice: Lattice, margin: Triple, memory_mb: float, representation: Representation) -> Triple:
    """How many tiles along z, y and x make a block: so many that margins hardly count, or that the memory is full."""
    finer = max(1.0, (lattice.down / lattice.up) ** 2)  # what is decoded at the finer resolution takes most
    most = memory_mb * 1e6 / representation.decoding_bytes / finer
    count = [1, 1, 1]
    ends = [-(-n // step) for n, step in zip(lattice.network_shape, lattice.step, strict=True)]
    while _read(lattice, margin, count) > _ENOUGH * _read(lattice, (0, 0, 0), count):
        # the shortest side grows first: a block is to be as near to a cube as the image lets it
        order = sorted(range(3), key=lambda axis: count[axis] * lattice.step[axis])
        for axis in order:
            tried = [n + (i == axis) for i, n in enumerate(count)]
            if count[axis] < ends[axis] and _read(lattice, margin, tried) <= most:
                count = tried
                break
        else:
            break
    return count[0], count[1], count[2]


def _read(lattice: Lattice, margin: Triple, count: list[int]) -> float:
    """Voxels that a block of so many tiles reads."""
    sides = zip(lattice.network_shape, count, lattice.step, margin, strict=True)
    return float(np.prod([min(n, tiles * step + 2 * more) for n, tiles, step, more in sides], dtype=float))
