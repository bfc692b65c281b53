"""Processes beside each other, each on one thread, for what takes long."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any


def keep(place: Path, work: Callable[..., Any], *arguments: Any) -> Any:
    """What `work` came to in a process of its own, as JSON: from the file `place` when it is there, else put there."""
    if not place.exists():
        with pool(1) as alone:
            place.write_text(json.dumps(alone.submit(work, *arguments).result(), indent=1) + "\n", encoding="utf-8")
    return json.loads(place.read_text(encoding="utf-8"))


def each(work: Callable[..., str], arguments: Sequence[tuple[Any, ...]], processes: int) -> Iterator[str]:
    """Do `work` with each of `arguments`, several at once; what it returns is said as soon as it is done."""
    began = time.monotonic()
    with pool(processes) as workers:
        doing = [workers.submit(work, *one) for one in arguments]
        try:
            for count, done in enumerate(as_completed(doing), 1):
                minutes = (time.monotonic() - began) / 60
                yield f"[{count}/{len(arguments)}, {minutes:.0f} min] {done.result()}"
        finally:
            workers.shutdown(wait=False, cancel_futures=True)


def pool(processes: int) -> ProcessPoolExecutor:
    """Fresh processes of one thread each."""
    return ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_alone)


def _alone() -> None:
    """Set before torch is imported."""
    os.environ["OMP_NUM_THREADS"] = "1"
