"""NumPy's files are taken for what they hold, never for what they claim."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.data.storage import npy


def written(path: Path, header: str, data: bytes = b"\0" * 64, version: bytes = b"\1\0") -> Path:
    """A file with any header."""
    text = header.encode("latin1")
    path.write_bytes(
        b"\x93NUMPY" + version + len(text).to_bytes(2 if version == b"\1\0" else 4, "little") + text + data
    )
    return path


@pytest.mark.parametrize("dtype", ["?", "i1", "<u2", ">u2", "<i8", "<f2", "<f4", ">f8", "<c8"])
@pytest.mark.parametrize("shape", [(), (0,), (5,), (3, 4), (2, 0, 3), (2, 1, 3)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_numbers_come_back_read_or_mapped(tmp_path: Path, dtype: str, shape: tuple, order: str) -> None:
    values = np.asarray(np.arange(60)[: int(np.prod(shape))].reshape(shape).astype(dtype), order=order)
    np.save(tmp_path / "a.npy", values)
    np.savez_compressed(tmp_path / "a.npz", first=values, second=values)
    for found in (npy.load(tmp_path / "a.npy"), npy.archive(tmp_path / "a.npz", "second")[0]):
        assert found.dtype == values.dtype
        np.testing.assert_array_equal(found, values)
    if shape:
        found = npy.open_mapped(tmp_path / "a.npy")
        assert isinstance(found, np.memmap)
        assert not found.flags.writeable
        np.testing.assert_array_equal(found, values)


def test_a_mapped_array_can_be_written(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((2, 3), np.uint16))
    npy.open_mapped(tmp_path / "a.npy", "r+")[1, 2] = 7
    np.testing.assert_array_equal(npy.load(tmp_path / "a.npy"), [[0, 0, 0], [0, 0, 7]])


@pytest.mark.parametrize(
    "header",
    [
        '{"shape":(2,3),"fortran_order":False,"descr":"<u2"}',  # other libraries write so
        "{'descr': '<u2', 'fortran_order': False, 'shape': (2L, 3L), }   \n",  # Python 2 did
    ],
)
@pytest.mark.parametrize("version", [b"\1\0", b"\2\0", b"\3\0"])
def test_headers_of_other_writers(tmp_path: Path, header: str, version: bytes) -> None:
    path = written(tmp_path / "a.npy", header, np.arange(6, dtype="<u2").tobytes(), version)
    np.testing.assert_array_equal(npy.load(path), [[0, 1, 2], [3, 4, 5]])


@pytest.mark.parametrize(
    "array",
    [
        np.array([{"a": 1}], object),
        np.zeros(3, [("a", "<f4"), ("b", "<i4")]),
        np.zeros(3, "datetime64[s]"),
        np.array(["text"]),
        np.array([b"bytes"]),
        np.zeros(3, "V7"),
    ],
    ids=lambda array: str(array.dtype),
)
def test_what_is_no_number_is_refused_by_name(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    np.savez(tmp_path / "a.npz", a=array)
    for read in (npy.load, npy.open_mapped, lambda path: npy.archive(path.with_suffix(".npz"), "a")):
        with pytest.raises(npy.NotNumbers, match="not plain numbers"):
            read(tmp_path / "a.npy")


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<u2', 'fortran_order': False, 'shape': (9999999999999, 9999999999999)}",
        "{'descr': '<u2', 'fortran_order': False, 'shape': (1000000,)}",
        "{'descr': '<u2', 'fortran_order': False, 'shape': (-3,)}",
        "{'descr': '<u2', 'fortran_order': False, 'shape': (" + "9" * 400 + ",)}",
        "{'descr': '<u2', 'fortran_order': False, 'shape': (" + "9" * 5000 + ",)}",
        "{'descr': '<u2', 'fortran_order': False, 'shape': (" + "1," * 70 + ")}",
        "{'descr': '<u2', 'fortran_order': False, 'shape': (1, 0, 99999999999999999999)}",
        "{'descr': '<u2', 'fortran_order': False}",
        "{'descr': '<u2', 'fortran_order': __import__('os').system('true'), 'shape': (1,)}",
        "{'descr': " + "-" * 9000 + "1, 'fortran_order': False, 'shape': (1,)}",
        "(" * 9000,
        "{" + " " * 9000 + "x}",
        "{'descr': " + "[" * 4000 + "]" * 4000 + "x, 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<u2', 'fortran_order': False, 'shape': (1,)}" + " " * 20_000,
        "",
    ],
)
def test_headers_that_lie_are_one_error_at_once(tmp_path: Path, header: str) -> None:
    path = written(tmp_path / "a.npy", header)
    for read in (npy.load, npy.open_mapped):
        with pytest.raises(ValueError, match=r"it |its "):
            read(path)


def test_a_member_that_claims_more_than_it_can_hold_is_refused(tmp_path: Path) -> None:
    long = written(tmp_path / "a.npy", "{'descr': '<u1', 'fortran_order': False, 'shape': (99999999999,)}", b"")
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(long, "a.npy")
        archive.writestr("b.npy", long.read_bytes() + b"\0" * 9_000_000, zipfile.ZIP_LZMA)
    with pytest.raises(ValueError, match="are there"):
        npy.archive(tmp_path / "a.npz", "a")
    with pytest.raises(ValueError, match="more than the file can hold"):
        npy.archive(tmp_path / "a.npz", "b")
    with pytest.raises(KeyError):
        npy.archive(tmp_path / "a.npz", "c")


@pytest.mark.parametrize("end", [0, 5, 9, 40, 130])
def test_a_file_cut_short_is_an_error(tmp_path: Path, end: int) -> None:
    whole = io.BytesIO()
    np.save(whole, np.arange(20.0))
    (tmp_path / "a.npy").write_bytes(whole.getvalue()[:end])
    for read in (npy.load, npy.open_mapped):
        with pytest.raises(ValueError, match=r"it |its "):
            read(tmp_path / "a.npy")
