"""Jobs of a session on a worker of another machine: nothing but bytes is shared, and the worker may go away."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from napari_apprentice import Session
from napari_apprentice.data import samples
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.events import Failed, Finished, Note, Started, TileDone, WasCancelled
from napari_apprentice.runners import ProcessRunners
from napari_apprentice.runners.cluster import choice
from napari_apprentice.runners.cluster.remote import ClusterRunners
from napari_apprentice.session import SessionOptions
from napari_apprentice.settings import ClusterSettings, TeachSettings

distributed = pytest.importorskip("distributed")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    """Two workers with processes of their own."""
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster


@pytest.fixture
def place(cluster) -> ClusterSettings:
    return ClusterSettings(scheduler=cluster.scheduler_address)


class Heard:
    """What a session's jobs report."""

    def __init__(self, session: Session) -> None:
        self.events = []
        self.said = []
        session.job_event.connect(lambda kind, event: self.events.append(event))
        session.job_ended.connect(lambda kind, event: self.events.append(event))
        session.message.connect(self.said.append)

    def of(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]


def _sample(times: int = 1) -> Volume:
    volume = samples.load("nuclei_2d")[0]
    return Volume(np.tile(np.asarray(volume.pixels), (1, 1, 1, times, times)), spacing=volume.spacing, unit=volume.unit)


def test_segment_and_teach_run_there_and_give_the_same_as_here(place: ClusterSettings) -> None:
    with Session.temporary() as session:
        heard = Heard(session)
        entry = session.add_image(_sample())
        session.choose_model("nuclei-2d")
        session.segment()
        session.run_until_idle()
        here = entry.labels.copy()

        session.run_on(place)
        heard.events.clear()
        session.edits.replace_labels(np.zeros_like(here))
        session.segment()
        session.run_until_idle()
        assert heard.of(Started)[0].device.startswith("127.0.0.1:")
        assert heard.of(TileDone)
        np.testing.assert_array_equal(entry.labels, here)

        session.edits.approve_region((slice(None),) * 4)
        session.teach_settings = TeachSettings(max_steps=6, max_seconds=40, threads=1, device="cpu")
        session.options = SessionOptions(resegment_after_teach=False)
        known = len(session.models.all())
        session.teach()
        session.run_until_idle()
        ended = heard.of(Finished)[-1].result
        assert ended.type == "teach"
        assert ended.steps > 0
        assert len(session.models.all()) == known + 1


def _segment_until_a_tile_came(session: Session, place: ClusterSettings, heard: Heard) -> None:
    session.add_image(_sample(4))
    session.choose_model("nuclei-2d")
    session.run_on(place)
    session.segment()
    while not heard.of(TileDone) and session.busy():
        session.pump()
        time.sleep(0.02)


def test_a_killed_worker_is_said_and_the_job_done_by_another(place: ClusterSettings, cluster) -> None:
    with Session.temporary() as session:
        heard = Heard(session)
        _segment_until_a_tile_came(session, place, heard)
        with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
            processes = client.run(os.getpid)
        os.kill(processes[session.compute.runners._last], signal.SIGKILL)
        session.run_until_idle()
        assert any("went away in the middle" in text for text in heard.said), heard.said
        assert heard.of(Finished)
        assert not heard.of(Failed)


def test_a_cancel_is_quick_and_leaves_the_worker_ready(place: ClusterSettings) -> None:
    with Session.temporary() as session:
        heard = Heard(session)
        _segment_until_a_tile_came(session, place, heard)
        began = time.monotonic()
        session.cancel()
        session.run_until_idle()
        assert time.monotonic() - began < 1.5
        assert heard.of(WasCancelled)
        session.segment()
        while not heard.of(TileDone)[1:] and session.busy():
            session.pump()
            time.sleep(0.02)
        session.run_on(ClusterSettings())
        session.run_until_idle()
        assert isinstance(session.runners, ProcessRunners)


def test_nobody_there_is_one_sentence_and_clicks_stay_here(tmp_path: Path) -> None:
    with Session.temporary() as session:
        heard = Heard(session)
        session.add_image(_sample())
        session.choose_model("nuclei-2d")
        session.run_on(ClusterSettings(scheduler="tcp://127.0.0.1:9"))
        assert isinstance(session.runners, ClusterRunners)
        session.segment()
        while session.busy():
            session.pump()
            time.sleep(0.02)
        assert heard.of(Failed)[0].message.startswith("No dask scheduler answers at tcp://127.0.0.1:9")
        assert not heard.of(Note)


def test_the_place_is_remembered(home: Path) -> None:
    assert choice.read_choice() == ClusterSettings()
    choice.remember(ClusterSettings(scheduler="tls://gpu-box:8786", tls_ca="ca.pem"))
    assert choice.read_choice().tls_ca == "ca.pem"
    (home / "run-on.json").write_text("{")
    assert choice.read_choice() == ClusterSettings()
