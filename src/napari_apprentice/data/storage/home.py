"""Where the product keeps what is its own: projects, and notes about files that are being written."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def home() -> Path:
    """``$APPRENTICE_HOME``, or the user's data folder."""
    return Path(
        os.environ.get("APPRENTICE_HOME") or platformdirs.user_data_dir("napari-apprentice", appauthor=False)
    ).absolute()
