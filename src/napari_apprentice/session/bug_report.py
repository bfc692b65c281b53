"""A file to send with a question: what *Check this computer* found, and on request what a project is; no pixels."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from napari_apprentice.data.storage import disk
from napari_apprentice.data.storage.atomic_write import atomic_write
from napari_apprentice.project.about import about_project
from napari_apprentice.runners.selfcheck.report import Report, packages


def pack(report: Report, out: str | Path, project: str | Path | None = None, *, names: bool = False) -> Path:
    """Write a zip file: ``report.txt``, ``packages.txt`` and, of a project, ``project.json``.

    Parameters
    ----------
    report
        What `runners.selfcheck.check_computer` found.
    out
        The file; replaced whole when it is there.
    project
        A project's folder: its kind, settings of its versions, sizes of its images.
    names
        Leave in it what files, folders, images, classes and the project are called.

    Raises
    ------
    UserError
        When the project cannot be read, or the file not be written.
    """
    path = Path(out)
    files = {"report.txt": "\n".join(report.lines), "packages.txt": "\n".join(packages())}
    if project is not None:
        about = about_project(Path(project))
        files["project.json"] = json.dumps(about if names else _nameless(about), indent=1)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, text in files.items():
                packed.writestr(name, text + "\n")
    except OSError as error:
        raise disk.refusal(error, path) from error
    return path


def _nameless(about: dict[str, Any]) -> dict[str, Any]:
    """The same without what anything is called: images, classes and versions by their number."""
    told = {key: value for key, value in about.items() if key not in ("path", "name")}
    images = [one["id"] for one in about["images"]]
    numbers = {key: f"image {number}" for number, key in enumerate(images, 1)}
    told["images"] = [
        {**{key: value for key, value in one.items() if key not in ("name", "source")}, "id": numbers[one["id"]]}
        for one in about["images"]
    ]
    told["classes"] = [{**one, "name": f"class {one['value']}"} for one in about["classes"]]
    known = {one["id"] for one in about["versions"]}
    models = {key: key for key in known}
    told["versions"] = [
        {
            **one,
            "parent": models.get(one["parent"], _model(one["parent"])),
            "images": None if one["images"] is None else [numbers.get(key, "another image") for key in one["images"]],
        }
        for one in about["versions"]
    ]
    told["model"] = models.get(about["model"], _model(about["model"]))
    return told


def _model(key: str | None) -> str | None:
    """The key of a model that is no version: a file's path says where it lies."""
    return key if not key or key == Path(key).name else "a file"
