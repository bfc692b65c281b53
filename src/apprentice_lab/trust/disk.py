"""Trial: each call that changes a file is refused in turn, in every way; and a real small file system is filled."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from apprentice_lab.trust.apart import Apart
from apprentice_lab.trust.disk_scripts import SCRIPTS, Script
from apprentice_lab.trust.faulty_disk import KINDS, FaultyDisk, installed
from apprentice_lab.trust.small_disk import SmallDisk
from apprentice_lab.trust.trial import Extent, Outcome, Trial
from napari_apprentice.runners import InlineRunners, ProcessRunners, Runners

_LIMIT_S = 600.0
_AT_ONCE = 10  # tries by one process that keeps its engine
_SIZES = 12  # of room that is left on the real disk


@dataclass(frozen=True)
class Way:
    """In which script, with which trouble, at which call; and whether it lasts."""

    script: str
    kind: str
    at: int
    lasts: bool

    def __str__(self) -> str:
        return f"{self.script}, {self.kind} at call {self.at}{' and after' if self.lasts else ''}"


def run(place: Path, extent: Extent) -> Generator[str, None, Outcome]:
    """Refuse, and tell what was lost."""
    failures: list[str] = []
    numbers: dict[str, float | int | str] = {}
    tried = 0
    with Apart(_LIMIT_S) as apart:
        for script in SCRIPTS:
            ways = _ways(apart, place, script, extent)
            for first in range(0, len(ways), _AT_ONCE):
                batch = ways[first : first + _AT_ONCE]
                found = apart(attempts, place / "try", batch)
                failures += found
                yield from found
                yield f"disk: {script}, {first + len(batch)} of {len(ways)}, {len(failures)} failed"
            tried += len(ways)
            numbers[f"refusals in {script}"] = len(ways)
        if _why_not_mounted():
            yield f"disk: no real file system is filled ({_why_not_mounted()})"
        else:
            rooms = _rooms(extent)
            for script, room in rooms:
                found = apart(filled, place / "try", script, room)
                failures += found
                yield from found
            numbers["real disks filled"] = len(rooms)
            tried += len(rooms)
    return Outcome(tried, tuple(failures), numbers)


def _ways(apart: Apart, place: Path, script: str, extent: Extent) -> list[Way]:
    """A share of the calls of a script, each with every kind of trouble."""
    counts = place / f"{script}.counts"
    if not counts.is_file():
        found = apart(count, place / "try", script, counts)
        if found:
            raise RuntimeError(f"{script} does not work on a disk that is well: {found}")
    told = dict(line.split() for line in counts.read_text(encoding="utf-8").splitlines())
    ways = [
        Way(script, kind, at, lasts)
        for kind, number in told.items()
        for at in range(1, int(number) + 1)
        for lasts in (False, True)
        if not (kind == "half" and not lasts)
    ]
    return random.Random(extent.seed).sample(ways, min(len(ways), extent.of(len(ways))))


def count(place: Path, script: str, counts: Path) -> list[str]:
    """Write down how many calls a script makes that each kind of trouble can answer."""
    disk = FaultyDisk(_fresh(place), "EIO")
    found = _played(disk, SCRIPTS[script](disk.root, InlineRunners()))
    counts.parent.mkdir(exist_ok=True)
    counts.write_text("\n".join(f"{kind} {disk.counts[kind]}" for kind in KINDS), encoding="utf-8")
    return [f"{script} without trouble: {one}" for one in found]


def attempts(place: Path, ways: list[Way]) -> list[str]:
    """Several tries with one engine; the failures of all."""
    runners = InlineRunners()
    failures = []
    for way in ways:
        disk = FaultyDisk(_fresh(place), way.kind, way.at, way.lasts)
        try:
            found = _played(disk, SCRIPTS[way.script](disk.root, runners))
        except Exception as error:
            found = [f"{type(error).__name__}: {error}"]
            runners = InlineRunners()
        failures += [f"{way} ({disk.hit}): {one}" for one in found]
    return failures


def _played(disk: FaultyDisk, script: Script) -> list[str]:
    """Play a script on a disk, mend it, and compare."""
    at, disk.at = disk.at, 0
    script.prepare()
    disk.at = at
    try:
        with installed(disk):
            script.play()
            disk.mend()
        found = script.check()
    finally:
        script.close()
    if disk.hit and script.refused and not script.said:
        found.append("something was refused and nothing said")
    return found


def filled(place: Path, script: str, room: int) -> list[str]:
    """Play a script on a real disk that has ``room`` bytes left when it begins, with engines in processes."""
    _fresh(place)
    runners: Runners = ProcessRunners()
    try:
        with SmallDisk(place / "disk") as disk:
            played = SCRIPTS[script](disk.path / "root", runners)
            try:
                played.prepare()
                disk.fill(but=room)
                played.play()
                disk.make_room()
                found = played.check()
            finally:
                played.close()
    finally:
        runners.close()
    return [f"{script} with {room} bytes of room: {one}" for one in found]


def _rooms(extent: Extent) -> list[tuple[str, int]]:
    """Scripts, and how much room each finds."""
    chosen = random.Random(extent.seed)
    return [(script, chosen.randrange(600) ** 2) for _ in range(extent.of(_SIZES)) for script in SCRIPTS]


def _fresh(place: Path) -> Path:
    if (place / "disk").is_mount():  # of a run that was ended
        subprocess.run(["umount", "-l", place / "disk"], check=True)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    os.environ["APPRENTICE_HOME"] = str(place / "home")
    return place / "disk"


def _why_not_mounted() -> str:
    if sys.platform != "linux" or os.geteuid() != 0:
        return "only root mounts one, on Linux"
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        return "nothing may be mounted here"
    return ""


TRIAL = Trial("disk", "alive, a sentence of what to do, all written once there is room", run)
