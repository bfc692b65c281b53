"""Records of a project that hold wrong values: what can be understood of them, and which names cannot."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from napari_apprentice.project import durable
from napari_apprentice.settings import Settings

S = TypeVar("S", bound=Settings)
_MOST_FAULTS = 1000  # at once
_MOST_ROUNDS = 50
_Place = tuple[int | str, ...]


def read(path: Path, model: type[S], instead: dict[str, Any]) -> tuple[S, list[str]]:
    """The record in a file, and the names in it of wrong values; these have their defaults, or those of ``instead``.

    Of a list only what is wrong in it is left out. `OSError` when there is no file, ValueError when it is no record.
    """
    told = durable.read_json(path)
    if not isinstance(told, dict):
        raise ValueError(f"{path} holds no record")
    told = copy.deepcopy(told)
    wrong: list[str] = []
    for _ in range(_MOST_ROUNDS):
        try:
            return model.model_validate(told), wrong
        except ValidationError as error:
            faults = [fault["loc"] for fault in error.errors(include_url=False, include_context=False)]
            if len(faults) > _MOST_FAULTS:  # leaving them out one by one would take for ever
                faults = list(dict.fromkeys(fault[:1] for fault in faults))
            if not _mend(told, faults, instead):
                raise
            wrong += [name for name in dict.fromkeys(str(fault[0]) for fault in faults if fault) if name not in wrong]
    raise ValueError(f"{path} has too many faults")


def sentence(path: Path, wrong: list[str]) -> str:
    """What is said about a record of which the ``wrong`` names were left out."""
    return (
        f"{path} holds what cannot be understood ({', '.join(wrong)}): the rest is here; "
        f"set that again, or take it from the file, which is kept beside as {path.stem}.damaged."
    )


def _mend(told: dict[str, Any], faults: Sequence[_Place], instead: dict[str, Any]) -> bool:
    """Leave out what is wrong, and put in what is missing; whether that changed anything."""
    found = [_found(told, fault) for fault in faults]
    missing = [fault for fault, at in zip(faults, found, strict=True) if fault and at is None]
    replaced = [_replace(told, str(fault[0]), instead) for fault in missing]
    changed = any(replaced)
    unique = {(id(around), key): (around, key) for around, key in filter(None, found)}
    for around, key in sorted(unique.values(), key=lambda at: at[1] if isinstance(at[1], int) else -1, reverse=True):
        if key in around if isinstance(around, dict) else key in range(len(around)):
            del around[key]
            changed = True
    return changed


def _found(told: Any, place: _Place) -> tuple[Any, Any] | None:
    """Where a value stands: in which record or list, and as what; the record around it, where it is missing there."""
    found: tuple[Any, Any] | None = None
    for key in place:
        is_there = key in told if isinstance(told, dict) else isinstance(told, list) and key in range(len(told))
        if not is_there:
            break
        found = (told, key)
        told = told[key]
    return found


def _replace(told: dict[str, Any], name: str, instead: dict[str, Any]) -> bool:
    if name in told or name not in instead:
        return False
    told[name] = instead[name]
    return True
