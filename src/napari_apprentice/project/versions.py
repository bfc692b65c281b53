"""The lineage of a project's model: every version is kept, with its scores; one is current."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from napari_apprentice.project import durable, salvage
from napari_apprentice.project.document import Document
from napari_apprentice.settings import FiniteSettings, Settings

CLICK_VERSIONS = "click-versions"  # folder in a project: of the network that is asked by clicks

_NAME = re.compile("v[1-9][0-9]{0,8}")


class Version(FiniteSettings):
    """One taught model, or one that *Live* learned (``by``); scores are on set-aside corrections.

    Of a network that is asked by clicks (``by`` "clicks") scores are the clicks that an object takes.
    ``better`` says whether it is so for sure, None where it could not be judged; ``why_waits`` and ``why_no_score`` say
    why not, and ``gain_low`` to ``gain_high`` is the 90 % interval of what was gained. A version ``is_put_away`` when
    the user prefers the one before. It learned from ``voxels`` of ``objects`` that are confirmed as a whole (None:
    not counted) in ``images``, whose ids these are (None: not noted), with the ``settings`` that were not the usual.
    """

    id: Annotated[str, Field(pattern=f"^{_NAME.pattern}$")]
    parent: str
    created: str
    score_before: float | None = None
    score_after: float | None = None
    better: bool | None = None
    why_no_score: str = ""
    why_waits: str = ""
    gain_low: float | None = None
    gain_high: float | None = None
    is_put_away: bool = False
    voxels: int = 0
    objects: int | None = None
    settings: dict[str, Any] = {}
    images: tuple[str, ...] | None = None
    steps: int = 0
    seconds: float = 0.0
    note: str = ""
    by: Literal["teach", "live", "clicks"] = "teach"

    @property
    def why(self) -> str:
        """One sentence on why it waits to be chosen; "" for one that is better for sure."""
        if self.better:
            return ""
        if self.score_after is None or (self.better is None and self.why_no_score):
            return (self.why_no_score or "There are too few corrected objects to judge it.").rstrip(".") + "."
        before = "" if self.score_before is None else f"{self.score_before:.2f} before, "
        numbers = f"({before}{self.score_after:.2f} after)"
        return self.why_waits or f"On corrections set aside it is not clearly better {numbers}."

    @property
    def title(self) -> str:
        """For a list: "version 2 (score 0.61 before, 0.74 after)"."""
        words = f"version {self.id.removeprefix('v')}"
        if self.by == "live":
            return f"{words} (learned live)"
        if self.score_after is None:
            return f"{words} (not judged)"
        if self.by == "clicks":
            return f"{words} ({self.clicks})"
        before = "" if self.score_before is None else f"{self.score_before:.2f} before, "
        return f"{words} (score {before}{self.score_after:.2f} after)"

    @property
    def clicks(self) -> str:
        """How many clicks an object takes, in words; "" where nothing is known of it."""
        if self.by != "clicks" or self.score_before is None or self.score_after is None:
            return ""
        return f"{self.score_before:.1f} clicks an object before, {self.score_after:.1f} after"


class LineageRecord(Settings):
    """What ``lineage.json`` holds; ``current`` and ``added`` are keys of models."""

    versions: tuple[Version, ...] = ()
    current: str | None = None
    added: tuple[str, ...] = ()


class Lineage:
    """The versions in one folder: ``v1.safetensors``, ``v2.safetensors``... and ``lineage.json``."""

    def __init__(self, folder: Path, check_place: Callable[[], None] = lambda: None) -> None:
        self.folder = folder
        self._check_place = check_place  # raises `UserError` when nothing may be written
        self._record, self.complaint = _read(folder / "lineage.json")  # a sentence when something is missing
        self._document = Document(folder / "lineage.json", lambda: self._record.model_dump(mode="json"), self._make)

    @property
    def versions(self) -> tuple[Version, ...]:
        """Oldest first."""
        return self._record.versions

    @property
    def current(self) -> str | None:
        """The key of the model in use; None before one was chosen."""
        return self._record.current

    @property
    def added(self) -> tuple[str, ...]:
        """Model files the user chose from elsewhere."""
        return self._record.added

    def file(self, version: str) -> Path:
        """Where a version's model is."""
        return self.folder / f"{version}.safetensors"

    def next_id(self, under_way: Collection[Path] = ()) -> str:
        """A version id never given before, nor to files that are under way; one that a teaching left keeps its name."""
        files = {*self.folder.glob("v*.safetensors"), *under_way}
        taken = {version.id for version in self.versions} | {path.stem for path in files}
        number = 1
        while f"v{number}" in taken:
            number += 1
        return f"v{number}"

    def get(self, key: str) -> Version | None:
        """The version with this id."""
        return next((version for version in self.versions if version.id == key), None)

    def waiting(self, key: str) -> Version | None:
        """The version taught last, if from the model with this key, as long as the user has not decided about it."""
        last = self.versions[-1] if self.versions else None
        return None if last is None or last.is_put_away or last.parent != key else last

    def learned_from(self, key: str, image: str) -> bool:
        """Whether a version, or one that it was taught from, learned from an image; where it was not noted, it did."""
        version, left = self.get(key), len(self.versions)
        while version is not None and left > 0:  # a damaged list may go round in circles
            if version.images is None or image in version.images:
                return True
            version, left = self.get(version.parent), left - 1
        return False

    def add(self, version: Version) -> None:
        """Keep a version."""
        self._save(self._record.model_copy(update={"versions": (*self.versions, version)}))

    def put_away(self, key: str) -> None:
        """Note that the user prefers the model that a version was taught from."""
        changed = (
            one.model_copy(update={"is_put_away": True}) if one.id == key else one for one in self._record.versions
        )
        self._save(self._record.model_copy(update={"versions": tuple(changed)}))

    def use(self, key: str, *, is_elsewhere: bool = False) -> None:
        """Make a model the current one; a file that ``is_elsewhere`` is remembered."""
        added = (*self.added, key) if is_elsewhere and key not in self.added else self.added
        if (key, added) != (self.current, self.added):
            self._save(self._record.model_copy(update={"current": key, "added": added}))

    @property
    def is_behind(self) -> bool:
        """Whether the record waits because the disk refused it."""
        return self._document.is_behind

    def catch_up(self) -> None:
        """Write what the disk refused before; `UserError` when it still refuses."""
        self._document.catch_up()

    def doubt(self) -> None:
        """What is on disk may not be what was written there."""
        self._document.doubt()

    def mend(self) -> None:
        """Set aside a list that cannot be read, or not in full, and write what could be; `UserError` as of the disk."""
        if self.complaint:
            self._document.mend()

    def write_in(self, folder: Path) -> None:
        """Write the list into another folder; `UserError` when the disk refuses."""
        durable.write_json(folder / "lineage.json", self._record.model_dump(mode="json"))

    def _save(self, record: LineageRecord) -> None:
        self._record = record  # first: what the disk refuses is still true in this session
        self._document.write()

    def _make(self) -> None:
        self._check_place()
        durable.make_folder(self.folder, is_inside=True)


