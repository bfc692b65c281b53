"""What a process that will be killed is asked, what it tells while it works, and what a project is seen to hold."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.session import Session
from napari_apprentice.session.large_project_image import LargeProjectImage
from napari_apprentice.session.project_image import ProjectImage

Network = Literal["none", "inline", "processes"]


@dataclass(frozen=True)
class Seen:
    """What a project holds: digests of labels and what is confirmed by image, versions, the model chosen, settings."""

    images: Mapping[str, str] = field(default_factory=dict)
    versions: tuple[str, ...] = ()
    model: str = ""
    settings: str = ""


@dataclass(frozen=True)
class Begins:
    """An action begins: what had returned before, and what is known of how it may end.

    ``image`` is the one it changes, ``before`` what undo gives then and ``after`` what it ends with, where that is
    known. ``settings`` are those it chooses, ``export`` the file it writes and ``exported`` the labels in it.
    """

    action: str
    seen: Seen
    image: str = ""
    before: str = ""
    after: str = ""
    settings: str = ""
    export: str = ""
    exported: str = ""


@dataclass(frozen=True)
class Done:
    """An action has returned: everything it did is acknowledged; ``project`` is where it is from now on."""

    action: str
    seen: Seen
    project: str
    export: str = ""
    content: str = ""


@dataclass(frozen=True)
class Opened:
    """A project was opened after a kill; a sentence for each thing that is not as it must be.

    ``exports`` are the files there are now, those that were under way included.
    """

    seen: Seen
    exports: Mapping[str, str]
    failures: tuple[str, ...]
    cut: bool  # whether a record that was being written was cut off


@dataclass(frozen=True)
class Plan:
    """One life: where it works, what was acknowledged before and what was under way, and how it goes on."""

    folder: str
    project: str
    seed: int
    network: Network
    is_large: bool
    expected: Seen
    under_way: tuple[Begins, ...] = ()
    exports: Mapping[str, str] = field(default_factory=dict)


def seen_of(session: Session) -> Seen:
    """What the open project holds."""
    project = session.project
    if project is None:
        return Seen()
    return Seen(
        {entry.id: digest_of(entry) for entry in session.entries},
        tuple(version.id for version in project.lineage.versions),
        project.lineage.current or "",
        settings_of(session),
    )


def settings_of(session: Session) -> str:
    """What is chosen, as text."""
    return session.segment_settings.model_dump_json() + session.teach_settings.model_dump_json()


def digest_of(entry: ProjectImage) -> str:
    """Labels and what is confirmed, of all of an image."""
    return digest(*whole_of(entry))


def whole_of(entry: ProjectImage) -> tuple[NDArray[Any], NDArray[Any]]:
    """Labels and what is confirmed of all of an image, also of one that is opened region by region."""
    if not isinstance(entry, LargeProjectImage):
        return entry.labels, entry.confirmed
    labels, confirmed = np.zeros(entry.shape, np.uint32), np.zeros(entry.shape, np.uint8)
    store = entry.folder.store
    for part in {repr(one): one for one in (*store.labelled_chunks(), *store.confirmed_chunks())}.values():
        labels[part], confirmed[part] = store.read(part)
    labels[entry.region], confirmed[entry.region] = entry.labels, entry.confirmed
    return labels, confirmed


def digest(*arrays: NDArray[Any]) -> str:
    """The same for the same arrays."""
    found = hashlib.sha1(usedforsecurity=False)
    for array in arrays:
        found.update(repr((array.shape, str(array.dtype))).encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()[:16]


def content_of(path: Path) -> str:
    """A file, or a folder with all in it, byte by byte; "" where there is none."""
    found = hashlib.sha1(usedforsecurity=False)
    if not path.exists():
        return ""
    for file in sorted([path, *path.rglob("*")] if path.is_dir() else [path]):
        found.update(str(file.relative_to(path)).encode())
        if file.is_file():
            found.update(file.read_bytes())
    return found.hexdigest()[:16]
