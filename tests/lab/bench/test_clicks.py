"""The clicks bench: a method that answers by a script, so that every number can be worked out by hand."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from apprentice_lab.bench import clicks
from apprentice_lab.bench.clicks import ClicksSettings
from apprentice_lab.bench.clicks_nothing import ClickedNothing, least_threshold, trade_offs
from apprentice_lab.bench.clicks_objects import Clicked, draw_targets
from apprentice_lab.sets import pair_files
from napari_apprentice.errors import UserError


class Script:
    """Shows so many rows of what is bright where the first click was, 10 rows high, after each click."""

    name = "script"

    def __init__(self, rows: tuple[int, ...], dims: tuple[int, ...] = (2,)) -> None:
        self._rows, self.dims = rows, dims
        self.expected: float | None = None

    def begin(self, image: Any) -> None:
        self._bright, self._done = image.pixels > 0, 0

    def click(self, at: tuple[float, ...], remove: bool) -> np.ndarray:
        rows = self._rows[min(self._done, len(self._rows) - 1)]
        self._done += 1
        self.expected = rows / 10
        y, x = (round(i) for i in at[-2:])
        mask = np.zeros(self._bright.shape, bool)
        if self._bright[..., y, x].any():
            top = next((y - up for up in range(y) if not self._bright[..., y - up - 1, x].any()), 0)
            at_x = slice(max(0, x - 15), x + 16)
            mask[..., top : top + rows, at_x] = self._bright[..., top : top + rows, at_x]
        return mask


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two images of 10 x 10 squares: two whole ones and one at the edge; one whole one and a speck."""
    first, second = (np.zeros((90, 120), np.uint16) for _ in range(2))
    first[20:30, 20:30], first[60:70, 60:70], first[40:50, 110:120] = 1, 2, 3
    second[40:50, 50:60], second[5:8, 5:8] = 1, 2
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
        for name, labels in (("a", first), ("b", second)):
            tifffile.imwrite(
                tmp_path / part / f"{name}.tif", labels if part == "labels" else (labels > 0) * np.uint8(90)
            )
    return tmp_path / "images", tmp_path / "labels"


def measured(out: Path, folders: tuple[Path, Path], *methods: Script, **settings: Any) -> dict[str, Any]:
    chosen = ClicksSettings(image_dir=folders[0], label_dir=folders[1], **settings)
    list(clicks.measure(out, chosen, pair_files(*folders), methods))
    found: dict[str, Any] = json.loads((out / "results.json").read_text(encoding="utf-8"))
    return found


def test_specks_and_objects_at_the_edge_are_counted_apart(folders: tuple[Path, Path]) -> None:
    targets = draw_targets(pair_files(*folders), None, 0)
    assert [(one.picture, one.dims) for one in targets.objects] == [(0, 2), (0, 2), (1, 2)]
    assert (targets.specks, targets.cut) == (1, 1)
    assert draw_targets(pair_files(*folders), 2, 0).objects == draw_targets(pair_files(*folders), 2, 0).objects
    assert len(draw_targets(pair_files(*folders), 2, 0).objects) == 2