def now() -> str:
    """The time, as written into records."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _read(path: Path) -> tuple[LineageRecord, str]:
    """The list, and a sentence when it is not all of it: then the versions are those of which there is a file.

    `UserError` when the disk does not give it.
    """
    try:
        record, wrong = salvage.read(path, LineageRecord, {})
    except FileNotFoundError:
        record, complaint = LineageRecord(), ""
    except (OSError, ValueError, ValidationError):
        return LineageRecord(versions=_found(path.parent, ())), (
            f"The list of model versions {path} cannot be read and was set aside: the versions are here without their "
            "scores; choose the model to go on with."
        )
    else:
        complaint = salvage.sentence(path, wrong) if wrong else ""
    found = _found(path.parent, record.versions)
    if found and not complaint:
        names = ", ".join(version.id for version in found)
        complaint = (
            f"Model versions were found that their list {path} does not name ({names}): "
            "they are here without their scores; choose the model to go on with."
        )
    return record.model_copy(update={"versions": (*record.versions, *found)}), complaint


def _found(folder: Path, known: tuple[Version, ...]) -> tuple[Version, ...]:
    """Versions of which there is a model and no record."""
    names = {version.id for version in known}
    numbers = [int(path.stem[1:]) for path in folder.glob("v*.safetensors") if _NAME.fullmatch(path.stem)]
    missing = [f"v{number}" for number in sorted(numbers) if f"v{number}" not in names]
    return tuple(Version(id=name, parent="", created="") for name in missing)
