"""Where fast networks are kept: a cache folder of the user's, in which nothing is missed when it is removed."""

from __future__ import annotations

import hashlib
import os
import shutil
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import Field, ValidationError

from napari_apprentice.engine.fast.runtime import multiplies_bytes
from napari_apprentice.settings import Settings, Triple

Precision = Literal["int8", "bf16", "f32"]

_FORMAT = 1
_KEPT = 32
_ABOUT = "about.json"


class About(Settings):
    """What was made of a model. ``problem`` is one sentence when nothing could be; ``tile`` None takes any size.

    ``agreement`` is the share of objects (voxels, for classes) that are as they are in single precision.
    """

    problem: str = ""
    precision: Precision = "f32"
    tile: Triple | None = None
    agreement: Annotated[float, Field(ge=0, le=1)] = 1.0
    seconds: float = 0.0


def key_of(model: str, tile: Triple | None) -> str:
    """What tells one fast network from another: weights, versions, what the processor can."""
    return "-".join([_hash(model, Path(model).stat().st_mtime_ns), *(map(str, tile or ())), _here()])


def folder_of(key: str) -> Path:
    """Where it is, or will be."""
    return _root() / key


def find(key: str) -> About | None:
    """What was made under a key; None: nothing yet, or nothing that can be read."""
    path = folder_of(key) / _ABOUT
    try:
        about = About.model_validate_json(path.read_bytes())
        os.utime(path)  # used now
    except (OSError, ValidationError):
        return None
    return about


def put(key: str, unfinished: Path, about: About) -> None:
    """A folder becomes the entry of a key, whole or not at all; the ones used longest ago make room."""
    (unfinished / _ABOUT).write_text(about.model_dump_json(), encoding="utf-8")
    target = folder_of(key)
    shutil.rmtree(target, ignore_errors=True)
    unfinished.replace(target)
    entries = sorted(_root().glob(f"*/{_ABOUT}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in entries[_KEPT:]:
        shutil.rmtree(old.parent, ignore_errors=True)


def new_folder(key: str) -> Path:
    """An empty folder beside the entries."""
    path = _root() / f"{key}.{os.getpid()}.part"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def _root() -> Path:
    return Path(platformdirs.user_cache_path("napari-apprentice")) / "fast"


@cache
def _hash(model: str, changed_ns: int) -> str:
    return hashlib.sha256(Path(model).read_bytes()).hexdigest()[:24]


@cache
def _here() -> str:
    return f"{version('openvino')}-{'int8' if multiplies_bytes() else 'float'}-{_FORMAT}"
