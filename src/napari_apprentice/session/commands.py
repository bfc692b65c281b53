"""What was done in the window, as a command and as Python lines that do the same."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from napari_apprentice.architecture import FreshSettings
from napari_apprentice.errors import UserError
from napari_apprentice.project.folder import Project
from napari_apprentice.project.images import ImageReading
from napari_apprentice.session.catalog import ModelChoice
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.settings import Settings, changed_settings

Repeatable = Literal["segment", "teach"]


@dataclass(frozen=True)
class Doing:
    """What is repeated: a verb with its settings, and where it happened."""

    kind: Repeatable
    project: Project
    entry: ProjectImage
    model: ModelChoice
    settings: Settings
    fresh: FreshSettings


def command(doing: Doing) -> str:
    """One line for a shell."""
    kind, entry, model = doing.kind, doing.entry, doing.model
    options = [shlex.join(options_of(doing.settings))] if changed_settings(doing.settings) else []
    if kind == "teach":
        words = ["apprentice teach", shlex.quote(str(doing.project.path))]
        if model.is_fresh and doing.fresh.own is not None:
            return "# The network was given from Python, which the command line cannot: see the lines of Python."
        if model.is_fresh:
            words += ["--model fresh", "--network", doing.fresh.network]
            words += [shlex.quote(word) for word in options_of(doing.fresh, leave_out="network")]
    else:
        words = ["apprentice segment", shlex.quote(image_file(entry))]
        words += [f"--channel {channel}" for channel in entry.folder.image.reading.channels]
        words += ["--model", shlex.quote(str(usable(model))), "--out labels"]
    return " ".join([*words, *options])


def lines(doing: Doing) -> str:
    """A few lines of Python."""
    kind, entry, model = doing.kind, doing.entry, doing.model
    text = ["import napari_apprentice as na", ""]
    if kind == "teach":
        text += [f"session = na.Session.open({str(doing.project.path)!r})"]
        text += [f"session.choose_model({model.key!r})"]
        if model.is_fresh:
            text += _assigned("fresh", doing.fresh)
    else:
        text += ["session = na.Session.temporary()"]
        text += [f"image = na.read_image({image_file(entry)!r})"]
        if channels := entry.folder.image.reading.channels:
            text += [f"image = na.chosen_channels(image, {channels})"]
        text += ["session.add_image(image)"]
        text += [f"session.choose_model({str(usable(model))!r})"]
    text += _assigned(kind, doing.settings)
    text += [f"session.{kind}()", "session.run_until_idle()"]
    if kind == "segment":
        text += [f"session.export_labels({Path(entry.name).stem + '_labels.tif'!r})"]
    return "\n".join([*text, "session.close()", ""])


def _assigned(name: str, settings: Settings) -> list[str]:
    """The line that makes these the session's settings, unless they are the defaults."""
    chosen = ", ".join(f"{key}={_in_python(value)}" for key, value in changed_settings(settings).items())
    return [f"session.{name}_settings = na.{type(settings).__name__}({chosen})"] if chosen else []


def _in_python(value: object) -> str:
    if isinstance(value, Settings):
        return f"na.{value!r}"
    return repr(str(value) if isinstance(value, Path) else value)


def image_file(entry: ProjectImage) -> str:
    """The image's own file; `UserError` when reading it would not give this image."""
    image = entry.folder.image
    if image.copied or image.source is None or image.reading.order != ImageReading().order:
        raise UserError(
            f"{entry.name} has no file that holds just this image: save it as TIFF to repeat this outside the window."
        )
    return image.source


def usable(model: ModelChoice) -> str | Path:
    """A bundled name means the same everywhere, a version only with its file."""
    is_version = model.file is not None and model.file.parent.name == "versions"
    return model.file if is_version and model.file is not None else model.key


def options_of(settings: Settings, leave_out: str = "") -> list[str]:
    """What differs from the defaults, as options of the command line."""
    words = []
    for name, value in changed_settings(settings).items():
        option = name.replace("_", "-")
        if name == leave_out:
            continue
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        else:
            words += [f"--{option}", str(value)]
    return words
