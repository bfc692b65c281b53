"""Small images in formats that libraries write."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from apprentice_lab.trust.fuzzing.writing import random_pixels, written


def tiffs() -> Iterator[bytes]:
    """Of ImageJ, in tiles, and in the large form."""
    import tifffile

    many: tuple[dict[str, Any], ...] = (
        {"imagej": True, "metadata": {"axes": "ZCYX", "spacing": 2.0, "unit": "um"}, "resolution": (4.0, 4.0)},
        {"tile": (16, 16), "compression": "zlib", "predictor": True},
        {"bigtiff": True, "photometric": "minisblack"},
    )
    for settings in many:
        yield written("x.tif", partial(tifffile.imwrite, data=random_pixels(3, 2, 20, 24), **settings))


def ome_tiffs() -> Iterator[bytes]:
    """Of two channels over time."""
    import tifffile

    told = {"axes": "TCYX", "PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm", "Channel": {"Name": ["DNA", "actin"]}}
    yield written(
        "x.ome.tif", lambda path: tifffile.imwrite(path, random_pixels(3, 2, 20, 24), ome=True, metadata=told)
    )


def zarrs() -> Iterator[bytes]:
    """OME-Zarr 0.4 and 0.5 with two levels."""
    import zarr

    def write(path: Path, version: int) -> None:
        group = zarr.open_group(path, mode="w", zarr_format=version)  # type: ignore[arg-type]
        for name, pixels in (("0", random_pixels(2, 3, 16, 16)), ("1", random_pixels(2, 3, 8, 8))):
            group.create_array(name, data=pixels, chunks=(1, 3, 8, 8))
        axes = [{"name": "c", "type": "channel"}, *({"name": a, "type": "space", "unit": "micrometer"} for a in "zyx")]
        levels = [
            {"path": str(i), "coordinateTransformations": [{"type": "scale", "scale": [1, 1, n, n]}]}
            for i, n in enumerate((0.5, 1.0))
        ]
        told: dict[str, Any] = {
            "multiscales": [{"version": "0.4", "axes": axes, "datasets": levels}],
            "omero": {"channels": [{"label": "a", "color": "00FF00"}, {"label": "b", "color": "FF0000"}]},
        }
        group.attrs.update(told if version == 2 else {"ome": {"version": "0.5", **told}})

    for version in (2, 3):
        yield written("x.zarr", partial(write, version=version))


def nifti(name: str, kind: str) -> Callable[[], Iterator[bytes]]:
    """A volume, written by nibabel."""

    def make() -> Iterator[bytes]:
        import nibabel

        image = getattr(nibabel, kind)(random_pixels(6, 5, 4, dtype=np.int16), np.diag([2.0, 2.0, 3.0, 1.0]))
        yield written(name, lambda path: nibabel.save(image, path))

    return make


def nrrds() -> Iterator[bytes]:
    """A volume, plain, packed and as text."""
    import nrrd

    def write(path: Path, header: dict[str, Any]) -> None:
        nrrd.write(str(path), random_pixels(6, 5, 4), header)

    told = {"space": "left-posterior-superior", "space directions": np.eye(3), "kinds": ["domain"] * 3}
    for encoding in ("raw", "gzip", "ascii"):
        header = {**told, "encoding": encoding}
        yield written("x.nrrd", partial(write, header=header))


def mrcs() -> Iterator[bytes]:
    """A volume with a voxel size."""
    import mrcfile

    def write(path: Path) -> None:
        with mrcfile.new(path) as file:
            file.set_data(random_pixels(3, 6, 5, dtype=np.int16))
            file.voxel_size = 2.0

    yield written("x.mrc", write)


def hdf5() -> Iterator[bytes]:
    """Two datasets, one in chunks."""
    import h5py

    def write(path: Path) -> None:
        with h5py.File(path, "w") as file:
            raw = file.create_dataset("raw", data=random_pixels(4, 16, 16), chunks=(2, 8, 8), compression="gzip")
            raw.attrs["element_size_um"] = (1.0, 0.5, 0.5)
            raw.attrs["axistags"] = '{"axes": [{"key": "z"}, {"key": "y"}, {"key": "x"}]}'
            file.create_dataset("more/labels", data=random_pixels(16, 16, dtype=np.uint8))

    yield written("x.h5", write)


def npys() -> Iterator[bytes]:
    """Arrays of three types."""
    for array in (
        random_pixels(4, 6),
        random_pixels(2, 5, 4, dtype=np.float32),
        np.asfortranarray(random_pixels(4, 6, dtype=bool)),
    ):
        yield written("x.npy", partial(np.save, arr=array))


def cellpose() -> Iterator[bytes]:
    """Masks as Cellpose's window saves them, in several ways to pickle."""
    told = {
        "masks": random_pixels(8, 9),
        "outlines": random_pixels(8, 9),
        "chan_choose": [0, 0],
        "filename": "x.tif",
        "diameter": 30.0,
    }
    for saved in (np.array(told, dtype=object), np.array([told], dtype=object)):
        yield written("x.npy", partial(np.save, arr=saved, allow_pickle=True))
    head = written("x.npy", partial(np.save, arr=np.array({}, dtype=object), allow_pickle=True))[:128]
    yield head + pickle.dumps(told, protocol=4)


def pictures(suffix: str) -> Callable[[], Iterator[bytes]]:
    """A grey picture, and one in colour."""

    def make() -> Iterator[bytes]:
        import imageio.v3 as imageio

        for pixels in (random_pixels(12, 14, dtype=np.uint8), random_pixels(12, 14, 3, dtype=np.uint8)):
            yield imageio.imwrite("<bytes>", pixels, extension=suffix)

    return make
