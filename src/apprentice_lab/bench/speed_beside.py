"""A contender in a process of its own: in another environment, or in this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from apprentice_lab.bench import speed_inside
from napari_apprentice.errors import UserError


class Beside:
    """`speed_inside` at work in an environment; ``python`` None is this one, with what is importable here."""

    def __init__(self, who: str, folder: Path, model: str, python: Path | None = None) -> None:
        self._who = who
        self._python = str(python or sys.executable)
        self._said: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        if python is None:
            environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        try:
            self._process = subprocess.Popen(
                [self._python, "-P", str(speed_inside.__file__), who, str(folder), model],  # -P: not from this folder
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                env=environment,
                encoding="utf-8",
            )
        except OSError as error:
            self._said.close()
            raise UserError(
                f"{self._python} cannot be started ({error.strerror}): give a Python with {who}."
            ) from error

    def ask(self, do: str, **how: Any) -> dict[str, Any]:
        """Have something done, and wait; `UserError` with its last words when it ended instead."""
        asked, answers = self._pipes()
        try:
            asked.write(json.dumps({"do": do, **how}) + "\n")
            asked.flush()
        except BrokenPipeError:
            pass  # why is in its last words
        line = answers.readline()
        if not line:
            raise UserError(f"{self._who} in {self._python} could not {do}: {self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for pipe in self._pipes():
            pipe.close()
        if error is not None:
            self._process.kill()  # it may be in the middle of something long
        self._process.wait()
        self._said.close()

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("it was started with pipes")
        return self._process.stdin, self._process.stdout

    def _last_words(self) -> str:
        self._process.wait()
        self._said.seek(0)
        lines = self._said.read().strip().splitlines()
        return lines[-1] if lines else f"exit code {self._process.returncode}"
