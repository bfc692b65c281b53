"""Images that are annotated already come in with their masks, all of it confirmed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

import napari_apprentice as na
from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND, UNKNOWN
from napari_apprentice.errors import UserError
from napari_apprentice.session.annotated import annotated_in

SIDE = 24


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, 200, (SIDE, SIDE), np.uint8)


def numbers() -> np.ndarray:
    labels = np.zeros((SIDE, SIDE), np.uint16)
    labels[2:8, 2:8], labels[12:20, 10:20] = 1, 2
    return labels


def write(path: Path, what: str = "image", seed: int = 0) -> Path:
    """An image or masks, by the suffix of the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    labels = numbers()
    if what == "image":
        tifffile.imwrite(path, picture(seed))
    elif path.suffix in (".zip", ".geojson"):
        na.write_labels(path, labels[None, None].astype(np.uint32))
    elif path.suffix == ".npy":
        np.save(path, {"masks": labels, "outlines": labels}, allow_pickle=True)  # type: ignore[arg-type]
    elif path.suffix == ".h5":
        import h5py

        with h5py.File(path, "w") as file:
            file["exported_data"] = labels
    elif path.suffix == ".png":
        import imageio.v3 as iio

        iio.imwrite(path, labels)
    else:
        tifffile.imwrite(path, labels)
    return path


@pytest.mark.parametrize(
    ("image", "masks"),
    [
        ("cells.tif", "cells_masks.tif"),
        ("cells.tif", "cells_cp_masks.png"),
        ("cells.tif", "cells_seg.npy"),
        ("cells_img.tif", "cells_masks.tif"),
        ("images/cells.tif", "masks/cells.tif"),
        ("Images/cells.tif", "Labels/cells_labels.tif"),
        ("cells.tif", "labels/cells.tif"),
        ("cells.tif", "cells_Object Identities.h5"),
        ("cells.tif", "cells-data_Object Identities.h5"),
        ("cells.tif", "cells_rois.zip"),
        ("cells.tif", "cells.zip"),
        ("cells.tif", "RoiSet.zip"),
        ("cells.tif", "cells.geojson"),
        ("cells.ome.tif", "cells.ome.tif.geojson"),
        ("cells.ome.tif", "cells.ome_seg.npy"),
        ("cells.ome.tif", "cells.ome_cp_masks.tif"),
        ("Zellk\u00f6rper.tif", "Zellko\u0308rper_masks.tif"),
    ],
)
def test_masks_are_found_as_programs_name_them(image: str, masks: str, tmp_path: Path) -> None:
    write(tmp_path / image)
    write(tmp_path / masks, "masks")
    found = annotated_in(tmp_path)
    assert [(one.image, one.labels) for one in found.pairs] == [(tmp_path / image, tmp_path / masks)]
    assert found.words == []
    np.testing.assert_array_equal(found.pairs[0].read_masks()[1].labels[0, 0], numbers())


def test_what_goes_with_nothing_is_named_and_what_programs_add_is_no_image(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / f"{name}.tif")
    for name in ("a_masks.tif", "a_seg.npy", "c_masks.tif", "d.zip"):
        write(tmp_path / name, "masks")
    write(tmp_path / "a_flows.tif", "masks")
    found = annotated_in(tmp_path)
    assert [(one.image.name, one.labels.name) for one in found.pairs] == [("a.tif", "a_masks.tif")]
    assert found.words == [
        "Images without masks, left out: b.tif.",
        "Masks without an image, left out: d.zip, c_masks.tif.",
        "Further masks of the same images, left out: a_seg.npy.",
    ]
    assert annotated_in(tmp_path / "a.tif").pairs == found.pairs


def test_all_of_an_image_is_confirmed_and_taken_back_in_one_step(tmp_path: Path) -> None:
    for seed, name in enumerate(("a", "b", "c")):
        write(tmp_path / f"data/{name}.tif", seed=seed)
        write(tmp_path / f"data/{name}_masks.tif", "masks")
    with na.Session.create(tmp_path / "project") as session:
        added = session.add_annotated(tmp_path / "data")
        assert [(one.pair.name, one.objects, one.problem) for one in added] == [(name, 2, "") for name in "abc"]
        assert session.current is added[0].entry
        assert [one.is_read for one in session.entries] == [True, False, False]
        for one in session.entries:  # those that are not current were let go of, and are read again
            np.testing.assert_array_equal(one.labels[0, 0], numbers())
            np.testing.assert_array_equal(one.confirmed[0, 0], np.where(numbers() > 0, AS_LABELLED, BACKGROUND))
        assert "6 objects confirmed" in session.confirmed_so_far.words
        session.choose_image(session.entries[1])
        session.undo()
        assert not session.entries[1].labels.any()
        assert not session.entries[1].confirmed.any()
        session.redo()
        np.testing.assert_array_equal(session.entries[1].labels[0, 0], numbers())
        again = session.add_annotated(tmp_path / "data")
        assert again[0].notes == ("a has confirmed masks in the project already: they stay.",)
        assert len(session.entries) == 3
    with na.Session.open(tmp_path / "project") as session:
        assert all((one.confirmed > 0).all() for one in session.entries)


