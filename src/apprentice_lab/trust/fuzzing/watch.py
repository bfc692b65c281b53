"""One execution, watched: which exception escapes, what is printed, how long it takes, how much memory it needs."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from apprentice_lab.trust.fuzzing.records import Finding
from napari_apprentice.errors import UserError

LONGEST_S = 5.0  # of the processor
LARGEST_MB = 1024.0
_LONGEST_SENTENCE = 1200  # characters; the path is in it
_WORDS = 5  # of a line that is printed
_OF_DEVELOPERS = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


class Watch:
    """Calls a door with one input after the other; what it prints goes into a file of its own."""

    def __init__(self) -> None:
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the process)
        warnings.simplefilter("always")
        for of_developers in _OF_DEVELOPERS:
            warnings.simplefilter("ignore", of_developers)

    def findings(self, door: Callable[[Path], None], place: Path) -> list[Finding]:
        """What is wrong with how ``door`` takes what lies at ``place``: it may raise a `UserError`, nothing else."""
        found: list[Finding] = []
        begin = time.process_time()
        with self._kept():
            try:
                door(place)
            except UserError as error:
                found += _of_sentence(error)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                found.append(Finding("traceback", _where(error), "".join(traceback.format_exception(error))))
        seconds = time.process_time() - begin
        if lines := self._lines():
            found.append(Finding("lines", _first_words(lines), lines))
        if seconds > LONGEST_S:
            found.append(Finding("time", f"more than {LONGEST_S:g} s", f"{seconds:.1f} s of the processor"))
        if (megabytes := most_memory_mb()) > LARGEST_MB:
            found.append(Finding("memory", f"more than {LARGEST_MB:g} MB", f"{megabytes:.0f} MB"))
        return found

    @contextmanager
    def _kept(self) -> Iterator[None]:
        """Descriptors 1 and 2 lead to the file, also for compiled libraries."""
        sys.stderr.flush()
        sys.stdout.flush()
        own = [os.dup(1), os.dup(2)]
        for descriptor in (1, 2):
            os.dup2(self._printed.fileno(), descriptor)
        try:
            yield
        finally:
            sys.stderr.flush()
            sys.stdout.flush()
            for descriptor, before in zip((1, 2), own, strict=True):
                os.dup2(before, descriptor)
                os.close(before)

    def _lines(self) -> str:
        """What was printed since, for which the file is emptied."""
        end = os.lseek(self._printed.fileno(), 0, os.SEEK_END)
        if not end:
            return ""
        self._printed.seek(0)
        text = self._printed.read(10_000).decode(errors="replace")
        os.ftruncate(self._printed.fileno(), 0)
        self._printed.seek(0)
        return text


def most_memory_mb() -> float:
    """The most memory that this process ever had, in MB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20) if sys.platform == "darwin" else most / 1024


def _of_sentence(error: UserError) -> Iterator[Finding]:
    text = str(error)
    if len(text) > _LONGEST_SENTENCE or len(text.splitlines()) != 1 or any(ord(one) < 32 for one in text):
        yield Finding("sentence", _where(error), text[:10_000])
    for cause in _causes(error):
        if isinstance(cause, MemoryError) and not _was_read(cause):
            # an ask for gigabytes, which is refused only here, where memory is limited
            yield Finding("memory", _where(cause), "".join(traceback.format_exception(error)))
            return


def _was_read(error: BaseException) -> bool:
    """Whether room was asked for to read a file into: what the file does not hold never fills it."""
    frames = traceback.extract_tb(error.__traceback__)
    return ".read(" in (frames[-1].line or "")


def _causes(error: BaseException) -> list[BaseException]:
    """An exception and what it came from; chains may go round in circles."""
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in found:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found


def _where(error: BaseException) -> str:
    """The type of an exception, the last frame of ours and the last one: what tells defects apart."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [one for one in frames if f"{os.sep}napari_apprentice{os.sep}" in one.filename]
    places = [f"{Path(one.filename).stem}.{one.name}" for one in [*ours[-1:], *frames[-1:]]]
    return " ".join([type(error).__name__, *dict.fromkeys(places)])


def _first_words(lines: str) -> str:
    """Of the first line, without its numbers and names: what tells one message from another."""
    first = next((line for line in lines.splitlines() if line.strip()), "")
    words = [word for word in first.split() if word.strip("<>:,.()").isalpha()]
    return " ".join(words[:_WORDS])
