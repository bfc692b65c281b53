"""A target fuzzed for so long, one process after the other, and what it found tried again by itself."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from apprentice_lab.trust.fuzzing.records import Finding, Records
from apprentice_lab.trust.fuzzing.seeds import seeds_of
from apprentice_lab.trust.fuzzing.targets import Target

_CHILD = "apprentice_lab.trust.fuzzing.child"
_TO_BEGIN_S = 600  # at most, until what is instrumented is imported on a busy machine
_MOST_IN_VAIN = 3  # processes that ended before they tried anything


def fuzzed(target: Target, folder: Path, seconds: float, seed: int, formats: Path) -> Records:
    """Fuzz until the target had its seconds of the processor in all; what there was in ``folder`` is gone on with."""
    records = Records(folder)
    for content in seeds_of(target, formats):
        (records.corpus / hashlib.sha1(content, usedforsecurity=False).hexdigest()).write_bytes(content)
    for input_ in records.inputs:  # found before: it would end processes again
        records.drop(input_.read_bytes())
    in_vain = 0
    while (left := seconds - records.effort[1]) >= 1 and in_vain < _MOST_IN_VAIN:
        before = records.effort[0]
        _run(target, folder, int(left), seed + before)
        in_vain = 0 if records.effort[0] > before else in_vain + 1
        _gather(records)
    if in_vain:
        raise RuntimeError(f"{target.title} cannot be fuzzed: {_tail(folder / 'log.txt')}")
    return records


def _run(target: Target, folder: Path, seconds: int, seed: int) -> None:
    with (folder / "log.txt").open("w", encoding="utf-8") as log:
        arguments = ["fuzz", target.listed_in, target.title, str(folder), str(seconds), str(seed % (1 << 31))]
        process = subprocess.Popen([sys.executable, "-m", _CHILD, *arguments], stdout=log, stderr=log, env=_lone())
        try:
            process.wait(seconds + _TO_BEGIN_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            process.kill()
            process.wait()


def _gather(records: Records) -> None:
    """Inputs at which a process ended become findings; seeds among them are left out from now on."""
    for file in records.folder.glob("ended-*"):
        content, kind = file.read_bytes(), file.name.split("-")[1]
        records.keep(Finding(kind, _tail(records.folder / "log.txt")), content)
        file.unlink()
    for input_ in records.inputs:
        if not input_.name.startswith(("traceback", "lines", "sentence")):
            records.drop(input_.read_bytes())


def confirmed(target: Target, records: Records) -> Iterator[tuple[Finding, Path]]:
    """The findings that are there again in a process of their own, with their inputs; others are forgotten."""
    inputs = records.inputs
    for input_, found in zip(inputs, _again(target, inputs), strict=True):
        if not found:
            records.forget(input_)
        yield from ((one, input_) for one in found)


def _again(target: Target, inputs: list[Path]) -> Iterator[list[Finding]]:
    command = [sys.executable, "-m", _CHILD, "again", target.listed_in, target.title, *map(str, inputs)]
    done = subprocess.run(command, capture_output=True, env=_lone(), check=True)
    for line in done.stdout.splitlines():
        yield [Finding(**one) for one in json.loads(line)]


def _lone() -> dict[str, str]:
    """The environment of a process that takes one core; where Python handles crashes, libFuzzer keeps no inputs."""
    settings = {name: value for name, value in os.environ.items() if name != "PYTHONFAULTHANDLER"}
    return {**settings, "OMP_NUM_THREADS": "1"}


def _tail(path: Path) -> str:
    lines = [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    told = [line for line in lines if "ERROR: libFuzzer" in line or "Error" in line] or lines
    return told[-1][:200] if told else "it said nothing"
