from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test touches the user's own projects."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("APPRENTICE_HOME", str(folder))
    return folder


class SmallDisk:
    """A file system of a few megabytes, to be filled."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filling = path / "filling"

    def fill(self, *, but: int = 0) -> None:
        """Leave room for ``but`` bytes, in whole pages."""
        gc.collect()  # a removed file that is still mapped would give its room back later
        with suppress(OSError), self._filling.open("ab", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        with self._filling.open("r+b") as file:
            file.truncate(self._filling.stat().st_size - but)

    def make_room(self) -> None:
        """Remove what fills it."""
        self._filling.unlink(missing_ok=True)

    def files(self) -> list[str]:
        """What lies on it, below and hidden files too."""
        return sorted(str(path.relative_to(self.path)) for path in self.path.rglob("*") if path != self._filling)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A real file system of 8 MB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a small file system is mounted by root on Linux only")
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", path], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no file system may be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "-l", path], check=True)
