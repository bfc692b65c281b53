from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test touches the user's own projects."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("APPRENTICE_HOME", str(folder))
    return folder
