"""What the click network learned: versions beside those of the model, asked, put away, gone back from, kept on disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.storage import scratch
from napari_apprentice.errors import UserError
from napari_apprentice.events import Failed, Finished, WasCancelled
from napari_apprentice.jobs import TeachClicksJob, TeachClicksResult
from napari_apprentice.session import Session
from napari_apprentice.session.catalog import ASKED, bundled_files
from napari_apprentice.settings import ClassName, TeachClicksSettings

BUNDLED = bundled_files()[ASKED][1]


def image(seed: int = 0, shape=(1, 1, 1, 20, 30), **more) -> Volume:
    pixels = np.random.default_rng(seed).integers(0, 1000, shape).astype(np.uint16)
    return Volume(pixels, **{"name": f"cells {seed}", **more})


def keep(session: Session, count: int = 3) -> None:
    """Objects of four pixels, painted: all that is confirmed teaches."""
    for i in range(count):
        session.paint(np.arange(4) + 30 * (2 * i + 1), i + 1)


def newest(session: Session) -> TeachClicksJob:
    job = session.runners.started[-1].job
    assert isinstance(job, TeachClicksJob)
    return job


def learned(session: Session, **told) -> None:
    """The engine has written a model; ``told`` is what became known of it."""
    job = newest(session)
    shutil.copy(BUNDLED, job.out)
    result = TeachClicksResult(job=job.id, model=job.out, objects=12, **told)
    session.runners.started[-1].events.append(Finished(result=result))
    session.pump()


BETTER = {"judged": 9, "clicks_before": 3.4, "clicks_after": 2.1, "better": True}
NOT_BETTER = {**BETTER, "clicks_after": 3.3, "better": False, "why_waits": "It is not clearly better."}


def asked_with(session: Session) -> Path:
    session.click((0, 0, 15, 7))
    job = session.runners.started[-1].job
    session.discard_click()
    return Path(job.click_model)


@pytest.fixture
def ready(session):
    session.add_image(image())
    keep(session)
    return session


def test_it_says_what_is_missing(session):
    assert "There is no image" in session.why_not_teach_clicks()
    session.add_image(image())
    keep(session, 2)
    assert session.why_not_teach_clicks().startswith("Keep at least 3 objects first")
    with pytest.raises(UserError, match="Keep at least 3"):
        session.teach_clicks()
    keep(session, 3)
    assert session.why_not_teach_clicks() == ""
    session.teach_clicks()
    assert "under way" in session.why_not_teach_clicks()
    session.cancel("teach-clicks")
    session.pump()
    assert session.why_not_teach_clicks() == ""


def test_areas_of_classes_are_no_objects_to_learn_from(session):
    session.add_image(image())
    session.choose_kind("classes", (ClassName(value=1, name="one"), ClassName(value=2, name="two")))
    keep(session, 2)
    assert "areas of classes" in session.why_not_teach_clicks()


def test_all_confirmed_objects_of_all_images_teach_the_network_in_use(ready):
    ready.add_image(image(1, shape=(1, 2, 1, 20, 30)))
    keep(ready, 2)
    assert ready.verbs.teach_clicks.objects == 5
    ready.teach_clicks(TeachClicksSettings(max_seconds=7))
    job = newest(ready)
    assert (job.parent, job.settings.max_seconds) == (str(BUNDLED), 7)
    first, second = job.training_data
    assert scratch.read(first.image.pixels).shape[1] == 1
    assert scratch.read(second.image.pixels).shape[1] == 2, "two channels: of these the mean is seen, as by a click"
    assert (scratch.read(first.labels) > 0).sum() == 12
    folder = Path(first.labels.path).parent
    learned(ready, **BETTER)
    assert not folder.exists()


def test_a_version_that_is_better_for_sure_answers_the_next_clicks_and_one_can_go_back(ready):
    before = ready.model.key
    ready.teach_clicks()
    learned(ready, **BETTER)
    assert ready.sentences[-1] == (
        "Clicks are answered by what was learned from 12 objects: 3.4 clicks an object before, 2.1 after."
    )
    assert asked_with(ready) == ready.project.path / "click-versions" / "v1.safetensors"
    assert ready.clickers.waiting is None
    assert ready.model.key == before, "the model for all objects is another matter"
    assert not ready.project.lineage.versions
    ready.go_back_clicks()
    assert asked_with(ready) == BUNDLED
    assert ready.clickers.waiting is None, "it was put away"
    with pytest.raises(UserError, match="the one that ships"):
        ready.go_back_clicks()
    ready.use_clicks("v1")
    assert asked_with(ready).stem == "v1"
    ready.use_clicks(ASKED)
    assert asked_with(ready) == BUNDLED


@pytest.mark.parametrize("told", [NOT_BETTER, {"why_no_score": "There are only 3 objects: too few to judge."}])
def test_one_that_is_worse_or_not_judged_waits_and_is_used_when_somebody_says_so(ready, told):
    ready.teach_clicks()
    learned(ready, **told)
    assert ready.sentences[-1].startswith("What clicks learned waits for you.")
    assert asked_with(ready) == BUNDLED
    assert ready.clickers.waiting.id == "v1"
    assert ready.clickers.waiting.why in (told.get("why_waits"), told.get("why_no_score"))
    ready.use_clicks()
    assert asked_with(ready).stem == "v1"
    with pytest.raises(UserError, match="No new version"):
        ready.use_clicks()


def test_one_that_waits_can_be_put_away_and_is_kept(ready):
    ready.teach_clicks()
    learned(ready, **NOT_BETTER)
    ready.keep_old_clicks()
    assert ready.clickers.waiting is None
    assert asked_with(ready) == BUNDLED
    assert [one.id for one in ready.project.click_lineage.versions] == ["v1"]
    with pytest.raises(UserError, match="no click network v7"):
        ready.use_clicks("v7")


def test_the_next_version_learns_from_the_one_in_use_and_one_goes_back_step_by_step(ready):
    for _ in range(2):
        ready.teach_clicks()
        learned(ready, **BETTER)
    assert Path(newest(ready).parent).stem == "v1"
    assert ready.clickers.key == "v2"
    ready.go_back_clicks()
    assert ready.clickers.key == "v1"
    ready.go_back_clicks()
    assert ready.clickers.key == ASKED


def test_another_network_chosen_meanwhile_stays(ready):
    ready.teach_clicks()
    learned(ready, **BETTER)
    ready.teach_clicks()
    ready.use_clicks(ASKED)
    learned(ready, **BETTER)
    assert ready.clickers.key == ASKED
    assert "Another click network was chosen meanwhile" in ready.sentences[-1]


@pytest.mark.parametrize("last", [WasCancelled(), Failed(message="The memory is not enough.")])
def test_what_breaks_off_leaves_nothing_and_changes_nothing(ready, last):
    ready.teach_clicks()
    job = newest(ready)
    shutil.copy(BUNDLED, job.out)
    ready.runners.started[-1].events.append(last)
    ready.pump()
    assert not Path(job.out).exists()
    assert ready.clickers.last is None
    assert asked_with(ready) == BUNDLED


def test_what_was_learned_is_there_when_the_project_is_opened_again_and_goes_with_it(runners, tmp_path):
    with Session.create(tmp_path / "here", runners) as session:
        session.add_image(image())
        keep(session)
        session.teach_clicks()
        learned(session, **BETTER)
    with Session.open(tmp_path / "here", runners) as session:
        assert asked_with(session) == tmp_path / "here" / "click-versions" / "v1.safetensors"
        assert session.clickers.version.clicks == "3.4 clicks an object before, 2.1 after"
        session.save_project_in(tmp_path / "there")
        assert asked_with(session) == tmp_path / "there" / "click-versions" / "v1.safetensors"
        session.go_back_clicks()
    with Session.open(tmp_path / "there", runners) as session:
        assert asked_with(session) == BUNDLED
        assert [one.id for one in session.project.click_lineage.versions] == ["v1"]


def test_another_network_in_place_of_the_one_that_ships_is_taught_and_gone_back_to(ready, tmp_path):
    other = tmp_path / "other.safetensors"
    shutil.copy(BUNDLED, other)
    ready.clickers.ask_with(str(other))
    ready.teach_clicks()
    assert newest(ready).parent == str(other)
    learned(ready, **BETTER)
    assert asked_with(ready).stem == "v1"
    ready.go_back_clicks()
    assert asked_with(ready) == other


def test_where_its_file_is_gone_or_damaged_the_network_that_ships_answers(ready):
    ready.teach_clicks()
    learned(ready, **BETTER)
    file = ready.project.click_lineage.file("v1")
    file.write_bytes(b"no model")
    assert asked_with(ready) == BUNDLED
    file.unlink()
    assert asked_with(ready) == BUNDLED
    ready.teach_clicks()
    assert newest(ready).parent == str(BUNDLED)
    learned(ready, **BETTER)
    assert asked_with(ready).stem == "v2"


def test_one_goes_back_to_the_nearest_network_whose_file_can_be_read(ready):
    for _ in range(3):
        ready.teach_clicks()
        learned(ready, **BETTER)
    lineage = ready.project.click_lineage
    lineage.file("v2").unlink()
    ready.go_back_clicks()
    assert ready.clickers.key == "v1"
    ready.use_clicks("v3")
    lineage.file("v1").write_bytes(b"no model")
    ready.go_back_clicks()
    assert ready.clickers.key == ASKED
    ready.use_clicks("v3")
    assert ready.clickers.lost is None
    lineage.file("v3").unlink()
    assert ready.clickers.lost.id == "v3"


def test_the_model_is_not_taught_while_clicks_are_learned_from(ready):
    before = ready.verbs.teach.why_not()
    ready.teach_clicks()
    assert "click network is learning" in ready.verbs.teach.why_not()
    ready.cancel("teach-clicks")
    ready.pump()
    assert ready.verbs.teach.why_not() == before
