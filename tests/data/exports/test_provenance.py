"""Every exported file says where it comes from, and it is read back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.cli.app import run
from napari_apprentice.data.exports import WRITERS, read_provenance, write_labels
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.corrections import AS_LABELLED, KEPT
from napari_apprentice.data.provenance import MaskSource, ModelNote, Provenance
from napari_apprentice.errors import UserError

SUFFIXES = [one for one in WRITERS if one not in (".dcm", ".parquet")]
MODEL = ModelNote(name="Nuclei", id="nuclei", weights="ab" * 32, parent="older", scores={"AP 0.50": 0.9}, licence="CC0")
TOLD = Provenance(image="cells", masks=(MaskSource(by="segment", model=MODEL, settings={"diameter": 20.0}),))


def written(path: Path) -> Path:
    """Object 2, of 16 pixels, all confirmed; object 5, of 20, one row of 5 confirmed and the rest kept."""
    labels = np.zeros((1, 1, 12, 16), np.uint32)
    labels[0, 0, 1:5, 1:5], labels[0, 0, 6:10, 4:9] = 2, 5
    confirmed = np.where(labels == 5, KEPT, 0).astype(np.uint8)
    confirmed[0, 0, 1:5, 1:5] = confirmed[0, 0, 6, 4:9] = AS_LABELLED
    image = Volume(labels[:, None].astype(np.uint16), name="cells")
    write_labels(path, labels, like=image, confirmed=confirmed, provenance=TOLD)
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_says_product_model_settings_and_how_much_of_each_object_was_confirmed(
    suffix: str, tmp_path: Path
) -> None:
    told = read_provenance(written(tmp_path / f"cells{suffix}"))
    assert told is not None
    assert (told.product, told.masks, told.objects) == ("napari-apprentice", TOLD.masks, 2)
    assert told.confirmed is not None
    assert (told.confirmed.whole, told.confirmed.part) == (1, 1)
    assert told.confirmed.of_object == {"2": 1.0, "5": 0.25}


def test_parquet_has_it_in_its_schema(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    told = read_provenance(written(tmp_path / "cells.parquet"))
    assert told is not None
    assert told.masks == TOLD.masks


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_labels_of_which_nothing_is_known_name_the_product_only(suffix: str, tmp_path: Path) -> None:
    write_labels(tmp_path / f"a{suffix}", np.ones((1, 1, 4, 4), np.uint32))
    told = read_provenance(tmp_path / f"a{suffix}")
    assert told is not None
    assert (told.masks, told.confirmed, told.objects) == ((), None, 1)


def test_a_zip_has_room_for_the_sums_when_objects_are_too_many(tmp_path: Path) -> None:
    labels = np.zeros((1, 1, 150, 150), np.uint32)
    labels[0, 0, ::2, ::2] = np.arange(1, 75 * 75 + 1).reshape(75, 75)
    confirmed = np.where(labels > 0, AS_LABELLED, 0).astype(np.uint8)
    write_labels(tmp_path / "a.zip", labels, confirmed=confirmed)
    told = read_provenance(tmp_path / "a.zip")
    assert told is not None
    assert told.confirmed is not None
    assert (told.confirmed.whole, told.confirmed.of_object) == (75 * 75, None)


@pytest.mark.parametrize("name", ["a.tif", "a.csv", "a.zip", "a.geojson", "a_seg.npy", "a.nrrd", "none.tif", "a.txt"])
def test_files_that_do_not_say_are_no_error(name: str, tmp_path: Path) -> None:
    if not name.startswith("none"):
        (tmp_path / name).write_bytes(b"napari-apprentice: nothing that anyone could read")
    assert read_provenance(tmp_path / name) is None


@pytest.mark.parametrize("suffix", [".tif", ".geojson", ".csv", ".zip"])
def test_info_says_it(suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / f"cells{suffix}")
    assert run(["info", str(path)]) == 0
    said = capsys.readouterr().out
    assert "masks by: segment with Nuclei (id nuclei, weights abab" in said
    assert "settings: diameter 20.0" in said
    assert "confirmed by hand: 1 whole, 1 in part" in said
    assert run(["info", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["provenance"]
    assert told["confirmed"]["of_object"] == {"2": 1.0, "5": 0.25}


def test_what_others_wrote_is_neither_taken_for_ours_nor_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    (tmp_path / "a.csv.json").write_text('{"image": "mine", "objects": 3}')
    assert read_provenance(tmp_path / "a.csv") is None
    with pytest.raises(UserError, match=r"a\.csv\.json is there.*choose another name"):
        write_labels(tmp_path / "a.csv", np.ones((1, 1, 4, 4), np.uint32))
    assert (tmp_path / "a.csv").read_text() == "x\n1\n"
    assert (tmp_path / "a.csv.json").read_text() == '{"image": "mine", "objects": 3}'
    for _ in range(2):  # our own is written anew
        write_labels(tmp_path / "b.csv", np.ones((1, 1, 4, 4), np.uint32))
    assert read_provenance(tmp_path / "b.csv") is not None
