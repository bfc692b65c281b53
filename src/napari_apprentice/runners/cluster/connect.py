"""A way to a dask scheduler: one that is there, or one of this machine's own."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
from contextlib import suppress
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from napari_apprentice.data.storage.temporary import TemporaryFolder
from napari_apprentice.errors import UserError
from napari_apprentice.runners.door import engine_module
from napari_apprentice.settings import ClusterSettings

_KNOCK_S = 8  # dask goes on knocking also where it was refused
_PATIENCE_S = 30
# Dask lets workers give every freed array back to the system, and a network that gets its memory anew for each layer
# takes half as long again; kept, it takes a fifth less than without either.
_MALLOC = {"MALLOC_TRIM_THRESHOLD_": 128 << 20, "MALLOC_MMAP_THRESHOLD_": 32 << 20}
_ALONE = "127.0.0.1"  # nobody else can knock there
_SECRET = ("tls", "inproc")  # ways that nobody can listen to
_SAVED = ".json"  # what `dask scheduler --scheduler-file` writes


def import_distributed() -> Any:
    """The package; `UserError` where it is not installed."""
    try:
        return import_module("distributed")
    except ImportError as error:
        raise UserError('Clusters need dask.distributed: pip install "napari-apprentice[cluster]".') from error


class Connection:
    """A client of a scheduler whose workers are ready; `close` ends workers that were started for it.

    Raises
    ------
    UserError
        When nobody answers, no worker is there, or the workers do not have this package; when the way there is open
        to others; when workers of our own cannot have certificates.
    """

    def __init__(self, settings: ClusterSettings) -> None:
        self._cluster: Any = None
        self._files: TemporaryFolder | None = None  # of workers of our own
        self._dask = import_distributed()
        if settings.scheduler:
            self.words = settings.scheduler
            self.client = self._to(settings)
        else:
            self.words = "this computer"
            self.client = self._own(settings.workers or 1)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    @property
    def is_lost(self) -> bool:
        """Whether the scheduler went away."""
        return bool(self.client.status in ("closed", "closing"))

    def threads(self) -> int:
        """How many tasks the workers do at the same time."""
        return int(sum(self.client.nthreads().values()))

    def memory_bytes(self) -> int:
        """What a task may take on the smallest worker."""
        from napari_apprentice.runners.cluster import worker  # which needs distributed

        return int(min(self.client.run(worker.memory_bytes).values()))

    def close(self) -> None:
        """Hang up."""
        with suppress(Exception):  # what is gone already is closed
            self.client.close(timeout=2)
        if self._cluster is not None:
            self._cluster.close(timeout=5)
        if self._files is not None:
            self._files.close()

    def _to(self, settings: ClusterSettings) -> Any:
        address = str(settings.scheduler)
        security = security_of(settings)
        saved = address.endswith(_SAVED)
        if saved and not Path(address).exists():
            raise UserError(f"The scheduler file {address} is not there: start the scheduler, or check the path.")
        try:
            found = json.loads(Path(address).read_text(encoding="utf-8"))["address"] if saved else address
            _refuse_to_be_overheard(found)
            asyncio.run(_answers(found, security))
        except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
            tls = " and its TLS certificates" if address.startswith("tls") or security else ""
            raise UserError(f"No dask scheduler answers at {address}: check the address{tls}.") from error
        return self._dask.Client(found, security=security, timeout=_PATIENCE_S, set_as_default=False)

    def _own(self, workers: int) -> Any:
        """Processes of one thread each; with GPUs each is given one of them."""
        dask = self._dask
        security = _secret()
        from napari_apprentice.runners.cluster import quiet  # which needs distributed

        gpus = _gpus()
        self._files = TemporaryFolder()
        options = {"nthreads": 1, "silence_logs": logging.CRITICAL, **_quiet(security)}
        total = psutil.virtual_memory().available
        each = {"memory_limit": int(0.9 * total / workers), "worker_class": quiet.QuietWorker, **options}
        spec = {
            i: {
                "cls": dask.Nanny,
                "options": {**each, "env": {"CUDA_VISIBLE_DEVICES": gpus[i % len(gpus)]} if gpus else {}},
            }
            for i in range(workers)
        }
        kept: dict[str, Any] = {f"distributed.nanny.pre-spawn-environ.{name}": value for name, value in _MALLOC.items()}
        kept["temporary-directory"] = str(self._files.path)  # they import what lies there, so it is nobody else's
        with import_module("dask").config.set(kept):
            self._cluster = dask.SpecCluster(
                workers=spec,
                scheduler={"cls": quiet.QuietScheduler, "options": {"port": 0, **_quiet(security)}},
                security=security,
                silence_logs=logging.CRITICAL,
            )
        return dask.Client(self._cluster, set_as_default=False)

    def _prepare(self) -> None:
        try:
            self.client.wait_for_workers(1, timeout=_PATIENCE_S)
        except TimeoutError as error:
            raise UserError(
                f"The scheduler at {self.words} has no workers: start some with dask worker, or wait for the queue."
            ) from error
        from napari_apprentice.runners.cluster import worker  # which needs distributed

        try:
            told = self.client.register_plugin(worker.Apprentice(), name=worker.NAME)
            self.client.run(worker.memory_bytes)
        except Exception as error:
            raise UserError(
                f"The workers at {self.words} cannot load napari-apprentice ({error}): install the same version there."
            ) from error
        for answer in (told or {}).values():
            if answer.get("status") == "error":
                raise UserError(
                    f"A worker at {self.words} cannot load napari-apprentice: install the same version there."
                )


def _refuse_to_be_overheard(address: str) -> None:
    """`UserError` for an address beyond this machine without TLS: whoever is on the way there could run programs here.

    `OSError` when there is no such place.
    """
    scheme, _, place = str(address).rpartition("://")
    if scheme in _SECRET:
        return
    own = {str(one.address).partition("%")[0] for there in psutil.net_if_addrs().values() for one in there}
    for *_, found in socket.getaddrinfo(urlsplit(f"//{place}").hostname or place, None):
        host = str(found[0]).partition("%")[0]
        if host not in own and not ip_address(host).is_loopback:
            raise UserError(
                f"The scheduler {address} is on another machine and has no TLS, so that anyone on the way could run "
                "programs on both: start it with certificates and give its tls:// address with them (docs/scale.md)."
            )


async def _answers(address: str, security: Any) -> None:
    """Knock: a client that cannot connect would hang when it is thrown away."""
    arguments = (security or import_distributed().Security()).get_connection_args("client")
    comm = await import_module("distributed.comm").connect(address, timeout=_KNOCK_S, **arguments)
    await comm.close()


def security_of(settings: ClusterSettings) -> Any:
    """What TLS needs; None without certificates. `UserError` when a file of them is missing."""
    files = {
        "tls_ca_file": settings.tls_ca,
        "tls_client_cert": settings.tls_cert,
        "tls_client_key": settings.tls_key,
    }
    if not any(files.values()):
        return None
    if not all(files.values()):
        raise UserError("TLS needs three files: give --tls-ca, --tls-cert and --tls-key together.")
    for path in files.values():
        if not Path(str(path)).is_file():
            raise UserError(f"The certificate {path} is not there: check the path.")
    return import_distributed().Security(**{name: str(path) for name, path in files.items()}, require_encryption=True)


def _secret() -> Any:
    """Certificates for one run: without them everyone on this machine could have our workers run code."""
    try:
        return import_distributed().Security.temporary()
    except ImportError as error:
        raise UserError(
            "Workers of our own need certificates, which the package cryptography makes: pip install cryptography."
        ) from error


def _quiet(security: Any) -> dict[str, Any]:
    """Where scheduler, nannies and workers of ours listen: on this machine, to those who have the certificate."""
    return {"host": _ALONE, "protocol": "tls://", "security": security, "dashboard": False}


def _gpus() -> list[str]:
    """Numbers of the GPUs that may be used, as `CUDA_VISIBLE_DEVICES` has them."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is not None:
        return [one for one in allowed.split(",") if one and one != "-1"]
    return [str(i) for i in range(engine_module("device").gpus())]
