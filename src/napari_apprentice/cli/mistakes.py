"""A mistake in the options, said in one sentence."""

from __future__ import annotations

from cyclopts import CycloptsError
from pydantic import ValidationError


def sentence(error: CycloptsError) -> str:
    """What came, what is allowed, and where to read more."""
    cause = error.__cause__
    said = _about_a_setting(cause) if isinstance(cause, ValidationError) else " ".join(str(error).split())
    command = " ".join(["apprentice", *(error.command_chain or ())])
    return f"{said.rstrip('.?!')}: see {command} --help."


def _about_a_setting(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    option = "--" + ".".join(str(part) for part in first["loc"]).replace("_", "-")
    message = first["msg"][0].lower() + first["msg"][1:]
    return f"{option} {message.replace('input should', 'should')}, not {first['input']!r}"
