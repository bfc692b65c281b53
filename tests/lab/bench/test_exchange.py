"""Files for other programs: with those that are installed here, nothing may be unequal."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from apprentice_lab.bench import exchange
from apprentice_lab.bench.exchange import ExchangeSettings
from apprentice_lab.bench.exchange_readers import read_all
from napari_apprentice.errors import UserError


def test_what_programs_here_read_is_what_was_written(tmp_path: Path) -> None:
    *_, said = exchange.run(tmp_path, ExchangeSettings(python=Path(sys.executable)))
    rows = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["rows"]
    assert [row for row in rows if row["equal"] == "no"] == []
    tried = {row["format"] for row in rows if row["equal"] == "yes"}
    assert {"OME-TIFF", "NIfTI", "Fiji ROI set", "GeoJSON (QuPath)", "Cellpose _seg.npy", "provenance in .zip"} <= tried
    assert said.endswith("0 not equal.")


def test_a_difference_is_a_row_that_says_so(tmp_path: Path) -> None:
    list(exchange.run(tmp_path, ExchangeSettings(python=Path(sys.executable))))
    labels = exchange.hand_worked()
    np.savez(tmp_path / "files" / "expected.npz", **{**labels, "volume": labels["volume"] * 2})
    rows = list(read_all(tmp_path / "files"))
    (nifti,) = [row for row in rows if row["read by"].startswith("nibabel")]
    assert (nifti["equal"], nifti["compared"]) == ("no", "ids: 54 values differ")


def test_a_python_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot run the readers"):
        list(exchange.run(tmp_path, ExchangeSettings(python=tmp_path / "python")))
