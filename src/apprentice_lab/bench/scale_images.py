"""Slides of any size out of a few simulated fields: a chunk on disk is a link to one of them.

What is read is decompressed chunk by chunk as of any OME-Zarr, but a slide of 16 GB takes the disk of sixteen chunks.
"""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path

import numpy as np
import zarr

from apprentice_lab.simulate.nuclei import nuclei_2d

FIELD = 1024  # pixels: the edge of a simulated field, which is a chunk
_SEEDS = 2
_BYTES = 2  # of a pixel


def edge_of(megabytes: float) -> int:
    """The edge of a square slide of so many megabytes, in whole fields; at least one."""
    return max(1, round(math.sqrt(megabytes * 1e6 / _BYTES) / FIELD)) * FIELD


def slide(path: Path, edge: int) -> Path:
    """A slide (Y, X) uint16 of ``edge`` x ``edge`` pixels; one that is there is taken as it is."""
    if path.exists():
        return path
    fields = _fields()
    part = path.with_name(f"{path.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    count = edge // FIELD
    array = zarr.create_array(
        part,
        shape=(edge, edge),
        chunks=(FIELD, FIELD),
        dtype=np.uint16,
        dimension_names=("y", "x"),
    )
    first: dict[int, Path] = {}
    random = np.random.default_rng(0)
    for row in range(count):
        (part / "c" / str(row)).mkdir(parents=True, exist_ok=True)
        for column in range(count):
            kind = int(random.integers(len(fields)))
            place = part / "c" / str(row) / str(column)
            if kind in first:
                os.link(first[kind], place)
                continue
            array[row * FIELD : (row + 1) * FIELD, column * FIELD : (column + 1) * FIELD] = fields[kind]
            first[kind] = place
    part.replace(path)
    return path


def _fields() -> list[np.ndarray]:
    """Fields of nuclei, each in eight positions."""
    made = [nuclei_2d(seed, FIELD)[0] for seed in range(_SEEDS)]
    turned = [np.rot90(field, turns) for field in made for turns in range(4)]
    return [*turned, *(field[:, ::-1] for field in turned)]