def test_where_only_objects_are_annotated_the_rest_stays_unsaid(tmp_path: Path) -> None:
    write(tmp_path / "a.tif")
    write(tmp_path / "a_masks.tif", "masks")
    with na.Session.temporary() as session:
        session.add_annotated(tmp_path, settings=na.MaskSettings(partial=True))
        expected = np.where(numbers() > 0, AS_LABELLED, UNKNOWN)
        np.testing.assert_array_equal(session.current.confirmed[0, 0], expected)


def test_a_file_that_cannot_be_used_stops_nothing_and_one_mask_with_numbers_says_what_all_are(tmp_path: Path) -> None:
    for seed, name in enumerate(("a", "b", "c")):
        write(tmp_path / f"{name}.tif", seed=seed)
    write(tmp_path / "a_masks.tif", "masks")
    one = np.where(numbers() > 0, 1, 0).astype(np.uint8)  # one object in two parts
    tifffile.imwrite(tmp_path / "b_masks.tif", one)
    tifffile.imwrite(tmp_path / "c_masks.tif", one[:10])
    with na.Session.temporary() as session:
        a, b, c = session.add_annotated(tmp_path)
        assert (a.objects, b.objects) == (2, 1)
        assert c.entry is None
        assert "must be of one size" in c.problem
    for path in (tmp_path / "a.tif", tmp_path / "c.tif"):
        path.unlink()
    with na.Session.temporary() as session:
        assert [one.objects for one in session.add_annotated(tmp_path)] == [2]


def test_masks_are_opened_onto_the_image_and_leave_what_is_confirmed(tmp_path: Path) -> None:
    masks = write(tmp_path / "rois.zip", "masks")
    with na.Session.temporary() as session:
        entry = session.add_image(na.read_image(write(tmp_path / "a.tif")))
        session.paint_background(range(4 * SIDE))
        session.open_masks(masks)
        assert int((entry.labels > 0).sum()) == 4 * 6 + 8 * 10
        assert (entry.confirmed.ravel()[: 4 * SIDE] == BACKGROUND).all()
        assert not entry.confirmed.ravel()[4 * SIDE :].any()
        session.undo()
        assert not entry.labels.any()
        session.redo()
        session.open_masks(masks, confirm=True)
        assert (entry.confirmed > 0).all()
        session.undo()
        assert not entry.confirmed.ravel()[4 * SIDE :].any()
        with pytest.raises(na.UserError, match="does not exist"):
            session.open_masks(tmp_path / "none.zip")


def test_time_series_and_volumes_come_in_and_classes_are_named_by_their_values(tmp_path: Path) -> None:
    stack = np.stack([picture(seed) for seed in range(3)])
    labels = np.stack([numbers()] * 3)
    tifffile.imwrite(tmp_path / "v.tif", stack, imagej=True, metadata={"axes": "TYX"})
    tifffile.imwrite(tmp_path / "v_labels.tif", labels)
    with na.Session.temporary() as session:
        session.choose_kind("classes")
        (added,) = session.add_annotated(tmp_path)
        assert added.entry.shape == (3, 1, SIDE, SIDE)
        np.testing.assert_array_equal(added.entry.labels[:, 0], labels)
        assert [(one.value, one.name) for one in session.classes] == [(1, "class 1"), (2, "class 2")]


def test_an_image_too_large_to_be_labelled_whole_is_refused_and_the_others_come(tmp_path: Path) -> None:
    write(tmp_path / "a.tif")
    tifffile.imwrite(tmp_path / "b.tif", np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8))
    tifffile.imwrite(tmp_path / "b_masks.tif", np.ones((64, 64), np.uint8))
    write(tmp_path / "a_masks.tif", "masks")
    with na.Session.temporary() as session:
        session.options = na.SessionOptions(largest_whole=SIDE * SIDE)
        a, b = session.add_annotated(tmp_path)
        assert a.objects == 2
        assert "too large" in b.problem


