"""Pieces of a large image on workers: the same labels, also when one is killed; one sentence for each mistake."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import tifffile
import zarr

from napari_apprentice import cli
from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.files import read_labels
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.large.work import work_folder
from napari_apprentice.engine.nets import build
from napari_apprentice.errors import UserError
from napari_apprentice.events import Finished, Note, WasCancelled
from napari_apprentice.jobs import SegmentLargeJob
from napari_apprentice.runners import InlineRunners
from napari_apprentice.runners.cluster.connect import Connection, security_of
from napari_apprentice.runners.cluster.executor import ClusterExecutor
from napari_apprentice.settings import ClusterSettings, NormalizeSettings, SegmentSettings

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.timeout(400)  # workers import torch, which a busy machine takes its time for


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """An untrained model that finds something everywhere."""
    import torch

    inputs = NormalizeSettings().inputs_per_channel
    net = NetSettings(widths=(4, 8), pools=((1, 2, 2),), in_channels=inputs, norm="none")
    torch.manual_seed(0)
    path = tmp_path / "tiny.safetensors"
    checkpoint.save(path, ModelHeader(id="tiny", name="tiny", net=net, object_diameter=10), build(net))
    return path


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Discs on a noisy ground, 800 x 700."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:800, :700]
    pixels = random.normal(40, 4, (800, 700)) + 120 * ((y % 25 - 12) ** 2 + (x % 25 - 12) ** 2 < 60)
    path = tmp_path / "big.zarr"
    array = zarr.create_array(path, shape=(800, 700), chunks=(128, 128), dtype=np.uint8, dimension_names=("y", "x"))
    array[:] = pixels.clip(0, 255).astype(np.uint8)
    return path


def _job(image: Path, model: Path, out: Path) -> SegmentLargeJob:
    return SegmentLargeJob(
        id="l",
        image=str(image),
        model=str(model),
        settings=SegmentSettings(tile=96, diameter=10),
        memory_mb=1.0,
        out=str(out),
    )


def _alone(job: SegmentLargeJob) -> np.ndarray:
    running = InlineRunners().start(job)
    while not running.ended:
        running.poll()
    return read_labels(job.out)


def _workers(executor: ClusterExecutor) -> list[int]:
    return list(executor._there().client.run(os.getpid).values())


@pytest.mark.slow
def test_workers_give_the_same_labels_also_when_one_is_killed_or_all_are_stopped(
    image: Path, model: Path, tmp_path: Path
) -> None:
    expected = _alone(_job(image, model, tmp_path / "alone.zarr"))
    assert expected.max() > 100
    executor = ClusterExecutor(ClusterSettings(workers=2))
    runners = InlineRunners(executor=executor)
    try:
        running = runners.start(_job(image, model, tmp_path / "out.zarr"))
        seen, killed = [], False
        while not running.ended:
            seen += running.poll()
            done = work_folder(tmp_path / "out.zarr") / "0" / "predict.done"
            if not killed and done.exists() and np.fromfile(done, np.uint8).any():
                os.kill(_workers(executor)[0], signal.SIGKILL)
                killed = True
        assert killed, seen[-1]
        assert isinstance(seen[-1], Finished)
        np.testing.assert_array_equal(read_labels(tmp_path / "out.zarr"), expected)

        running = runners.start(_job(image, model, tmp_path / "again.zarr"))
        for _ in range(4):
            running.poll()
        running.cancel()
        while not running.ended:
            last = running.poll()[-1]
        assert isinstance(last, WasCancelled)
    finally:
        runners.close()
    assert work_folder(tmp_path / "again.zarr").exists()
    assert not [one for one in psutil.Process().children(recursive=True) if "spawn_main" in " ".join(one.cmdline())]
    # what workers began, one process finishes
    running = InlineRunners().start(_job(image, model, tmp_path / "again.zarr"))
    notes = [event for _ in range(3) for event in running.poll() if isinstance(event, Note)]
    assert "Going on" in notes[0].text
    while not running.ended:
        running.poll()
    np.testing.assert_array_equal(read_labels(tmp_path / "again.zarr"), expected)


@pytest.mark.slow
def test_the_command_line_takes_workers_or_a_scheduler(image: Path, model: Path, tmp_path: Path) -> None:
    options = [str(image), "--model", str(model), "--format", "zarr", "--tile", "96", "--diameter", "10"]
    assert cli.run(["segment", *options, "--out", str(tmp_path / "one"), "--workers", "1"]) == 0
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        (tmp_path / "scheduler.json").write_text('{"address": "' + cluster.scheduler_address + '"}')
        where = ["--scheduler", str(tmp_path / "scheduler.json")]
        assert cli.run(["segment", *options, "--out", str(tmp_path / "two"), *where]) == 0
    assert cli.run(["segment", *options, "--out", str(tmp_path / "three"), "--blocks"]) == 0
    labels = [read_labels(tmp_path / name / "big.zarr") for name in ("one", "two", "three")]
    np.testing.assert_array_equal(labels[0], labels[2])
    np.testing.assert_array_equal(labels[1], labels[2])


@pytest.mark.slow
def test_only_those_with_certificates_reach_a_scheduler_with_tls(tmp_path: Path) -> None:
    pytest.importorskip("cryptography", reason="certificates are made with the package cryptography")
    made = distributed.Security.temporary().get_tls_config_for_role("client")
    for name, content in (("ca", made["ca_file"]), ("cert", made["cert"]), ("key", made["key"])):
        (tmp_path / f"{name}.pem").write_text(content)
    files = {f"tls_{name}": str(tmp_path / f"{name}.pem") for name in ("ca", "cert", "key")}
    security = security_of(ClusterSettings(**files))
    server = distributed.Security(
        tls_ca_file=files["tls_ca"],
        require_encryption=True,
        **{
            f"tls_{role}_{what}": files[f"tls_{what}"]
            for role in ("scheduler", "worker", "client")
            for what in ("cert", "key")
        },
    )
    assert security is not None
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tls://", security=server, dashboard_address=None
    ) as cluster:
        there = Connection(ClusterSettings(scheduler=cluster.scheduler_address, **files))
        assert there.threads() == 1
        there.close()
        with pytest.raises(UserError, match="TLS certificates"):
            Connection(ClusterSettings(scheduler=cluster.scheduler_address))


@pytest.mark.slow
def test_workers_of_our_own_are_reached_from_this_machine_only_and_with_certificates() -> None:
    pytest.importorskip("cryptography", reason="certificates are made with the package cryptography")
    before = {place.laddr.port for place in _listening(psutil.Process())}
    there = Connection(ClusterSettings(workers=2))
    try:
        ours = psutil.Process()
        found = [place for process in [ours, *ours.children(recursive=True)] for place in _listening(process)]
        found = [place for place in found if place.laddr.port not in before]
        assert len(found) >= 5  # the scheduler, two nannies, two workers
        assert {place.laddr.ip for place in found} == {"127.0.0.1"}
        for place in found:
            assert _answer_in_http(place.laddr.port) == b""
        addresses = [there.client.scheduler_info()["address"], *there.client.nthreads()]
        for address in addresses:
            with pytest.raises(UserError, match="No dask scheduler answers"):
                Connection(ClusterSettings(scheduler=address))
    finally:
        there.close()


@pytest.mark.slow
def test_workers_of_our_own_leave_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cryptography", reason="certificates are made with the package cryptography")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    there = Connection(ClusterSettings(workers=1))
    try:
        assert list(tmp_path.iterdir())
    finally:
        there.close()
    assert list(tmp_path.iterdir()) == []


def _listening(process: psutil.Process) -> list[Any]:
    return [place for place in process.net_connections() if place.status == psutil.CONN_LISTEN]


def _answer_in_http(port: int) -> bytes:
    """What a stranger without a certificate hears."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as stranger:
        stranger.sendall(b"GET /info/main/workers.html HTTP/1.0\r\n\r\n")
        with suppress(ConnectionError):
            return stranger.recv(1000)
    return b""


