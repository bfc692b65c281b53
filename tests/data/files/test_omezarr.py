"""OME-Zarr of every version, plates and collections, and plain arrays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from napari_apprentice.data.files import parts_of, read_image
from napari_apprentice.data.files.omezarr import multiscale
from napari_apprentice.errors import UserError

PIXELS = np.random.default_rng(0).integers(0, 255, (2, 4, 20, 30), np.uint16)
AXES = [
    {"name": "c", "type": "channel"},
    *({"name": letter, "type": "space", "unit": "micrometer"} for letter in "zyx"),
]


def _level(path: str, scale: list[float], **more: Any) -> dict[str, Any]:
    return {"path": path, "coordinateTransformations": [{"type": "scale", "scale": scale}], **more}


def _write(path: Path, version: str, told: dict[str, Any] | None = None, pixels: np.ndarray = PIXELS) -> Path:
    form = 3 if version == "0.5" else 2
    group = zarr.open_group(path, mode="w", zarr_format=form)
    for name, step in (("0", 1), ("1", 2)):
        group.create_array(name, data=np.ascontiguousarray(pixels[..., ::step, ::step]))
    told = told or {
        "axes": AXES,
        "datasets": [_level("0", [1, 2.0, 0.5, 0.4]), _level("1", [1, 2.0, 1.0, 0.8])],
    }
    image: dict[str, Any] = {
        "multiscales": [{"version": version, **told}],
        "omero": {"channels": [{"label": "DNA"}, {"label": "actin"}]},
    }
    group.attrs.update({"ome": {"version": "0.5", **image}} if form == 3 else image)
    return path


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_the_full_resolution_with_its_spacing_and_channels(tmp_path: Path, version: str) -> None:
    volume = read_image(_write(tmp_path / "a.ome.zarr", version))
    assert not isinstance(volume.pixels, np.ndarray)
    np.testing.assert_array_equal(np.asarray(volume.pixels)[0], PIXELS)
    assert (volume.spacing, volume.unit) == ((2.0, 0.5, 0.4), "um")
    assert (volume.channels, volume.name) == (("DNA", "actin"), "a")


def test_levels_and_where_they_begin(tmp_path: Path) -> None:
    moved = {"type": "translation", "translation": [0, 0, 5.0, 6.0]}
    level = _level("0", [1, 1, 0.5, 0.5])
    level["coordinateTransformations"].append(moved)
    whole = [{"type": "scale", "scale": [1, 1, 2.0, 2.0]}]
    told = {"axes": AXES, "datasets": [level], "coordinateTransformations": whole}
    image = multiscale(_write(tmp_path / "a.zarr", "0.4", told))
    assert image.scales == ((1, 1, 1.0, 1.0),)
    assert image.translation == (0, 0, 10.0, 12.0)


def test_versions_before_axes_had_units(tmp_path: Path) -> None:
    old = {"datasets": [{"path": "0"}]}
    assert read_image(_write(tmp_path / "a.zarr", "0.1", old, PIXELS[None])).pixels.shape == (1, 2, 4, 20, 30)
    named = {"axes": ["z", "c", "y", "x"], "datasets": [{"path": "0"}]}
    volume = read_image(_write(tmp_path / "b.zarr", "0.3", named))
    assert (volume.pixels.shape, volume.unit) == ((1, 4, 2, 20, 30), "pixel")


def test_a_plate_lists_its_fields(tmp_path: Path) -> None:
    plate = zarr.open_group(tmp_path / "p.ome.zarr", mode="w", zarr_format=2)
    plate.attrs["plate"] = {"wells": [{"path": "A/1"}, {"path": "B/3"}]}
    for well in ("A/1", "B/3"):
        group = plate.require_group(well)
        group.attrs["well"] = {"images": [{"path": "0"}, {"path": "1"}]}
        for image in "01":
            _write(tmp_path / "p.ome.zarr" / well / image, "0.4")
    assert [Path(one).relative_to(tmp_path).as_posix() for one in parts_of(tmp_path / "p.ome.zarr")] == [
        "p.ome.zarr/A/1/0",
        "p.ome.zarr/A/1/1",
        "p.ome.zarr/B/3/0",
        "p.ome.zarr/B/3/1",
    ]
    with pytest.raises(UserError, match=r"holds 4 images \(A/1/0, "):
        read_image(tmp_path / "p.ome.zarr")
    assert read_image(tmp_path / "p.ome.zarr/B/3/1").name == "p B/3/1"


def test_the_only_image_of_a_collection_is_opened(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    group.attrs["bioformats2raw.layout"] = 3
    _write(tmp_path / "a.zarr" / "0", "0.4")
    assert read_image(tmp_path / "a.zarr").source == str(tmp_path / "a.zarr" / "0")


def test_a_plain_array_with_and_without_names(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=np.zeros((9, 20, 30)))
    assert read_image(tmp_path / "a.zarr").pixels.shape == (1, 1, 9, 20, 30)
    zarr.create_array(tmp_path / "b.zarr", data=np.zeros((9, 20, 30)), dimension_names=("t", "y", "x"))
    assert read_image(tmp_path / "b.zarr").pixels.shape == (9, 1, 1, 20, 30)


def test_nonsense_is_one_sentence(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.zarr", "0.4")
    (path / ".zattrs").write_text(json.dumps({"multiscales": [{"datasets": []}]}))
    with pytest.raises(UserError, match="does not say how its image is stored"):
        read_image(path)
    (path / ".zattrs").write_text("{")
    with pytest.raises(UserError, match=r"holds 2 images \(0, 1\)"):
        read_image(path)  # two arrays, of which nothing says that they are one image
    wrong = {"axes": AXES[1:], "datasets": [{"path": "0"}]}
    with pytest.raises(UserError, match="names 3 axes but its pixels have 4"):
        read_image(_write(tmp_path / "b.zarr", "0.4", wrong))
