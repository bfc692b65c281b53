"""`apprentice segment` in a process of its own, watched from outside: time, and the most memory it held."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from napari_apprentice.errors import UserError

_SAMPLE_S = 0.1
_START = "import sys; from napari_apprentice.cli import main; main()"


def run_segment(
    arguments: Sequence[str | Path], *, threads: int, stop: Callable[[float], bool] | None = None
) -> dict[str, Any]:
    """Run ``apprentice segment`` with so many threads; how long, and peak megabytes of it and of its workers.

    ``seconds`` are those of the job without starting Python, ``cpu_s`` those of them that cores were busy for it, which
    other work on the machine hardly changes, ``all_cpu_s`` the same of the whole process.
    ``stop`` is asked at every sample with the seconds that passed; once true, the process and its workers are killed.
    """
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    environment = os.environ | {name: str(threads) for name in names} | {"ZARR_ASYNC__CONCURRENCY": str(threads)}
    began = time.perf_counter()
    command = [sys.executable, "-c", _START, "segment", *map(str, arguments)]
    peak, most, killed, busy = 0, 0, False, [(0.0, 0.0)]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    ) as child:
        watched = psutil.Process(child.pid)
        while child.poll() is None:
            own, all_of_them, cpu_s = _seen(watched)
            peak, most = max(peak, own), max(most, all_of_them)
            busy.append((time.perf_counter() - began, max(busy[-1][1], cpu_s)))
            if stop is not None and stop(time.perf_counter() - began):
                _kill(watched)
                killed = True
                break
            time.sleep(_SAMPLE_S)
        said = child.stdout.read() if child.stdout is not None and not killed else ""
    if child.returncode != 0 and not killed:
        raise UserError(f"Segmenting failed: {said.strip().splitlines()[-1] if said.strip() else child.returncode}")
    told = re.search(r" in ([\d.]+) s$", said.strip())
    whole, seconds = time.perf_counter() - began, float(told[1]) if told else float("nan")
    times, cpu = zip(*busy, strict=True)
    return {
        "whole_s": whole,
        "seconds": seconds,
        "all_cpu_s": cpu[-1],
        "cpu_s": cpu[-1] - float(np.interp(whole - seconds, times, cpu)),
        "peak_mb": peak / 1e6,
        "peak_of_all_mb": most / 1e6,
        "load": psutil.getloadavg()[0],
    }


def _seen(process: psutil.Process) -> tuple[int, int, float]:
    """Bytes of a process, and with all its children; the seconds that they kept a core busy."""
    try:
        there = [process, *process.children(recursive=True)]
        sizes = [one.memory_info().rss for one in there]
        return sizes[0], sum(sizes), sum(sum(one.cpu_times()[:2]) for one in there)
    except psutil.Error:  # it ended meanwhile
        return 0, 0, 0.0


def _kill(process: psutil.Process) -> None:
    """As by kill -9, workers first."""
    for one in [*process.children(recursive=True), process]:
        try:
            one.kill()
        except psutil.Error:
            continue
