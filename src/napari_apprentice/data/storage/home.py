"""Where the product keeps what is its own: projects, notes about files that are being written, what a user chose."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def home() -> Path:
    """``$APPRENTICE_HOME``, or the user's data folder."""
    return Path(
        os.environ.get("APPRENTICE_HOME") or platformdirs.user_data_dir("napari-apprentice", appauthor=False)
    ).absolute()


def configuration() -> Path:
    """``$APPRENTICE_HOME``, or the user's configuration folder: what was chosen for all projects."""
    return Path(
        os.environ.get("APPRENTICE_HOME") or platformdirs.user_config_dir("napari-apprentice", appauthor=False)
    ).absolute()
