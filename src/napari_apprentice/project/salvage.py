"""Records of a project that hold wrong values: what can be understood of them, and which names cannot."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from napari_apprentice.project import durable
from napari_apprentice.settings import Settings

S = TypeVar("S", bound=Settings)
_MOST_FAULTS = 1000


def read(path: Path, model: type[S], instead: dict[str, Any]) -> tuple[S, list[str]]:
    """The record in a file, and the names in it of wrong values; these have their defaults, or those of ``instead``.

    Of a list only what is wrong in it is left out. `OSError` when there is no file, ValueError when it is no record.
    """
    told = durable.read_json(path)
    if not isinstance(told, dict):
        raise ValueError(f"{path} holds no record")
    told = copy.deepcopy(told)
    wrong: list[str] = []
    for _ in range(_MOST_FAULTS):
        try:
            return model.model_validate(told), wrong
        except ValidationError as error:
            place = error.errors()[0]["loc"]
            if not place or not (_drop(told, place) or _replace(told, str(place[0]), instead)):
                raise
            if str(place[0]) not in wrong:
                wrong.append(str(place[0]))
    raise ValueError(f"{path} has too many faults")


def sentence(path: Path, wrong: list[str]) -> str:
    """What is said about a record of which the ``wrong`` names were left out."""
    return (
        f"{path} holds what cannot be understood ({', '.join(wrong)}): the rest is here; "
        f"set that again, or take it from the file, which is kept beside as {path.stem}.damaged."
    )


def _drop(told: Any, place: tuple[int | str, ...]) -> bool:
    """Leave out what stands at a place; the record around it, where it is missing there."""
    found: list[tuple[Any, Any]] = []
    for key in place:
        is_there = key in told if isinstance(told, dict) else isinstance(told, list) and key in range(len(told))
        if not is_there:
            break
        found.append((told, key))
        told = told[key]
    if not found:
        return False
    around, key = found[-1]
    del around[key]
    return True


def _replace(told: dict[str, Any], name: str, instead: dict[str, Any]) -> bool:
    if name in told or name not in instead:
        return False
    told[name] = instead[name]
    return True
