"""A block that memory cannot hold is decoded in halves, with the same objects."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import zarr

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.files import read_labels
from napari_apprentice.data.geometry.lattice import TileParts
from napari_apprentice.data.labels import instances
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine.checkpoint import save
from napari_apprentice.engine.large import parts, plan
from napari_apprentice.engine.large import run as large
from napari_apprentice.engine.large.work import work_folder
from napari_apprentice.engine.nets import build
from napari_apprentice.errors import Cancelled
from napari_apprentice.events import Finished
from napari_apprentice.jobs import SegmentLargeJob
from napari_apprentice.settings import SegmentSettings

SIDE = 512

LIMITED = """
import resource, sys
from pathlib import Path
import psutil
from napari_apprentice.engine.device import is_out_of_memory
from napari_apprentice.engine.large.executor import PieceWorker
from napari_apprentice.engine.warm import Warm
from napari_apprentice.jobs import SegmentLargeJob

job = SegmentLargeJob.model_validate_json(Path(sys.argv[1]).read_text())
frame = PieceWorker(job, Path(sys.argv[2]), Warm()).frame(0)
block = frame.plan.blocks[0]
frame._prediction[(slice(None), *block.read)]  # starts all threads
frame._decoded_whole(frame.plan.halves(frame.plan.halves(block)[0])[0])  # what it needs once is there
there = psutil.Process().memory_info().vms
for megabytes in range(100, 0, -5):
    resource.setrlimit(resource.RLIMIT_AS, (there + megabytes * 1_000_000, resource.RLIM_INFINITY))
    try:
        frame._decoded_whole(block)
    except (RuntimeError, MemoryError) as error:
        assert is_out_of_memory(error), error
        break
else:
    sys.exit("there was memory enough")
frame.decode(0)
"""


def objects(side: int = SIDE) -> np.ndarray:
    """Squares everywhere, and a bar across all of them that is much wider than a margin."""
    labels = np.zeros((1, side, side), np.uint32)
    for number, (y, x) in enumerate(np.ndindex(side // 32, side // 32), 2):
        labels[0, 32 * y + 4 : 32 * y + 18, 32 * x + 4 : 32 * x + 18] = number
    labels[0, 64 : 64 + 24, 2 : side - 2] = 1
    return labels


def predicted(folder: Path, labels: np.ndarray) -> tuple[SegmentLargeJob, Path]:
    """A job of which everything is predicted, as of a network that is always right; and the folder it works in."""
    net = NetSettings(widths=(4, 8), pools=((1, 2, 2),), in_channels=2, out_channels=2)
    torch.manual_seed(0)
    header = ModelHeader(id="t", name="t", net=net, object_diameter=8.0)
    save(folder / "t.safetensors", header, build(net))
    image = folder / "image.zarr"
    pixels = np.random.default_rng(0).integers(0, 200, labels.shape[1:]).astype(np.uint8)
    zarr.create_array(image, data=pixels, chunks=(128, 128), dimension_names=("y", "x"))
    job = SegmentLargeJob(
        id="l",
        image=str(image),
        model=str(folder / "t.safetensors"),
        settings=SegmentSettings(tile=128),
        memory_mb=1e6,
        out=str(folder / "out.zarr"),
    )
    asked = []

    def cancelled() -> bool:
        asked.append(True)
        return len(asked) > 1

    with pytest.raises(Cancelled):
        list(large.run(job, cancelled))
    work = work_folder(Path(job.out))
    target, _ = instances.encode(labels, np.full(labels.shape, 2, np.uint8))
    prediction = zarr.open_array(work / "0" / "prediction", mode="r+")
    prediction[:] = target
    np.ones_like(np.fromfile(work / "0" / "predict.done", np.uint8)).tofile(work / "0" / "predict.done")
    return job, work


def rising(side: int = SIDE) -> np.ndarray:
    """A bar that rises from the face of a tile to the far corner, and a square far away."""
    labels = np.zeros((1, side, side), np.uint32)
    for x in range(96, side - 4):
        top = side - 40 - (x - 96) // 2
        labels[0, top : top + 16, x] = 1
    labels[0, 20:34, 20:34] = 2
    labels[0, 8:22, side - 60 : side - 44] = 3
    return labels


@pytest.mark.parametrize("deaths", [0, 8])
def test_an_object_that_begins_at_a_face_is_not_taken_for_another(tmp_path: Path, deaths: int) -> None:
    labels = rising()
    job, work = predicted(tmp_path, labels)
    for block in range(100):
        (work / "0" / f"{block}.tried").write_bytes(b"." * deaths)
    list(large.run(job, lambda: False))
    found = read_labels(tmp_path / "out.zarr")[0]
    assert len(np.unique(np.stack([labels.ravel(), found.ravel()]), axis=1).T) == 4


def test_places_beyond_the_face_have_ids_too() -> None:
    owned, joined = np.array([5, 9], np.uint64), np.array([[7, 9], [12, 5]], np.uint64)
    known, ids = parts.numbers(owned, joined)
    assert known.tolist() == [5, 7, 9, 12]
    assert ids.tolist() == [1, 2, 2, 1]
    assert parts.renumber(np.array([0, 9, 5], np.uint64), known, ids).tolist() == [0, 2, 1]
    with pytest.raises(ValueError, match="no id"):
        parts.renumber(np.array([6], np.uint64), known, ids)


@pytest.mark.parametrize("deaths", [0, 1, 3])
def test_a_block_over_which_processes_died_is_decoded_in_halves_with_the_same_objects(
    tmp_path: Path, deaths: int
) -> None:
    labels = objects()
    job, work = predicted(tmp_path, labels)
    for block in range(100):
        (work / "0" / f"{block}.tried").write_bytes(b"." * deaths)
    events = list(large.run(job, lambda: False))
    assert isinstance(events[-1], Finished)
    found = read_labels(tmp_path / "out.zarr")[0]
    pairs = np.unique(np.stack([labels.ravel(), found.ravel()]), axis=1)
    count = len(np.unique(labels))
    assert len(pairs.T) == len(np.unique(found)) == count  # each object is one, and no other


def test_halves_are_cut_between_tiles_until_there_is_one_left() -> None:
    blocks = TileParts((1, 100, 250), (1, 100, 250), (0, 10, 10))
    first, second = blocks.halves(blocks[0], (1, 50, 50))
    assert [one.put[2] for one in (first, second)] == [slice(0, 100), slice(100, 250)]
    assert [one.read[2] for one in (first, second)] == [slice(0, 110), slice(90, 250)]
    assert [one.keep[2] for one in (first, second)] == [slice(0, 100), slice(10, 160)]
    assert first.put[1] == second.put[1] == slice(0, 100)
    assert [one.put[1] for one in blocks.halves(first, (1, 50, 100))] == [slice(0, 50), slice(50, 100)]
    assert blocks.halves(blocks.at([slice(0, 1), slice(50, 100), slice(0, 50)]), (1, 50, 50)) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_a_block_that_does_not_fit_into_memory_is_decoded_in_halves(tmp_path: Path) -> None:
    labels = objects(2048)
    job, work = predicted(tmp_path, labels)
    (tmp_path / "job.json").write_text(job.model_dump_json())
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "job.json"), str(work)],
        capture_output=True,
        text=True,
        timeout=100,
        env=os.environ | {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "65536"},  # gives memory back
    )
    assert done.returncode == 0, done.stderr
    decoded = plan.read_plan(work / "0" / "plan.json")
    own = decoded.lattice.in_image(decoded.blocks[0].put)
    places = zarr.open_array(work / "0" / "places", mode="r")[own]
    assert np.array_equal(places > 0, labels[own] > 0)