def test_without_certificates_there_are_no_workers_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    before = set(psutil.Process().children(recursive=True)), len(_listening(psutil.Process()))
    with pytest.raises(UserError, match="pip install cryptography"):
        Connection(ClusterSettings(workers=1))
    assert (set(psutil.Process().children(recursive=True)), len(_listening(psutil.Process()))) == before


@pytest.mark.parametrize(
    "address", ["tcp://192.0.2.1:8786", "192.0.2.1:8786", "tcp://[2001:db8::1]:8786", "ws://192.0.2.1:80"]
)
def test_another_machine_is_not_talked_to_without_tls(tmp_path: Path, address: str) -> None:
    (tmp_path / "scheduler.json").write_text(json.dumps({"address": address}))
    for scheduler in (address, str(tmp_path / "scheduler.json")):
        with pytest.raises(UserError, match="on another machine and has no TLS"):
            Connection(ClusterSettings(scheduler=scheduler))


def test_what_a_cluster_needs_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="--tls-key together"):
        security_of(ClusterSettings(tls_ca="a.pem"))
    with pytest.raises(UserError, match="not there"):
        security_of(ClusterSettings(tls_ca="a.pem", tls_cert="b.pem", tls_key="c.pem"))
    with pytest.raises(UserError, match="scheduler file"):
        Connection(ClusterSettings(scheduler=str(tmp_path / "none.json")))
    for name in ("_KNOCK_S", "_PATIENCE_S"):
        monkeypatch.setattr(f"napari_apprentice.runners.cluster.connect.{name}", 1)
    with pytest.raises(UserError, match="No dask scheduler answers"):
        Connection(ClusterSettings(scheduler="tcp://127.0.0.1:9"))
    with pytest.raises(UserError, match="No dask scheduler answers"):
        Connection(ClusterSettings(scheduler="nothing"))
    with (
        distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=None) as cluster,
        pytest.raises(UserError, match="has no workers"),
    ):
        Connection(ClusterSettings(scheduler=cluster.scheduler_address))


def test_workers_and_a_scheduler_are_one_too_many(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((64, 64), np.uint8))
    base = ["segment", str(tmp_path / "a.tif"), "--model", str(model), "--out", str(tmp_path / "out")]
    base += ["--workers", "2"]
    assert cli.run([*base, "--scheduler", "tcp://x:1"]) == 2
    assert "either --workers or --scheduler" in capsys.readouterr().err
    assert cli.run([*base, "--no-blocks"]) == 2
    assert "leave --no-blocks out" in capsys.readouterr().err
