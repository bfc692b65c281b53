"""What the lab logs is told on stderr: the command line is quiet otherwise."""

from __future__ import annotations

import logging


def tell(level: int) -> None:
    """Tell what the lab logs from ``level`` on, with the time of day."""
    logger = logging.getLogger("apprentice_lab")
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s  %(message)s", "%H:%M:%S"))
        logger.addHandler(handler)
    logger.setLevel(level)
