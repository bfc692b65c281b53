"""NumPy files, and Cellpose's masks without running what a pickle may hold."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
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


class _Call:
    """Pickles as a call of anything, with a state to build it with."""

    def __init__(self, function: object, arguments: tuple[object, ...], state: object = None) -> None:
        self._told = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self) -> tuple[object, ...]:
        return self._told


def _npy(pickled: bytes) -> bytes:
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (), }\n"
    return b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header + pickled


def _masks_of(masks: object) -> bytes:
    """What NumPy saves of {"masks": masks}."""
    file = io.BytesIO()
    np.save(file, np.array({"masks": masks}, object), allow_pickle=True)
    return file.getvalue()


def _array(dtype: object, data: object, shape: tuple[int, ...] = (2, 2)) -> _Call:
    return _Call(_reconstruct, (np.ndarray, (0,), b"b"), (1, shape, dtype, False, data))


_reconstruct = np.zeros(1).__reduce__()[0]
_scalar = np.float32(1).__reduce__()[0]
_FIELDS = {"a": (np.dtype("O"), 0)}
_U2 = _Call(np.dtype, ("u2", False, True), (3, "<", None, None, None, -1, -1, 0))
_CRAFTED = {
    "a type of objects with the bytes of pointers": _masks_of(_array(np.dtype("O"), b"A" * 32)),
    "an item of no size": _masks_of(_array(_Call(np.dtype, ("V8",), (3, "|", None, None, None, 0, 1, 0)), b"A" * 32)),
    "an item of negative size": _masks_of(
        _array(_Call(np.dtype, ("V8",), (3, "|", None, None, None, -(1 << 31), 1, 0)), b"A" * 32)
    ),
    "an item larger than its bytes": _masks_of(
        _array(_Call(np.dtype, ("S1",), (3, "|", None, None, None, 1 << 30, 1, 0)), b"A" * 32)
    ),
    "fields of objects over plain bytes": _masks_of(
        _array(_Call(np.dtype, ("V8",), (3, "|", None, ("a",), _FIELDS, 8, 1, 0)), b"A" * 32)
    ),
    "fields that lie outside": _masks_of(
        _array(_Call(np.dtype, ("V8",), (3, "|", None, ("a",), {"a": (np.dtype("u8"), 1 << 40)}, 8, 1, 0)), b"A" * 32)
    ),
    "a subarray of itself": _masks_of(
        _array(_Call(np.dtype, ("V8",), (3, "|", (np.dtype("u8"), (1 << 20,)), None, None, 8, 1, 0)), b"A" * 32)
    ),
    "flags that say there are no objects": _masks_of(
        _array(_Call(np.dtype, ("O8",), (3, "|", None, None, None, -1, -1, 0)), b"A" * 32)
    ),
    "a number that is a pointer": _masks_of(_Call(_scalar, (np.dtype("O"), b"A" * 8))),
    "a shape larger than its bytes": _masks_of(_array(_U2, b"A" * 8, (1 << 40,))),
    "a shape that overflows": _masks_of(_array(_U2, b"A" * 8, (1 << 62, 1 << 62, 1 << 62))),
    "a shape of huge numbers": _masks_of(_array(_U2, b"A" * 8, (1 << 200_000,) * 30)),
    "a shape below nothing": _masks_of(_array(_U2, b"A" * 8, (-4,))),
    "a state of something else": _masks_of(_Call(np.dtype, ("u2",), ("x",))),
    "an array in an array": _masks_of(_array(_U2, [_array(_U2, b"AA")])),
    "a program": _masks_of(_Call(os.system, ("touch it_ran",))),
    "a program in another value": _npy(
        pickle.dumps(np.array({"masks": np.zeros((2, 2), "u2"), "more": _Call(eval, ("1",))}, object), 4)
    ),
    "a place in memory far away": _npy(b"\x80\x04N" + b"r\xff\xff\xff\xff" + b"."),
    "bytes that are not there": _npy(b"\x80\x04\x8e" + (1 << 60).to_bytes(8, "little") + b"x."),
    "a text that is not there": _npy(b"\x80\x04\x8d" + (1 << 36).to_bytes(8, "little") + b"x."),
    "a key nested so deep that its hash ends the stack": _npy(b"\x80\x04}" + b")" + b"\x85" * 900_000 + b"Ns."),
    "lists in lists": _npy(b"\x80\x04" + b"]" * 450_000 + b"a" * 449_999 + b"."),
    "more steps than any file needs": _npy(b"\x80\x04" + b"N0" * 2_000_000 + b"."),
    "a number of a million digits": _npy(b"L" + b"9" * 1_000_000 + b"L\n."),
    "nothing on the stack": _npy(b"\x80\x04R."),
    "no end": _npy(b"\x80\x04]"),
    "no pickle": _npy(b"PK\3\4"),
    "a class": _npy(b"\x80\x04c__builtin__\nexec\n)\x81."),
    "an instance": _npy(b"(ios\nsystem\n."),
    "a text that is encoded again and again": _npy(
        b"\x80\x02X"
        + (1_000_000).to_bytes(4, "little")
        + b"a" * 1_000_000
        + b"q\0c_codecs\nencode\nq\x01]("
        + b"h\x01h\0\x85R" * 2_000
        + b"e."
    ),
    "a name that is put together again and again": _npy(
        b"\x80\x04X" + (1_000_000).to_bytes(4, "little") + b"a" * 1_000_000 + b"q\0](" + b"h\0h\0\x93" * 2_000 + b"e."
    ),
    "a name of two lines": _npy(b"\x80\x04X\5\0\0\0a\n\x1b[2X\1\0\0\0\n\x93)R."),
    "a type of two lines": _npy(b"").replace(b"|O", b"\n\x1b"),
    "something kept elsewhere": _npy(b"\x80\x04Nq\0Q."),
}


@pytest.mark.parametrize("content", _CRAFTED.values(), ids=_CRAFTED)
def test_a_crafted_file_is_one_sentence_and_ends_no_process(tmp_path: Path, content: bytes) -> None:
    """In a process of its own, with 1 GB more than it needs: what ends the interpreter must not end the tests."""
    (tmp_path / "a_seg.npy").write_bytes(content)
    program = (
        "import sys\n"
        "from napari_apprentice.data.files import read_image\n"
        "from napari_apprentice.errors import UserError\n"
        "if sys.platform == 'linux':\n"
        "    import psutil, resource\n"
        "    limit = psutil.Process().memory_info().vms + (1 << 30)\n"
        "    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))\n"
        "try:\n"
        "    read_image('a_seg.npy')\n"
        "except UserError as error:\n"
        "    print(error)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stdout.startswith("a_seg.npy ")
    assert len(ran.stdout.splitlines()) == 1
    assert len(ran.stdout) < 250
    assert "MemoryError" not in ran.stdout
    assert not ran.stderr
    assert not (tmp_path / "it_ran").exists()


def test_types_that_are_no_numbers_are_said(tmp_path: Path) -> None:
    for array in (np.zeros((4, 4), [("a", "<f4")]), np.zeros((4, 4), "datetime64[s]"), np.full((4, 4), "text")):
        np.save(tmp_path / "a.npy", array)
        with pytest.raises(UserError, match=r"a\.npy is no image \(it holds .*, not plain numbers\)"):
            read_image(tmp_path / "a.npy")


def test_what_cellpose_writes_beside_its_masks_is_no_matter(tmp_path: Path) -> None:
    masks = np.asfortranarray(np.arange(12, dtype=">i4").reshape(3, 4))
    saved = {
        "masks": masks,
        "filename": Path("images") / "a.tif",
        "flows": [np.zeros((1, 3, 4), np.uint8), [], np.array([None, {}, 2.5], object)],
        "manual_changes": [[1, [2, 3]], (None, True, b"x", -5)],
        "names": np.array(["a", "b"]),
    }
    np.save(tmp_path / "a_seg.npy", saved, allow_pickle=True)
    np.testing.assert_array_equal(read_labels(tmp_path / "a_seg.npy")[0].squeeze(), masks)
    for protocol in (2, 3):
        (tmp_path / "b_seg.npy").write_bytes(_npy(pickle.dumps(np.array(saved, object), protocol)))
        np.testing.assert_array_equal(read_labels(tmp_path / "b_seg.npy")[0].squeeze(), masks)
