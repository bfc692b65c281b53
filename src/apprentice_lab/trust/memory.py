"""Trial: memory runs out in *Segment* and *Teach*; engines hang, die, say nothing or nonsense."""

from __future__ import annotations

import random
import time
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from apprentice_lab.trust.apart import Apart
from apprentice_lab.trust.jobs_apart import Ended, Jobs, faults
from apprentice_lab.trust.trial import Extent, Outcome, Trial
from napari_apprentice.events import Finished

_WITHIN_S = 5.0
_CANCEL_S = 1.5
_BATCH_S = 3600.0
_AT_ONCE = 20  # tries by one session
_MOST_SPARE = 64_000_000  # bytes of address space that are left when it is limited
_SPEECHES = (
    "mute",
    "deaf and mute",
    "noise",
    "a frame that never ends",
    "no message",
    "a list",
    "a number",
    "an empty message",
    "a message of another kind",
    "an event that is none",
    "an event without anything",
    "nothing in a frame",
)


@dataclass(frozen=True)
class Way:
    """A verb, what goes wrong in it, and when: as a share of its calls, or of its time."""

    verb: str
    how: str
    when: float
    spare: int = 0

    def __str__(self) -> str:
        return f"{self.verb}, {self.how} at {self.when:.4f}"


def run(place: Path, extent: Extent) -> Generator[str, None, Outcome]:
    """Try, and tell what ended neither well nor with a sentence."""
    chosen = random.Random(extent.seed)
    groups = {
        "memory, in this process": [Way("teach", "raise", chosen.random()) for _ in range(extent.of(60))],
        "memory": [
            Way(verb, how, chosen.random(), chosen.randrange(_MOST_SPARE))
            for verb, how, count in (("segment", "raise", 70), ("segment", "limit", 40), ("teach", "limit", 30))
            for _ in range(extent.of(count))
        ],
        "engine": [
            Way(verb, how, chosen.random())
            for verb in ("segment", "teach")
            for how in ("killed", "paused", "paused and cancelled", *_SPEECHES)
            for _ in range(extent.of(4 if how not in _SPEECHES else 2))
        ],
    }
    failures: list[str] = []
    numbers: dict[str, float | int | str] = {}
    with Apart(_BATCH_S) as apart:
        for name, ways in groups.items():
            for first in range(0, len(ways), _AT_ONCE):
                batch = ways[first : first + _AT_ONCE]
                found = apart(attempt, place / "try", batch, name != "memory, in this process")
                failures += found
                yield from found
                yield f"memory: {name}, {first + len(batch)} of {len(ways)}, {len(failures)} failed"
            numbers[name] = len(ways)
    return Outcome(sum(map(len, groups.values())), tuple(failures), numbers)


def attempt(place: Path, ways: list[Way], in_processes: bool) -> list[str]:
    """Go through some ways with one session; the failures of all."""
    failures = []
    with Jobs(place, in_processes=in_processes) as jobs:
        tries = _Tries(jobs)
        for way in ways:
            failures += [f"{way}: {one}" for one in tries.failures(way)]
    return failures


