"""What a target's folder holds: the corpus, and the smallest input that was found for each defect.

::

    <target>/corpus/        inputs that reach something new; kept, and gone on from
             findings/      <kind>-<hash>.json says what is wrong, <kind>-<hash>.input is the input
             effort         how often the door was called, and how long
             ended-*        inputs at which a process ended
             log.txt        what the fuzzer said last
"""

from __future__ import annotations

import hashlib
import json
import mmap
import struct
from dataclasses import asdict, dataclass
from pathlib import Path

_EFFORT = struct.Struct("<Qd")


@dataclass(frozen=True)
class Finding:
    """What went wrong: a ``kind``, where it did in a line (one for each defect), and all that was said."""

    kind: str
    where: str
    details: str = ""

    @property
    def mark(self) -> str:
        """A name for files; the same for the same defect."""
        return f"{self.kind}-{hashlib.sha1(self.where.encode(), usedforsecurity=False).hexdigest()[:10]}"


class Records:
    """The folder of one target."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.corpus = folder / "corpus"
        self._findings = folder / "findings"
        for one in (self.corpus, self._findings):
            one.mkdir(parents=True, exist_ok=True)

    def keep(self, finding: Finding, content: bytes) -> None:
        """Note a defect with the input, unless a smaller one is known."""
        file = self._findings / f"{finding.mark}.input"
        if file.exists() and file.stat().st_size <= len(content):
            return
        file.write_bytes(content)
        (self._findings / f"{finding.mark}.json").write_text(json.dumps(asdict(finding), indent=2), encoding="utf-8")

    def drop(self, content: bytes) -> None:
        """Take an input that ends processes out of the corpus."""
        for file in self.corpus.iterdir():
            if file.stat().st_size == len(content) and file.read_bytes() == content:
                file.unlink()

    @property
    def inputs(self) -> list[Path]:
        """The inputs of all findings."""
        return sorted(self._findings.glob("*.input"))

    def forget(self, file: Path) -> None:
        """Remove a finding that is none any more."""
        file.unlink(missing_ok=True)
        file.with_suffix(".json").unlink(missing_ok=True)

    @property
    def effort(self) -> tuple[int, float]:
        """How often the door was called, and for how many seconds it was fuzzed, in all runs."""
        return Effort.open(self.folder).so_far


class Effort:
    """Numbers in a file that are right also when the process that counts breaks off."""

    def __init__(self, numbers: mmap.mmap) -> None:
        self._numbers = numbers
        self._before = self.so_far

    @classmethod
    def open(cls, folder: Path) -> Effort:
        """Those of a target."""
        path = folder / "effort"
        if not path.exists():
            path.write_bytes(_EFFORT.pack(0, 0.0))
        with path.open("r+b") as file:
            return cls(mmap.mmap(file.fileno(), _EFFORT.size))

    @property
    def so_far(self) -> tuple[int, float]:
        """Calls, and seconds of the processor."""
        calls, seconds = _EFFORT.unpack_from(self._numbers)
        return int(calls), float(seconds)

    def add(self, seconds: float) -> None:
        """One call more, so many seconds of the processor since this process began."""
        _EFFORT.pack_into(self._numbers, 0, self.so_far[0] + 1, self._before[1] + seconds)
