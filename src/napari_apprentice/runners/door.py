"""The one door to the engine: by name, so that nobody who only sends jobs loads torch."""

from __future__ import annotations

from importlib import import_module
from typing import Any

ENGINE = "napari_apprentice.engine.plans"  # has a class `Engine`


def engine_class(module: str = ENGINE) -> Any:
    """The class ``Engine`` of a module, which runs jobs."""
    return import_module(module).Engine


def engine_module(name: str) -> Any:
    """A module of the engine, such as "large.executor"."""
    return import_module(f"napari_apprentice.engine.{name}")
