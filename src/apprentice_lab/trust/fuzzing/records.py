"""What a target's folder holds: the corpus, and the smallest input that was found for each defect.

::

    <target>/corpus/        inputs that reach something new; kept, and gone on from
             findings/      <kind>-<hash>.json says what is wrong, <kind>-<hash>.input is the input
             executions     how often the door was called
             seconds.json   how long it was fuzzed
             ended-*        inputs at which a process ended
             log.txt        what the fuzzer said last
"""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import asdict, dataclass
from pathlib import Path


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
    def executions(self) -> int:
        """How often the door was called, in all runs."""
        try:
            return int(struct.unpack("<Q", (self.folder / "executions").read_bytes())[0])
        except (OSError, struct.error):
            return 0

    @property
    def seconds(self) -> float:
        """How long it was fuzzed, in all runs."""
        try:
            return float(json.loads((self.folder / "seconds.json").read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return 0.0

    @seconds.setter
    def seconds(self, seconds: float) -> None:
        (self.folder / "seconds.json").write_text(json.dumps(round(seconds, 1)), encoding="utf-8")