def test_clicks_are_counted_for_every_object_user_and_method(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    found = measured(tmp_path / "out", folders, Script((4, 3, 8, 9)), background=0)
    assert {line["user"] for line in found["scores"]} == {"centre", "sloppy"}
    assert (found["objects"], found["specks"], found["cut"]) == (3, 1, 1)
    line = next(one for one in found["scores"] if one["user"] == "centre")
    scores = {name: one["value"] for name, one in line["scores"].items()}
    assert line["objects"] == 3
    assert scores["first .80"] == 0
    assert [scores[f"IoU {k}"] for k in (1, 2, 3, 5)] == pytest.approx([0.4, 0.3, 0.8, 0.9])
    assert (scores["NoC .70"], scores["NoC .80"], scores["NoC .85"]) == (3, 3, 4)
    assert (scores["failed .80"], scores["final IoU"]) == (0, pytest.approx(0.9))
    assert scores["lowered"] == pytest.approx(1 / 3)
    with (tmp_path / "out" / "clicks.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 2
    assert [rows[0][name] for name in ("image", "pixels", "method", "user", "clicks", "ious")] == [
        *("a", "100", "script", "centre", "4", "0.4 0.3 0.8 0.9")
    ]
    assert (tmp_path / "out" / "clicks.png").stat().st_size > 5000


def test_a_method_that_never_gets_there_fails_with_twenty_clicks(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    found = measured(tmp_path / "out", folders, Script((7,)), background=0)
    scores = found["scores"][0]["scores"]
    assert (scores["NoC .80"]["value"], scores["failed .80"]["value"], scores["failed .70"]["value"]) == (20, 1, 0)
    assert scores["NoC .70"] == {"value": 1, "low": 1, "high": 1}


def test_background_is_clicked_away_from_objects_and_where_there_are_none(
    tmp_path: Path, folders: tuple[Path, Path]
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    tifffile.imwrite(empty / "c.tif", np.full((400, 20), 7, np.uint8))  # all as bright as the script likes
    found = measured(tmp_path / "out", folders, Script((10,)), background=12, empty_dir=empty)
    said = {one["where"]: (one["clicks"], one["proposed"]) for one in found["nothing there"]}
    assert said["beside objects"] == (12, 0.0)
    assert said["empty image"] == (12, 1.0)
    with (tmp_path / "out" / "nothing.csv").open(encoding="utf-8", newline="") as file:
        places = [[float(i) for i in row["at"].split()] for row in csv.DictReader(file) if row["image"] == "b"]
    assert places
    assert all(np.hypot(max(40 - y, y - 49, 0), max(50 - x, x - 59, 0)) >= 10 for y, x in places)
    unsure = measured(tmp_path / "unsure", folders, Script((5,)), background=12, empty_dir=empty)["nothing there"][1]
    assert (unsure["proposed"], unsure["shown"]) == (1.0, 0.0)  # it expects an IoU of .5


def test_a_threshold_keeps_silent_on_background_at_the_price_of_objects() -> None:
    def on_object(iou: float, expected: float) -> Clicked:
        return Clicked("k", "g", "i", 0, 1, 99, "net", "centre", [iou], [0.1], expected)

    rows = [on_object(0.9, 0.8), on_object(0.9, 0.3), on_object(0.4, 0.2), on_object(0.85, 0.6)]
    sure = (0.1, 0.1, 0.4, 0.5, 0.7)
    nothing = [ClickedNothing("i", "empty image", (0.0, 0.0), "net", True, one, 0.1) for one in sure]
    curve = trade_offs(rows, nothing)["net"]
    chosen = least_threshold(curve)
    assert chosen["threshold"] == 0.55  # the lowest at which one in five still proposes something
    assert (chosen["proposed"], chosen["lost"]) == (0.2, 0.5)
    assert chosen["right lost"] == pytest.approx(1 / 3)


def test_volumes_are_asked_in_3d_or_left_out_with_a_sentence(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    volume = np.zeros((8, 60, 60), np.uint16)
    volume[2:6, 20:30, 20:30] = 1
    tifffile.imwrite(folders[0] / "v.tif", volume.astype(np.uint8) * 90, metadata={"axes": "ZYX"}, imagej=True)
    tifffile.imwrite(folders[1] / "v.tif", volume, metadata={"axes": "ZYX"}, imagej=True)
    images, settings = pair_files(*folders), ClicksSettings(image_dir=folders[0], label_dir=folders[1], background=0)
    flat, deep = Script((9,)), Script((9,), dims=(2, 3))
    assert "1 objects of volumes are left out" in next(clicks.measure(tmp_path / "flat", settings, images, [flat]))
    with pytest.raises(UserError, match="nothing here can be asked in 3D"):
        list(clicks.measure(tmp_path / "none", settings, images[2:], [flat]))
    list(clicks.measure(tmp_path / "deep", settings, images, [deep]))
    with (tmp_path / "deep" / "clicks.csv").open(encoding="utf-8", newline="") as file:
        deep_rows = [row for row in csv.DictReader(file) if row["image"] == "v"]
    assert [row["ious"] for row in deep_rows] == ["0.9", "0.9"]


def test_the_network_todays_click_and_grabcut_run_side_by_side(tmp_path: Path) -> None:
    y, x = np.mgrid[:128, :128]
    labels = (1 * (np.hypot(y - 40, x - 40) < 14) + 2 * (np.hypot(y - 85, x - 90) < 16)).astype(np.uint16)
    light = ndimage.gaussian_filter(800.0 * (labels > 0), 1.5) + np.random.default_rng(0).normal(200, 20, labels.shape)
    for part, array in (("images", light.astype(np.uint16)), ("labels", labels)):
        (tmp_path / part).mkdir()
        tifffile.imwrite(tmp_path / part / "disks.tif", array)
    folders = {"image_dir": tmp_path / "images", "label_dir": tmp_path / "labels"}
    lines = list(clicks.run(tmp_path / "out", ClicksSettings(**folders, model="nuclei-2d", background=1)))
    found = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert {line["method"] for line in found["scores"]} == {"click network", "today's click", "GrabCut"}
    assert all(line["scores"]["IoU 1"]["value"] > 0.7 for line in found["scores"])
    assert [*found["trade-offs"]] == ["click network"]
    assert any("seconds a click" in line for line in lines)


def test_without_an_object_to_click_it_says_what_to_do(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    tifffile.imwrite(folders[1] / "a.tif", np.zeros((90, 120), np.uint16))
    tifffile.imwrite(folders[1] / "b.tif", np.zeros((90, 120), np.uint16))
    with pytest.raises(UserError, match="30 pixels"):
        measured(tmp_path / "out", folders, Script((9,)))
