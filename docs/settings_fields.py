"""What a class of settings has to choose, as a section of its docstring: all of it stands in the class."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo


def document_fields(app: Any, what: str, name: str, one: Any, options: Any, lines: list[str]) -> None:
    """Add the fields of a class of settings to its docstring: name, type, default, help and limits."""
    if what != "class" or not isinstance(one, type) or not issubclass(one, BaseModel):
        return
    lines += ["", ".. rubric:: Fields", ""]
    for field, info in one.model_fields.items():
        lines += [f"``{field}`` : {' or '.join(_names(info.annotation))}{_default(info)}", f"    {_words(info)}", ""]


def _names(annotation: Any) -> list[str]:
    if annotation is None or annotation is type(None):
        return ["None"]
    parts = get_args(annotation)
    origin = getattr(annotation, "__origin__", None)
    if parts and all(isinstance(part, str) for part in parts):
        return [f"``{part!r}``" for part in parts]
    if origin is tuple:
        return ["tuple of " + ", ".join(_names(part)[0] for part in parts if part is not Ellipsis)]
    if parts:
        return [name for part in parts for name in _names(part)]
    return [getattr(annotation, "__name__", str(annotation))]


def _default(info: FieldInfo) -> str:
    return "" if info.is_required() else f"; by default ``{info.get_default(call_default_factory=True)!r}``"


def _words(info: FieldInfo) -> str:
    limits = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    said = [
        f"{words} {getattr(one, key):g}" for one in info.metadata for key, words in limits.items() if hasattr(one, key)
    ]
    text = info.description or ""
    return " ".join(filter(None, (text, f"({', '.join(said)})" if said else ""))) or "\\ "
