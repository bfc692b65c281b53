"""What a representation gives when the network is perfect: the encoded truth of real images, decoded again."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

from apprentice_lab.representations import representation
from apprentice_lab.sets import pictures
from napari_apprentice.data.labels.scores import Matches, matches
from napari_apprentice.settings import DecodeSettings

SETS: tuple[str, ...] = (
    "dsb2018",
    "tissue_dapi16",
    "usiigaci_phase",
    "histology_tnbc",
    "bbbc007_sparse",
    "ecoli_brightfield",
    "em_fib25",
    "nuclei3d_ovules",
    "nuclei3d_bbbc050",
    "nuclei3d_stardist_mini",
    "cells3d_ovule",
    "cells3d_root",
)
THRESHOLDS = (0.5, 0.75, 0.9)
_SMALLEST = 12  # voxels: smaller specks of a truth are left out
_MOST = 24  # images of a set, evenly from the list
_SIZE = (48, 512, 512)  # of larger ones this much, from their first corner
_SECTIONS = {"em_fib25": 12}  # neurons run through the whole stack: every twelfth section is an image


def measure(data: Path, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """One line for each set in the folder `data` and each representation: pooled AP, objects, seconds.

    All are decoded with the same settings, the defaults.
    """
    for folder in (data / name for name in SETS):
        if not folder.is_dir():
            continue
        truths = read_truths(folder)
        dims: Literal[2, 3] = 3 if truths[0].shape[0] > 1 else 2
        for name in names:
            began = time.process_time()
            table = [_again(labels, name, dims) for labels in truths]
            yield {
                "set": folder.name,
                "dims": dims,
                "images": len(truths),
                "objects": sum(len(np.unique(labels)) - 1 for labels in truths),
                "representation": name,
                "AP": [_pooled(column).average_precision for column in zip(*table, strict=True)],
                "seconds": time.process_time() - began,
            }


def words(line: dict[str, Any]) -> str:
    """A line to be read while it is measured."""
    values = "/".join(f"{value:.3f}" for value in line["AP"])
    return f"ceiling of {line['representation']} on {line['set']}: AP {values}"


def read_truths(folder: Path) -> list[NDArray[np.uint32]]:
    """Labels (Z, Y, X) of a set, without specks; each a frame of its own."""
    files = pictures(folder)
    places = np.unique(np.linspace(0, len(files) - 1, min(_MOST, len(files))).round().astype(int))
    stacks = [files[i].labels() for i in places]
    frames = [frame for stack in stacks for frame in stack.reshape(-1, *stack.shape[-3:])]
    if folder.name in _SECTIONS:
        sections = [section for frame in frames for section in frame[:: _SECTIONS[folder.name]]]
        frames = [label(section[None], connectivity=1).astype(np.uint32) for section in sections]
    return [without_specks(frame[tuple(slice(n) for n in _SIZE)]) for frame in frames]


def without_specks(labels: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Labels without objects of very few voxels, numbered without gaps."""
    names, ranks, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    keep = (names > 0) & (sizes >= _SMALLEST)
    table = np.where(keep, np.cumsum(keep), 0).astype(np.uint32)
    return np.asarray(table[ranks.reshape(labels.shape)])


def _again(labels: NDArray[np.uint32], name: str, dims: Literal[2, 3]) -> list[Matches]:
    kind = representation(name, dims)
    target, _ = kind.encode(labels, np.where(labels > 0, 2, 1).astype(np.uint8))
    return matches(labels, kind.decode(target, DecodeSettings()), THRESHOLDS)


def _pooled(column: Sequence[Matches]) -> Matches:
    total = column[0]
    for one in column[1:]:
        total = total + one
    return total
