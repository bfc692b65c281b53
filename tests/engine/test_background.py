from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import torch

from napari_apprentice.engine.background import BackgroundThreads
from napari_apprentice.errors import Cancelled


def test_the_value_of_a_call_comes_of_it_and_what_it_raised() -> None:
    threads = BackgroundThreads()
    assert _value(threads, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        _value(threads, lambda: 1 // 0)


def test_a_cancel_is_heard_while_a_call_runs() -> None:
    go_on = threading.Event()
    with pytest.raises(Cancelled):
        list(BackgroundThreads().run(go_on.wait, lambda: True, "still"))
    go_on.set()


def test_what_a_call_without_memory_left_off_is_on_for_the_next() -> None:
    threads = BackgroundThreads()
    for _ in range(6):  # whichever thread it is
        _value(threads, lambda: torch.set_grad_enabled(False))
    assert all(_value(threads, torch.is_grad_enabled) for _ in range(6))


def _value(threads: BackgroundThreads, call: Callable[[], object]) -> object:
    run = threads.run(call, lambda: False, "still")
    try:
        while True:
            next(run)
    except StopIteration as ended:
        return ended.value
