"""NumPy files, and Cellpose's masks without running what a pickle may hold."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.data.files import arrays, read_image, read_labels
from napari_apprentice.errors import UserError


def test_an_array_is_an_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).random((9, 20, 30))
    np.save(tmp_path / "a.npy", pixels)
    np.testing.assert_array_equal(read_image(tmp_path / "a.npy").pixels[0, 0], pixels)
    monkeypatch.setattr(arrays, "MAP_FROM", 0)
    assert isinstance(read_image(tmp_path / "a.npy").pixels, np.memmap)


@pytest.mark.parametrize("shape", [(20, 30), (4, 20, 30)])
def test_the_masks_of_cellpose(tmp_path: Path, shape: tuple[int, ...]) -> None:
    masks = np.random.default_rng(0).integers(0, 9, shape, np.uint16)
    saved = {
        "outlines": masks > 3,
        "masks": masks,
        "chan_choose": [0, 0],
        "ismanual": np.zeros(8, bool),
        "filename": "a.tif",
        "flows": [masks.astype(np.float32), []],
        "est_diam": np.float32(17.0),
    }
    np.save(tmp_path / "a_seg.npy", saved, allow_pickle=True)
    np.testing.assert_array_equal(read_labels(tmp_path / "a_seg.npy")[0].squeeze(), masks)


class _Bad:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch it_ran",)


def test_no_code_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "a_seg.npy", {"masks": _Bad()}, allow_pickle=True)
    with pytest.raises(UserError, match=r"it wants to run \w+\.system"):
        read_image(tmp_path / "a_seg.npy")
    assert not (tmp_path / "it_ran").exists()


class _Pointers:
    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return np.ndarray, ((1,), "O", b"A" * 8)


def test_bytes_are_never_taken_for_pointers(tmp_path: Path) -> None:
    np.save(tmp_path / "a_seg.npy", {"masks": _Pointers()}, allow_pickle=True)
    with pytest.raises(UserError):
        read_image(tmp_path / "a_seg.npy")


def test_other_pickles_and_cut_files(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", {"weights": np.ones(4)}, allow_pickle=True)
    with pytest.raises(UserError, match="holds no masks as Cellpose saves them"):
        read_image(tmp_path / "a.npy")
    (tmp_path / "b.npy").write_bytes(b"\x93NUMPY\x01\x00")
    with pytest.raises(UserError, match=r"b\.npy is damaged"):
        read_image(tmp_path / "b.npy")
