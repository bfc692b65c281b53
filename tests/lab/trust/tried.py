"""Things to try apart: they end well, badly, never, or with words of others."""

from __future__ import annotations

import os
import sys
import threading
import time


def well() -> list[str]:
    return []


def badly(why: str) -> list[str]:
    return [why]


def raising() -> list[str]:
    raise ZeroDivisionError("by nothing")


def hanging() -> list[str]:
    time.sleep(60)
    return []


def dying() -> list[str]:
    os._exit(7)


def printing() -> list[str]:
    sys.stderr.write("a library's line\n")
    return []


def raising_beside() -> list[str]:
    thread = threading.Thread(target=raising)
    thread.start()
    thread.join()
    return []
