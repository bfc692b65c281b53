"""Classes of objects: given, kept, followed, proposed, exported: through the session's public door."""

from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pytest
from tests.session.test_regions import LEFT, RIGHT, image, opened, paint_both

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session
from napari_apprentice.settings import ClassName

__all__ = ["image"]  # a fixture


@pytest.fixture
def session():
    with Session.temporary(InlineRunners()) as session:
        yield session


def spots(frames: int = 1, depth: int = 1) -> tuple[Volume, np.ndarray]:
    """Sixteen squares in a grid; those with even ids are four times as bright and striped."""
    labels = np.zeros((frames, depth, 96, 96), np.uint32)
    pixels = np.random.default_rng(0).normal(10, 1, (frames, 1, depth, 96, 96))
    for i in range(16):
        y, x = 6 + 24 * (i // 4), 6 + 24 * (i % 4)
        part = (slice(None), slice(None), slice(y, y + 12), slice(x, x + 12))
        labels[part] = i + 1
        pixels[:, 0][part] += 20 if i % 2 == 0 else 80
        if i % 2:
            pixels[:, 0][part][..., ::3, :] -= 60
    return Volume(pixels, spacing=(3.0, 1.0, 1.0), unit="um", name="spots"), labels


def taught(session: Session, frames: int = 1, depth: int = 1, frame: int = 0) -> None:
    session.add_image(*spots(frames, depth))
    session.object_classes.add("dim")
    session.object_classes.add("bright")
    session.object_classes.give([[frame, 1], [frame, 3], [frame, 9]], "dim")
    session.object_classes.give([[frame, 2], [frame, 8]], "bright")


def classes(session: Session) -> list[str]:
    return list(session.objects.now().columns["class"])


@pytest.mark.parametrize(("frames", "depth"), [(1, 1), (1, 3), (2, 1)])
def test_a_few_labels_give_all_objects_their_class(session, frames, depth):
    taught(session, frames, depth)
    assert classes(session)[:4] == ["dim", "bright", "dim", ""]
    session.describe_objects()
    session.run_until_idle()
    table = session.objects.now()
    assert list(table.columns["class"]) == ["dim", "bright"] * 8 * frames
    by_hand = table.columns["class_by_hand"] > 0
    assert table.objects[by_hand].tolist() == [[0, 1], [0, 2], [0, 3], [0, 8], [0, 9]]
    assert (table.columns["class_probability"][by_hand] == 1).all()
    assert (table.columns["class_probability"][~by_hand] > 0.5).all()
    assert len(session.verbs.describe.missing) == 0


def test_giving_is_one_step_that_is_undone_and_done_again_and_survives_a_kill(tmp_path):
    with Session.create(tmp_path / "p") as first:
        first.add_image(*spots())
        first.object_classes.add("dead", "#112233")
        first.object_classes.give([[0, 4], [0, 5]], "dead")
        first.object_classes.give([[0, 4]], 1)
        first.object_classes.take_away([[0, 5]])
        assert [one for one in classes(first) if one] == ["dead"]
        first.undo()
        assert classes(first).count("dead") == 2
        first.undo()
        first.undo()
        assert classes(first).count("dead") == 0
        assert not first.edits.can_undo or first.current.history.done[-1].number == 1
        first.redo()
        assert classes(first).count("dead") == 2
        copied = tmp_path / "copy"
        shutil.copytree(tmp_path / "p", copied, ignore=shutil.ignore_patterns("lock"))
    for folder in (copied, tmp_path / "p"):  # as after a kill, and closed
        with Session.open(folder) as again:
            assert again.object_classes.classes == (ClassName(value=1, name="dead", color="#112233"),)
            assert classes(again).count("dead") == 2
            again.current.keep_snapshot()
            again.undo()
            assert classes(again).count("dead") == 0
            again.redo()


def test_a_class_follows_its_object(session):
    taught(session)
    session.edits.merge([(0, 0, 10, 10), (0, 0, 10, 34)])  # 1, dim, and 2, bright, which was given last
    assert dict(zip(session.objects.now().columns["label"], classes(session), strict=True))[1] == "bright"
    session.undo()
    assert classes(session)[:3] == ["dim", "bright", "dim"]
    session.edits.delete_object((0, 0, 10, 10))
    assert classes(session)[:2] == ["bright", "dim"]
    session.undo()
    session.edits.split_along([(0, 0, 9, 0), (0, 0, 9, 20)])
    values = dict(zip(session.objects.now().columns["label"], classes(session), strict=True))
    assert [values[1], values[17]] == ["dim", ""]  # the larger part has it
    session.undo()
    other = session.current.labels.copy()
    other[other > 0] = 17 - other[other > 0]
    session.edits.replace_labels(np.roll(other, 1, axis=2))  # as Segment would, a row below
    of = dict(zip(session.objects.now().columns["label"], classes(session), strict=True))
    ids = session.current.labels[0, 0, 12, 12::24]
    assert [of[one] for one in ids] == ["dim", "bright", "dim", ""]


def test_what_changed_is_looked_at_again_and_what_users_say_is_not_overruled(session):
    taught(session)
    session.describe_objects()
    session.run_until_idle()
    session.object_classes.give([[0, 6]], "dim")  # which is bright
    assert classes(session)[5] == "dim"
    before = classes(session)
    flat = np.flatnonzero(session.current.labels.reshape(-1) == 5)
    session.paint(flat[:30], 0)
    assert session.verbs.describe.missing.tolist() == [[0, 5]]
    session.describe_objects()
    session.run_until_idle()
    assert len(session.verbs.describe.missing) == 0
    assert classes(session)[5] == before[5] == "dim"


def test_a_second_image_is_classed_by_the_first_and_all_are_counted(tmp_path):
    with Session.create(tmp_path / "p", InlineRunners()) as one:
        taught(one)
        one.describe_objects()
        one.run_until_idle()
        volume, labels = spots()
        one.add_image(
            Volume(volume.pixels[..., ::-1, :].copy(), volume.spacing, volume.unit, name="more"), labels[..., ::-1, :]
        )
        one.describe_objects()
        one.run_until_idle()
        assert classes(one) == ["dim", "bright"] * 8
        assert [row.classes for row in one.objects_by_image.now()] == [{"dim": 8, "bright": 8}] * 2
    with Session.open(tmp_path / "p") as again:
        assert classes(again) == ["dim", "bright"] * 8  # nothing is looked at again
        assert [row.classes for row in again.objects_by_image.now()] == [{"dim": 8, "bright": 8}] * 2


def test_exports_have_the_classes(session, tmp_path):
    taught(session)
    session.describe_objects()
    session.run_until_idle()
    for name in ("cells.csv", "cells.geojson", "cells.cellprofiler.csv"):
        session.export_labels(tmp_path / name)
    rows = list(csv.DictReader((tmp_path / "cells.csv").open()))
    assert [row["class"] for row in rows] == ["dim", "bright"] * 8
    assert [row["class_by_hand"] for row in rows][:4] == ["1", "1", "1", "0"]
    rows = list(csv.DictReader((tmp_path / "cells.cellprofiler.csv").open()))
    assert [row["Metadata_Class"] for row in rows] == ["dim", "bright"] * 8
    features = json.loads((tmp_path / "cells.geojson").read_text())["features"]
    told = {one["properties"]["name"]: one["properties"]["classification"]["name"] for one in features}
    assert [told["1"], told["16"]] == ["dim", "bright"]
    assert features[0]["properties"]["objectType"] == "detection"
    assert len(features[0]["properties"]["classification"]["color"]) == 3


def test_names_are_checked_and_a_class_in_use_is_not_removed(session):
    taught(session)
    with pytest.raises(UserError, match="There is a class dim already"):
        session.object_classes.add(" dim ")
    with pytest.raises(UserError, match="3 objects were given the class dim"):
        session.object_classes.remove(1)
    with pytest.raises(UserError, match="There is no class dark: choose one of dim, bright"):
        session.object_classes.give([[0, 1]], "dark")
    session.object_classes.rename(1, "dark")
    assert classes(session)[0] == "dark"
    session.object_classes.add("other")
    session.object_classes.remove(3)
    assert [one.name for one in session.object_classes.classes] == ["dark", "bright"]


def test_areas_of_classes_have_none(session):
    session.add_image(*spots())
    session.edits.replace_labels(np.zeros_like(session.current.labels))
    session.choose_kind("classes", (ClassName(value=1, name="stroma"),))
    with pytest.raises(UserError, match="have a class already"):
        session.object_classes.add("dead")


def test_in_a_large_image_classes_stay_where_they_were_given(image, tmp_path):
    with Session.create(tmp_path / "p") as session:
        entry = opened(session, image)
        paint_both(session, entry)  # the right part is open now, with object 2
        session.object_classes.add("dead")
        session.object_classes.give([[0, 2]], "dead")
        session.open_region(LEFT)
        assert classes(session) == [""]
        assert session.object_classes.given(entry)[0].tolist() == []
        session.open_region(RIGHT)
        assert classes(session) == ["dead"]
        session.open_region(LEFT)
        session.undo()
        session.open_region(RIGHT)
        assert classes(session) == [""]
        session.redo()
        session.open_region(LEFT)
    with Session.open(tmp_path / "p", InlineRunners()) as again:
        again.open_region(RIGHT)
        assert classes(again) == ["dead"]
        again.describe_objects()
        again.run_until_idle()
        assert again.object_classes.seen.described(again.current).keys.tolist() == [2]
        again.export_labels(tmp_path / "cells.csv")
        assert "class" not in (tmp_path / "cells.csv").read_text().splitlines()[0]


def test_damaged_classes_are_said_set_aside_and_what_was_given_since_is_there(tmp_path):
    with Session.create(tmp_path / "p") as session:
        taught(session)
        session.current.keep_snapshot()
        session.object_classes.give([[0, 5]], "dim")
        place = session.current.folder.path / "classes.json"
    place.write_bytes(place.read_bytes()[:-9])
    with Session.open(tmp_path / "p") as again:
        assert [one for one in classes(again) if one] == ["dim"]
        assert "classes given to objects" in again.current.complaint
        assert list(place.parent.glob("classes*.damaged"))


def test_a_class_whose_objects_are_gone_is_removed_and_none_gets_its_value(tmp_path):
    with Session.create(tmp_path / "p") as session:
        taught(session)
        session.undo()  # nothing is bright
        session.object_classes.remove(2)
        session.object_classes.add("dead")
        session.redo()
        assert "dead" not in classes(session)
        session.undo()
        for y, x in ((10, 10), (10, 58), (58, 10)):
            session.edits.delete_object((0, 0, y, x))
        session.object_classes.remove(1)  # of which no object is
        session.undo()
        assert set(classes(session)) == {""}
        session.object_classes.remove(3)
    with Session.open(tmp_path / "p") as again:
        assert again.object_classes.add("other").value == 4
        again.redo()
        again.undo()
        assert set(classes(again)) == {""}
