"""Hints for one who is new: the next step, from an image that is to be opened to a version that waits."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.storage import put_away
from napari_apprentice.project.versions import Version
from napari_apprentice.session.next_step import NAMES, next_step
from napari_apprentice.settings import ClassName


@pytest.fixture
def volume() -> Volume:
    return Volume(np.random.default_rng(0).integers(0, 99, (1, 1, 1, 64, 64)).astype(np.uint16), name="cells")


def test_the_next_step_goes_through_the_loop(session, volume):
    assert next_step(session).name == NAMES[0]
    entry = session.add_image(volume)
    session.choose_image(entry)
    assert (next_step(session).name, next_step(session).place) == ("segment", "segment")
    session.segment()
    assert next_step(session) is None  # something is at work
    session.cancel()
    session.pump()
    labels = np.zeros((1, 1, 64, 64), np.uint32)
    labels[..., 5:15, 5:15] = 1
    session.edits.replace_labels(labels)
    assert next_step(session).name == "correct"
    session.edits.approve_object((0, 0, 8, 8))
    assert next_step(session).name == "teach"
    session.project.lineage.add(Version(id="v1", parent=session.model.key, created=""))
    assert next_step(session).name == "compare"


def test_classes_are_painted_not_clicked(session, volume):
    session.choose_image(session.add_image(volume))
    session.choose_kind("classes", (ClassName(value=1, name="tissue"), ClassName(value=2, name="glass")))
    assert next_step(session).words == "Paint or click a little of each class"
    session.paint(np.arange(9), 1)
    assert "object" not in next_step(session).words


def test_what_is_put_away_is_remembered_and_a_damaged_file_is_as_none(home):
    assert put_away.read() == frozenset()
    put_away.write({"open", "teach"})
    assert put_away.read() == {"open", "teach"}
    assert put_away.place() == home / "hints.json"
    for text in ("{", "[]", '{"put_away": 7}', '{"put_away": [7]}'):
        put_away.place().write_text(text, encoding="utf-8")
        assert put_away.read() == frozenset()
