"""``apprentice check``: does this computer compute what it should."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from napari_apprentice.cli.progress import say
from napari_apprentice.errors import UserError
from napari_apprentice.runners.selfcheck import check_computer
from napari_apprentice.session.bug_report import pack


def check(
    *,
    zip: Annotated[Path | None, Parameter(name="--zip")] = None,
    project: Path | None = None,
    names: bool = False,
) -> None:
    """Say what is installed, and check that every device computes what the processor does, and how fast.

    A device that crashes, stands still or computes something else is not used from then on, until it is checked again.

    Parameters
    ----------
    zip
        A file to send with a question: all of this, and the versions of all packages. No pixels.
    project
        Put into it what this project is: sizes of its images, settings and scores of its versions.
    names
        Leave in it what files, images and classes are called.
    """
    if project is not None and zip is None:
        raise UserError("A project goes into a file: give --zip FILE as well.")
    report = check_computer()
    for line in report.lines:
        say(line)
    if zip is not None:
        say(
            f"Written to {pack(report, zip, project, names=names)}; it has no pixels" + ("." if names else " or names.")
        )