class _Tries:
    """Knows how jobs end without trouble."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        jobs.plan("nothing")
        jobs.done("segment")  # loads what is loaded once
        jobs.plan("count")
        self._right = jobs.labels()
        self._calls: dict[str, int] = {}
        self._seconds: dict[str, float] = {}

    def failures(self, way: Way) -> list[str]:
        """One try, and whether all is well after it."""
        self._measure(way.verb)
        if way.how in ("killed", "paused", "paused and cancelled"):
            found = self._from_outside(way)
        else:
            found = self._from_inside(way)
        found += self._left_behind()
        self._jobs.plan("nothing")
        self._jobs.session.choose_model("nuclei-2d")
        after = self._jobs.done("segment")
        if not isinstance(after.event, Finished):
            found.append(f"the next Segment ended with {after.event!r}")
        elif (self._jobs.labels() != self._right).any():
            found.append("the next Segment gives something else than before")
        return found

    def _measure(self, verb: str) -> None:
        if verb in self._calls:
            return
        self._jobs.plan("count")
        began = time.monotonic()
        ended = self._jobs.done(verb)
        if not isinstance(ended.event, Finished):
            raise RuntimeError(f"{verb} does not work without trouble: {ended}")
        self._seconds[verb] = time.monotonic() - began
        self._calls[verb] = int(self._jobs.told()["count"])
        self._jobs.session.choose_model("nuclei-2d")

    def _from_inside(self, way: Way) -> list[str]:
        at = 1 + int(way.when * self._calls[way.verb])
        self._jobs.plan(way.how, at, way.spare)
        patience = _Patience()
        ended = self._jobs.done(way.verb, lambda so_far: patience.look(self._jobs, so_far, since=self._since()))
        found = faults(self._jobs, ended, self._right, _WITHIN_S, self._since())
        return found + patience.faults

    def _since(self) -> float | None:
        told = self._jobs.told()
        return told.get("at") if told else None

    def _from_outside(self, way: Way) -> list[str]:
        self._jobs.plan("nothing")
        trouble = _Trouble(way, self._seconds[way.verb] * way.when)
        ended = self._jobs.done(way.verb, lambda so_far: trouble.look(self._jobs, so_far))
        trouble.end()
        since = trouble.since if way.how == "killed" else None
        return trouble.faults + faults(self._jobs, ended, self._right, _WITHIN_S, since)

    def _left_behind(self) -> list[str]:
        """Files of a version that is not in the list."""
        lineage = self._jobs.lineage
        files = [path.name for path in lineage.folder.glob("*") if path.name != "lineage.json"]
        known = {f"{version.id}.safetensors" for version in lineage.versions}
        left = sorted(set(files) - known)
        return [f"left behind: {', '.join(left)}"] if left else []


class _Patience:
    """A user who waits for a sentence, then for a while, and cancels."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._cancelled_at: float | None = None

    def look(self, jobs: Jobs, ended: Ended, since: float | None) -> None:
        """Nothing is heard of trouble that came at ``since``."""
        now = time.time()
        if since is None or ended.event is not None or jobs.clock.since(since) < _WITHIN_S + 1:
            return
        if self._cancelled_at is None:
            said = [sentence for at, sentence in ended.said if at >= since]
            if not said and not _is_busy(jobs):
                self.faults.append(f"nothing was said within {_WITHIN_S:g} s")
            if said or jobs.clock.since(since) > 4 * _WITHIN_S:
                self._cancelled_at = now
                jobs.session.queue.cancel()
        elif jobs.clock.since(self._cancelled_at) > _CANCEL_S and "Cancel was not answered" not in self.faults:
            self.faults.append("Cancel was not answered")


def _is_busy(jobs: Jobs) -> bool:
    """Whether an engine still computes, so that nothing need be said."""
    for process in jobs.processes():
        with suppress(psutil.Error):
            if process.cpu_percent(0.3) > 5:
                return True
    return not jobs.processes()


class _Trouble:
    """Kills or pauses an engine some seconds after a job began, and looks whether that is said."""

    def __init__(self, way: Way, after_s: float) -> None:
        self._way = way
        self._at = time.time() + after_s
        self.since: float | None = None
        self.faults: list[str] = []
        self._paused: list[psutil.Process] = []
        self._cancelled_at: float | None = None
        self._is_over = False

    def look(self, jobs: Jobs, ended: Ended) -> None:
        """To be called again and again."""
        now = time.time()
        if ended.event is not None or self._is_over:
            return
        if self.since is None and now >= self._at:
            self._begin(jobs, now)
        elif self._cancelled_at is not None:
            if jobs.clock.since(self._cancelled_at) > _CANCEL_S:
                self.faults.append("Cancel was not answered")
                self._is_over = True
        elif self.since is not None and self._paused:
            self._wait(jobs, ended, now)

    def end(self) -> None:
        """Let what is paused go on."""
        for process in self._paused:
            with suppress(psutil.Error):
                process.resume()

    def _begin(self, jobs: Jobs, now: float) -> None:
        self.since = now
        for process in jobs.processes():
            with suppress(psutil.Error):
                if self._way.how == "killed":
                    process.kill()
                else:
                    process.suspend()
                    self._paused.append(process)

    def _wait(self, jobs: Jobs, ended: Ended, now: float) -> None:
        began = self.since or now
        said = [sentence for at, sentence in ended.said if at >= began and "stands still" in sentence]
        if not said and jobs.clock.since(began) < _WITHIN_S:
            return
        if not said:
            self.faults.append(f"nothing was said within {_WITHIN_S:g} s")
        if self._way.how == "paused and cancelled":
            self._cancelled_at = now
            jobs.session.queue.cancel()
        else:
            self.end()
            self._is_over = True


TRIAL = Trial("memory", "the right result, or one sentence within 5 s, and Cancel is answered", run)
