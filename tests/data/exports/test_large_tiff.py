"""Large labels as tiled OME-TIFF with a pyramid."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from napari_apprentice.data.exports import large_tiff
from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.volume import Volume


def volume(shape: tuple[int, ...]) -> Volume:
    t, z, y, x = shape
    return Volume(np.broadcast_to(np.uint8(0), (t, 1, z, y, x)), (2.0, 0.5, 0.25), "um")


def levels(shape: tuple[int, ...]) -> list[np.ndarray]:
    labels = (np.random.default_rng(0).integers(0, 5, shape) * 70_000).astype(np.uint32)
    return [labels, labels[..., ::2, ::2], labels[..., ::4, ::4]]


@pytest.mark.parametrize("shape", [(1, 1, 1300, 2100), (3, 1, 700, 900), (1, 4, 600, 1100), (2, 3, 513, 512)])
def test_all_levels_of_all_frames_and_slices_come_back(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path, wanted = tmp_path / "labels.ome.tif", levels(shape)
    shares = list(large_tiff.write(wanted, path, volume(shape)))
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    found = read_image(path)
    assert (found.spacing, found.unit) == ((2.0 if shape[1] > 1 else found.spacing[0], 0.5, 0.25), "um")
    assert len(found.levels) == 2
    for one, other in zip([found.pixels, *found.levels], wanted, strict=True):
        assert np.array_equal(np.asarray(one)[:, 0], other)
    with tifffile.TiffFile(path) as file:
        assert file.is_ome
        assert file.is_bigtiff
        assert file.pages[0].is_tiled


def test_chunks_of_several_slices_are_copied_slice_by_slice(tmp_path: Path) -> None:
    wanted = levels((2, 40, 600, 700))[:2]
    stored = [zarr.create_array(tmp_path / str(n), data=one, chunks=(1, 16, 160, 160)) for n, one in enumerate(wanted)]
    with large_tiff.in_planes(stored, tmp_path / "planes") as planes:
        assert all(one.chunks[:2] == (1, 1) for one in planes)
        for one, other in zip(planes, wanted, strict=True):
            assert np.array_equal(one[:], other)
    assert not (tmp_path / "planes").exists()


def test_what_cannot_be_read_leaves_nothing_behind(tmp_path: Path) -> None:
    class Damaged(np.ndarray):
        def __getitem__(self, place):
            raise OSError(errno.EIO, "damaged")

    wanted = [levels((1, 1, 600, 600))[0].view(Damaged)]
    with pytest.raises(OSError, match="damaged"):
        list(large_tiff.write(wanted, tmp_path / "labels.tif", volume((1, 1, 600, 600))))
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not limit the size of a file")
def test_a_disk_that_is_full_is_said_and_leaves_nothing_behind(tmp_path: Path) -> None:
    import resource

    shape = (1, 1, 4096, 4096)
    noise = [np.random.default_rng(0).integers(0, 1 << 32, shape, np.uint32)]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, before[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            list(large_tiff.write(noise, tmp_path / "labels.tif", volume(shape)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())
