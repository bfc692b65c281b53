"""Tables and outlines of labels in parts are those of the whole."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import zarr

from napari_apprentice.data.exports import chunked, geojson, objects, table
from napari_apprentice.data.exports.export import ExportRequest
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError

CHUNKS = {1: (1, 1, 512, 512), 70: (1, 32, 128, 128)}


def squares(shape: tuple[int, ...]) -> np.ndarray:
    """Objects on many edges of windows, one wider than a window, in two parts, and one with a very large id."""
    labels = np.zeros(shape, np.uint32)
    t, z, y, x = shape
    number = 1
    for frame in range(t):
        for row in range(20, y - 40, 167):
            for column in range(10, x - 40, 171):
                labels[frame, : z // 2 + 1, row : row + 25, column : column + 31] = number
                number += 1
        labels[frame, :, 3:6, 5 : x - 5] = number
        labels[frame, 0, y - 12 : y - 3, :9] = number
        labels[frame, :, y - 20 : y - 2, x - 20 : x - 4] = 4_000_000_000 + frame
        number += 1
    return labels


@pytest.fixture(params=[(1, 1, 1300, 2200), (2, 1, 1150, 600), (1, 70, 200, 300)], ids=str)
def export(request) -> ExportRequest:
    t, z, y, x = request.param
    pixels = np.random.default_rng(0).integers(0, 4000, (t, 2, z, y, x)).astype(np.uint16)
    image = Volume(pixels, (2.0, 0.5, 0.5), "um", channels=("dapi", "actin"), name="slide")
    return ExportRequest(squares(request.param), image)


@pytest.fixture
def labels(export: ExportRequest, tmp_path: Path) -> Path:
    zarr.create_array(tmp_path / "labels", data=export.labels, chunks=CHUNKS[export.labels.shape[1]])
    return tmp_path / "labels"


def rows(path: Path) -> dict[str, dict[str, float]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {
            f"{row['label']} {row.get('frame')}": {k: float(v) for k, v in row.items()} for row in csv.DictReader(file)
        }


def test_tables_are_the_same(export: ExportRequest, labels: Path, tmp_path: Path) -> None:
    table.write(tmp_path / "whole.csv", export)
    shares = list(chunked.copy_labels(labels, tmp_path / "parts.csv", export.image, chunked.Saying()))
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    whole, parts = rows(tmp_path / "whole.csv"), rows(tmp_path / "parts.csv")
    assert whole.keys() == parts.keys()
    assert len(whole) == len(np.unique(export.labels)) - 1
    for name, row in whole.items():
        row.pop("parent", None)  # frames come one by one
        assert parts[name] == pytest.approx(row, rel=1e-6), name
    assert ("frame" in row) == (len(export.labels) > 1)
    assert not list(tmp_path.glob(".*"))


def test_outlines_are_the_same(export: ExportRequest, labels: Path, tmp_path: Path) -> None:
    geojson.write(tmp_path / "whole.geojson", export)
    list(chunked.copy_labels(labels, tmp_path / "parts.geojson", export.image, chunked.Saying()))
    whole, parts = (json.loads((tmp_path / f"{name}.geojson").read_text()) for name in ("whole", "parts"))
    assert sorted(map(json.dumps, whole["features"])) == sorted(map(json.dumps, parts["features"]))


def test_without_objects_there_is_a_header(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "none", shape=(1, 1, 600, 600), chunks=(1, 1, 512, 512), dtype=np.uint32)
    image = Volume(np.zeros((1, 1, 1, 600, 600), np.uint8))
    list(chunked.copy_labels(tmp_path / "none", tmp_path / "none.csv", image, chunked.Saying()))
    (header,) = (tmp_path / "none.csv").read_text().splitlines()
    assert header.startswith("label,pixels,area_px,centroid_y_px,")
    list(chunked.copy_labels(tmp_path / "none", tmp_path / "none.geojson", image, chunked.Saying()))
    assert json.loads((tmp_path / "none.geojson").read_text())["features"] == []


def test_an_object_too_large_for_memory_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "_BYTES", 1 << 40)
    labels = np.zeros((1, 1, 300, 2600), np.uint32)
    labels[0, 0, 5, 100:2500] = 7
    zarr.create_array(tmp_path / "labels", data=labels, chunks=(1, 1, 512, 512))
    with pytest.raises(UserError, match="Object 7 is too large"):
        list(chunked.copy_labels(tmp_path / "labels", tmp_path / "x.csv", Volume(labels[:, None]), chunked.Saying()))
    assert [path.name for path in tmp_path.iterdir()] == ["labels"]


def test_parquet_has_the_same_columns_and_rows(export: ExportRequest, labels: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    list(chunked.copy_labels(labels, tmp_path / "parts.parquet", export.image, chunked.Saying()))
    found = parquet.read_table(tmp_path / "parts.parquet")
    whole = table.measure_objects(export)
    assert found.column_names == [name for name in whole if name != "parent"]  # frames come one by one
    assert sorted(found["label"].to_pylist()) == sorted(np.asarray(whole["label"]).tolist())


def test_classes_are_not_measured_in_parts(tmp_path: Path) -> None:
    image = Volume(np.zeros((1, 1, 1, 9, 9), np.uint8))
    with pytest.raises(UserError, match=r"Classes cannot be written part by part as x\.csv"):
        chunked.refuse(tmp_path / "x.csv", image, classes=True)
