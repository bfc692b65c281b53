"""The fenced blocks of a page of the documentation, and how they are run: in order, in one folder, as a reader would.

A block of `bash` or `python` is run. A comment on the line above it changes that:

    <!-- not run: why it cannot be -->
    <!-- run with: 180 -> 5 -->         the same with less of something
    <!-- after: apprentice sample cells_2d -->   what the page takes to be there (a command, before the block)
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LANGUAGES = ("bash", "python")
_FENCE = re.compile(
    r"^(?P<notes>(?:^<!--[^\n]*-->\n)*)^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_NOTE = re.compile(r"<!-- (not run|run with|after): (.*?) -->")
LONGEST_S = 300


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, what it says, and what the comments above it say of running it."""

    page: Path
    line: int
    language: str
    text: str
    not_run: str = ""
    before: tuple[str, ...] = ()
    changes: tuple[tuple[str, str], ...] = ()

    @property
    def as_run(self) -> str:
        """The text with the changes that make it short; each of them has to be there."""
        text = self.text
        for old, new in self.changes:
            if old not in text:
                raise ValueError(f"{self.page.name}:{self.line} has no {old!r} to replace")
            text = text.replace(old, new)
        return text


def blocks_of(page: Path) -> list[Block]:
    """All blocks of the languages that are run."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        if match["language"] not in LANGUAGES:
            continue
        notes = _NOTE.findall(match["notes"])
        changes = [tuple(words.split(" -> ")) for kind, words in notes if kind == "run with"]
        found.append(
            Block(
                page,
                text.count("\n", 0, match.start("text")) + 1,
                match["language"],
                match["text"],
                next((words for kind, words in notes if kind == "not run"), ""),
                tuple(words for kind, words in notes if kind == "after"),
                tuple((old, new) for old, new in changes),
            )
        )
    return found


@dataclass
class Reader:
    """Does what a page says in a folder; names of Python blocks live on from one to the next."""

    folder: Path
    names: dict[str, Any] = field(default_factory=dict)

    def follow(self, page: Path) -> None:
        """Run all blocks of a page that can be run, in order."""
        for block in blocks_of(page):
            for command in block.before:
                self._bash(command, block)
            if block.not_run:
                continue
            if block.language == "bash":
                self._bash(block.as_run, block)
            else:
                padded = "\n" * (block.line - 1) + block.as_run  # a traceback has the page's lines
                exec(compile(padded, str(page), "exec"), self.names)

    def _bash(self, text: str, block: Block) -> None:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        run = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=self.folder,
            env={**os.environ, "PATH": path, "PYTHONWARNDEFAULTENCODING": ""},
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
        if run.returncode:
            raise AssertionError(
                f"{block.page.name}:{block.line} ends with {run.returncode}:\n{run.stdout}{run.stderr}"
            )
