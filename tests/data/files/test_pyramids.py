"""Images with coarser levels, of which only what is needed is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import zarr
from zarr.storage import LocalStore

from napari_apprentice.data.files import read_image
from napari_apprentice.data.files.pixels import MAP_FROM
from napari_apprentice.data.image.axes import check_pixels
from napari_apprentice.project.images import content_hash


def _omezarr(path: Path, shapes: list[tuple[int, ...]], chunk: int = 16, **more: Any) -> Path:
    """A pyramid of random levels; those above 10 million pixels are never written, so all zero."""
    group = zarr.open_group(path, mode="w", zarr_format=2)
    random = np.random.default_rng(0)
    for number, shape in enumerate(shapes):
        chunks = (*(1 for _ in shape[:-2]), chunk, chunk)
        array = group.create_array(str(number), shape=shape, chunks=chunks, dtype="u2")
        if np.prod(shape) < 1e7:
            array[:] = random.integers(0, 1000, shape, np.uint16)
    letters = "tczyx"[-len(shapes[0]) :]
    spatial = {"type": "space", "unit": "micrometer"}
    axes = [{"name": a, **(spatial if a in "zyx" else {"type": "other"})} for a in letters]
    datasets = []
    for number, shape in enumerate(shapes):
        scale = [0.5 * m / n if a in "zyx" else 1.0 for a, m, n in zip(letters, shapes[0], shape, strict=True)]
        datasets.append({"path": str(number), "coordinateTransformations": [{"type": "scale", "scale": scale}]})
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": datasets, **more}]
    return path


def test_all_levels_of_an_omezarr_also_of_odd_factors(tmp_path: Path) -> None:
    volume = read_image(_omezarr(tmp_path / "a.ome.zarr", [(2, 7, 65, 90), (2, 7, 22, 30), (2, 4, 11, 15)]))
    assert volume.spacing == (0.5, 0.5, 0.5)
    assert [level.shape for level in volume.levels] == [(1, 2, 7, 22, 30), (1, 2, 4, 11, 15)]
    stored = zarr.open_array(tmp_path / "a.ome.zarr" / "2")[:]
    np.testing.assert_array_equal(np.asarray(volume.levels[1])[0], stored)


def test_a_level_that_is_missing_or_another_image_is_left_out(tmp_path: Path) -> None:
    path = _omezarr(tmp_path / "a.zarr", [(65, 90), (32, 45), (80, 90), (16, 22)])
    (path / "1" / ".zarray").unlink()
    assert [level.shape[-2:] for level in read_image(path).levels] == [(16, 22)]


def test_opening_a_huge_pyramid_reads_a_few_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edges = (100_000, 25_000, 6_250, 1_000)
    path = _omezarr(tmp_path / "a.ome.zarr", [(edge, edge) for edge in edges], chunk=500)
    asked: list[str] = []
    get = LocalStore.get

    async def noted(store: LocalStore, key: str, *more: Any, **options: Any) -> Any:
        asked.append(f"{store.root.name}/{key}")
        return await get(store, key, *more, **options)

    monkeypatch.setattr(LocalStore, "get", noted)
    volume = read_image(path)
    check_pixels(volume)
    content_hash(volume.pixels)
    chunks = [key for key in asked if ".z" not in key and "zarr.json" not in key]
    assert 0 < len(chunks) < 60  # of 42,500
    np.testing.assert_array_equal(np.asarray(volume.pixels[0, 0, 0, 7:9, 99_990:]), 0)


def _tiff(path: Path, levels: list[np.ndarray], **options: Any) -> Path:
    with tifffile.TiffWriter(path, bigtiff=True, ome=options.pop("ome", True)) as writer:
        writer.write(levels[0], subifds=len(levels) - 1, **options)
        for level in levels[1:]:
            writer.write(level, subfiletype=1, **{k: v for k, v in options.items() if k != "metadata"})
    return path


def test_levels_of_an_ometiff(tmp_path: Path) -> None:
    levels = [np.random.default_rng(0).integers(0, 255, (n, n, 3), np.uint8) for n in (80, 40, 13)]
    path = _tiff(tmp_path / "a.ome.tif", levels, tile=(16, 16), photometric="rgb", metadata={"PhysicalSizeX": 0.5})
    volume = read_image(path)
    assert [level.shape for level in volume.levels] == [(1, 3, 1, 40, 40), (1, 3, 1, 13, 13)]
    np.testing.assert_array_equal(volume.levels[1][0, :, 0], levels[2].transpose(2, 0, 1))


def test_a_grey_picture_in_three_colours_has_grey_levels(tmp_path: Path) -> None:
    grey = [np.random.default_rng(0).integers(0, 255, (n, n, 1), np.uint8).repeat(3, -1) for n in (80, 40)]
    volume = read_image(_tiff(tmp_path / "a.tif", grey, ome=False, photometric="rgb", tile=(16, 16)))
    assert (volume.pixels.shape[1], volume.levels[0].shape) == (1, (1, 1, 1, 40, 40))


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_levels_of_a_large_tiff_are_read_as_they_are_needed(tmp_path: Path, compression: str | None) -> None:
    edge = int(MAP_FROM**0.5) + 100
    levels = [np.zeros((edge // n, edge // n), np.uint8) for n in (1, 3, 9)]
    for value, level in enumerate(levels, 1):
        level[5, 6] = value
    volume = read_image(_tiff(tmp_path / "a.ome.tif", levels, tile=(512, 512), compression=compression))
    found = [volume.pixels, *volume.levels]
    assert not any(type(level) is np.ndarray for level in found)
    assert [int(level[0, 0, 0, 5, 6]) for level in found] == [1, 2, 3]


def test_colours_of_channels_are_told(tmp_path: Path) -> None:
    pixels = np.zeros((2, 20, 30), np.uint8)
    told = {"axes": "CYX", "Channel": {"Name": ["DNA", "actin"], "Color": [0x0000FFFF, -16776961]}}
    tifffile.imwrite(tmp_path / "a.ome.tif", pixels, ome=True, metadata=told)
    assert read_image(tmp_path / "a.ome.tif").metadata["colors"] == ["#0000ff", "#ff0000"]
    path = _omezarr(tmp_path / "a.ome.zarr", [(2, 65, 90)])
    assert "colors" not in read_image(path).metadata
    group = zarr.open_group(path)
    group.attrs["omero"] = {"channels": [{"label": "DNA", "color": "0000FF"}, {"label": "actin", "color": "FF0000"}]}
    assert read_image(path).metadata["colors"] == ["#0000ff", "#ff0000"]
