from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr

from napari_apprentice.data.labels import merging
from napari_apprentice.jobs import StoreRef

SHAPE, CHUNK = (1, 1, 8, 12), (1, 1, 4, 4)


@pytest.fixture
def store(tmp_path: Path):
    """Corrected labels, what is confirmed, and a proposal, as chunked arrays."""
    arrays = {}
    for name, dtype in (("labels", np.uint32), ("confirmed", np.uint8), ("proposal", np.uint32)):
        arrays[name] = zarr.create_array(tmp_path / name, shape=SHAPE, chunks=CHUNK, dtype=dtype)
    ref = StoreRef(
        labels=str(tmp_path / "labels"),
        confirmed=str(tmp_path / "confirmed"),
        merged=str(tmp_path / "merged"),
        overview=str(tmp_path / "overview"),
        steps=(1, 1, 2, 2),
        first=101,
    )
    return ref, arrays


def merged(ref: StoreRef, arrays: dict, kind: str = "instances") -> np.ndarray:
    shares = list(merging.merge(arrays["proposal"], ref, kind))
    assert shares[-1] == 1
    found = np.asarray(zarr.open_array(ref.merged)[:])
    assert np.array_equal(zarr.open_array(ref.overview)[:], found[..., ::2, ::2])
    return found[0, 0]


def test_new_objects_are_numbered_after_the_first_free_id_across_chunks(store) -> None:
    ref, arrays = store
    arrays["proposal"][0, 0, 2:6, 2:6] = 1
    arrays["proposal"][0, 0, 0:2, 8:10] = 2
    arrays["labels"][0, 0, 7, 7] = 5  # an old proposal, not confirmed: it goes
    out = merged(ref, arrays)
    assert set(out[2:6, 2:6].ravel()) == {101}
    assert set(out[0:2, 8:10].ravel()) == {102}
    assert np.count_nonzero(out) == 16 + 4


def test_what_is_confirmed_stays_and_what_mostly_lies_on_it_is_dropped(store) -> None:
    ref, arrays = store
    arrays["labels"][0, 0, 0:3, 0:3], arrays["confirmed"][0, 0, 0:3, 0:3] = 7, 2
    arrays["confirmed"][0, 0, 6:8, 0:4] = 1
    arrays["proposal"][0, 0, 0:3, 1:5] = 1  # 6 of 12 on it
    arrays["proposal"][0, 0, 5:8, 0:4] = 2  # 8 of 12 on confirmed background
    out = merged(ref, arrays)
    assert np.count_nonzero(out == 7) == 9
    assert np.count_nonzero(out) == 9


@pytest.mark.parametrize("rows", [1, 3])
def test_an_object_that_is_confirmed_in_part_gives_its_id_to_what_continues_it(store, rows) -> None:
    ref, arrays = store
    arrays["labels"][0, 0, 2:6, 2:7], arrays["confirmed"][0, 0, 2 : 2 + rows, 2:7] = 7, 2
    arrays["proposal"][0, 0, 2:6, 2:8] = 1  # over four chunks; of three rows most of it is confirmed
    out = merged(ref, arrays)
    expected = np.zeros(SHAPE[2:], int)
    expected[2:6, 2:8] = 7
    assert np.array_equal(out, expected)


def test_classes_keep_their_values(store) -> None:
    ref, arrays = store
    arrays["confirmed"][0, 0, 0:2, 0:2] = 1
    arrays["proposal"][0, 0, 0:4, 0:4] = 3
    out = merged(ref, arrays, "classes")
    assert not out[0:2, 0:2].any()
    assert set(out[2:4, 0:4].ravel()) == {3}


def test_an_object_that_is_kept_in_the_part_that_was_open_stays_whole_beyond_it(store) -> None:
    ref, arrays = store
    arrays["labels"][0, 0, 2:4, 1:11] = 7
    arrays["labels"][0, 0, 5:7, 9:11] = 8  # a proposal of before, that nobody edited
    arrays["confirmed"][0, 0, 2:4, 1:3], arrays["confirmed"][0, 0, 2:4, 3] = 3, 2
    arrays["proposal"][0, 0, 2:4, 6:11] = 1  # mostly on what stays
    arrays["proposal"][0, 0, 5:8, 0:3] = 2
    out = merged(ref, arrays)
    expected = np.zeros(SHAPE[2:], int)
    expected[2:4, 1:11], expected[5:8, 0:3] = 7, 102
    np.testing.assert_array_equal(out, expected)
