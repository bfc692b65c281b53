"""Kills at random moments, in short, and that the trial sees what it looks for."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest

from apprentice_lab.trust import kill, kill_found
from apprentice_lab.trust.kill_told import Begins, Plan, seen_of
from apprentice_lab.trust.trial import Extent, Outcome
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.runners import InlineRunners
from napari_apprentice.session import Session

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs fork and a signal that kills")


def outcome(trial, place, extent: Extent) -> Outcome:
    running = trial.run(place, extent)
    while True:
        try:
            next(running)
        except StopIteration as ended:
            return ended.value


@pytest.fixture
def folder(tmp_path):
    for name in ("home/unfinished", "temporary", "exports", "projects"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def session(folder):
    with Session.create(folder / "projects" / "first", InlineRunners()) as session:
        session.add_image(Volume(np.arange(600.0).reshape(1, 1, 1, 20, 30), name="cells"))
        session.paint(np.arange(10), 1)
        yield session


def plan(folder, session: Session, *under_way: Begins, exports=None) -> Plan:
    project = str(session.project.path)
    return Plan(str(folder), project, 0, "none", False, seen_of(session), under_way, exports or {})


def reopened(session: Session) -> Session:
    path = session.project.path
    session.close()
    return Session.open(path, InlineRunners())


def test_a_few_kills_lose_nothing(tmp_path):
    found = outcome(kill.TRIAL, tmp_path, Extent(share=0.008, seed=1))
    assert (found.tried, found.failures) == (8, ())
    assert found.numbers["acknowledged actions"] > 20


def test_an_edit_that_is_lost_is_found(folder, session):
    known = plan(folder, session)
    journal = next(session.current.folder.path.glob("journal-*.bin"))
    session.close()
    journal.unlink()
    with Session.open(known.project, InlineRunners()) as again:
        found = kill_found.look(again, known)
    assert any("The journal is missing" in one for one in found.failures)
    assert any(
        "labels of cells are neither as acknowledged nor one whole step further" in one for one in found.failures
    )


def test_what_was_under_way_may_be_there_whole(folder, session):
    before = plan(folder, session, Begins("paint", seen_of(session), image=session.current.id))
    session.paint(np.arange(20, 30), 2)
    with reopened(session) as again:
        assert kill_found.look(again, before).failures == ()
        again.paint(np.arange(40, 50), 3)
        assert len(kill_found.look(again, before).failures) == 1  # two steps, of which one was never begun


def test_half_of_a_step_taken_back_is_found(folder, session):
    whole = seen_of(session).images[session.current.id]
    with session.edits.stroke():
        session.paint(np.arange(20, 30), 2)
        half = plan(folder, session, Begins("undo", seen_of(session), image=session.current.id, after=whole))
        session.paint(np.arange(30, 40), 2)
    expected = plan(folder, session, *half.under_way)
    session.undo()
    session.paint(np.arange(20, 30), 2)
    with reopened(session) as again:
        assert len(kill_found.look(again, expected).failures) == 1


def test_files_that_were_left_and_exports_that_changed_are_found(folder, session):
    exported = folder / "exports" / "a.tif"
    session.export_labels(exported)
    known = plan(folder, session, exports={str(exported): kill_found.content_of(exported)})
    session.pump()
    assert kill_found.look(session, known).failures == ()
    exported.write_bytes(b"other")
    (folder / "exports" / ".part-1-a.tif").touch()
    (folder / "temporary" / "pixels.npy").touch()
    failures = kill_found.look(session, known).failures
    assert [failure.split(" ")[0] for failure in failures] == ["exports/.part-1-a.tif", "temporary/pixels.npy", "the"]
    assert "a.tif is another one" in failures[2]


@pytest.mark.skipif(sys.platform == "linux" and not os.environ.get("DISPLAY"), reason="needs a screen")
def test_kills_of_a_real_window_lose_nothing(tmp_path):
    found = outcome(kill.WINDOW_TRIAL, tmp_path, Extent(share=0.02, seed=3))
    assert (found.tried, found.failures) == (2, ())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")
def test_without_a_screen_the_window_is_not_tried_and_that_is_said(tmp_path, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    found = outcome(kill.WINDOW_TRIAL, tmp_path, Extent())
    assert (found.tried, found.numbers) == (0, {"not run": "there is no screen: start it with xvfb-run"})