def test_what_a_pixel_classifier_wrote_asks_which_value_is_background(tmp_path: Path) -> None:
    for seed, name in enumerate(("a", "b")):
        write(tmp_path / f"{name}.tif", seed=seed)
        tifffile.imwrite(tmp_path / f"{name}_Simple Segmentation.tif", np.where(numbers() > 0, 1, 2).astype(np.uint8))
    with na.Session.temporary() as session:
        with pytest.raises(na.UserError, match="say which of them is background"):
            session.add_annotated(tmp_path)
        found = session.add_annotated(tmp_path, settings=na.MaskSettings(background=2))
        assert [one.objects for one in found] == [2, 2]
        np.testing.assert_array_equal(session.entries[0].confirmed[0, 0], np.where(numbers() > 0, 2, 1))


def test_outlines_of_which_none_can_be_drawn_do_not_say_that_there_is_no_object(tmp_path: Path) -> None:
    image = write(tmp_path / "cells.tif")
    far = {"type": "Polygon", "coordinates": [[[90, 90], [98, 90], [98, 98], [90, 90]]]}
    (tmp_path / "cells.geojson").write_text(json.dumps({"type": "Feature", "geometry": far, "properties": {}}))
    (tmp_path / "points.geojson").write_text('{"type": "Point", "coordinates": [3, 3]}')
    with na.Session.create(tmp_path / "project") as session:
        with pytest.raises(UserError, match=r"Nothing in .* can be drawn.*no pixel of the image lies in them"):
            session.add_annotated(image, tmp_path / "cells.geojson")
        assert not session.entries
        session.add_image(na.read_image(image))
        with pytest.raises(UserError, match="Left out, having no area: 1 point"):
            session.open_masks(tmp_path / "points.geojson", confirm=True)
        assert not session.current.is_confirmed


def test_background_is_not_confirmed_where_an_outline_was_left_out(tmp_path: Path) -> None:
    write(tmp_path / "cells.tif")
    inside, beyond = ([[a, a], [a + 4, a], [a + 4, a + 4], [a, a]] for a in (3, 90))
    polygons = [{"type": "Polygon", "coordinates": [ring]} for ring in (inside, beyond)]
    (tmp_path / "cells.geojson").write_text(json.dumps({"type": "GeometryCollection", "geometries": polygons}))
    with na.Session.temporary() as session:
        (added,) = session.add_annotated(tmp_path)
        assert added.notes[-1] == "So its background is not confirmed: approve it where there is nothing."
        expected = np.where(added.entry.labels > 0, AS_LABELLED, UNKNOWN)
        np.testing.assert_array_equal(added.entry.confirmed, expected)
    with na.Session.temporary() as session:
        entry = session.add_image(na.read_image(tmp_path / "cells.tif"))
        assert session.open_masks(tmp_path / "cells.geojson", confirm=True)[-1] == added.notes[-1]
        assert set(np.unique(entry.confirmed)) == {UNKNOWN, AS_LABELLED}
        session.undo()
        assert not entry.confirmed.any()


def test_opened_masks_keep_their_ids_as_far_as_they_are_free(tmp_path: Path) -> None:
    labels = np.zeros((2, SIDE, SIDE), np.uint16)
    labels[:, 4:8, 4:8], labels[:, 12:20, 10:20], labels[1, 21:23, 2:5] = 7, 40, 3
    tifffile.imwrite(tmp_path / "masks.tif", labels, imagej=True, metadata={"axes": "TYX"})
    pixels = np.random.default_rng(0).integers(1, 200, labels.shape).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", pixels, imagej=True, metadata={"axes": "TYX"})
    with na.Session.temporary() as session:
        entry = session.add_image(na.read_image(tmp_path / "a.tif"))
        session.open_masks(tmp_path / "masks.tif")
        np.testing.assert_array_equal(entry.labels[:, 0], labels)
        session.undo()
        session.paint(range(5), 40)  # which is confirmed, and another object
        session.open_masks(tmp_path / "masks.tif")
        assert np.unique(entry.labels[0, 0, :1]).tolist() == [0, 40]
        assert np.unique(entry.labels[0, 0, 1:]).tolist() == [0, 1, 7]
        session.undo()
        session.redo()
        assert np.unique(entry.labels[0]).tolist() == [0, 1, 7, 40]
        assert np.unique(entry.labels[1]).tolist() == [0, 1, 3, 7]
