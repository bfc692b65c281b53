"""The process that fuzzes one target, and the one that tries an input again: ``child fuzz ...``, ``child again ...``.

A crash, a hang or too much memory ends it; whoever started it goes on with another one.
"""

from __future__ import annotations

import faulthandler
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from apprentice_lab.trust.fuzzing import mutation, packings
from apprentice_lab.trust.fuzzing.records import Effort, Finding, Records
from apprentice_lab.trust.fuzzing.targets import Target
from apprentice_lab.trust.fuzzing.watch import Watch

LARGEST_INPUT = 1 << 17  # bytes
ENOUGH = 77  # exit code: too much memory was needed, and it cannot be measured again
_SECONDS = 20  # of the clock; the machine may be busy, so that five of the processor are looked at afterwards
_NO_END_S = 60  # of the clock; an input that takes longer hangs, whatever else the machine does
_ADDRESSES = 8 << 30  # bytes; who asks for more is refused, which is a finding


class Place:
    """Where inputs are put for a door: one file, or a folder that an archive is unpacked into."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
        self.path = self._folder / (target.name or ("x.zarr" if target.title == "ome-zarr" else "x"))

    def put(self, content: bytes) -> bool:
        """Make ``content`` what lies there; False for an archive that cannot be unpacked."""
        if not self._target.is_folder:
            self.path.write_bytes(content)
            return True
        try:
            parts = packings.unzip(content)
        except (ValueError, OSError):
            return False
        shutil.rmtree(self.path, ignore_errors=True)
        for name, one in parts.items():
            if not _is_below(name):
                return False
            file = self.path / name
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(one)
            except OSError:
                return False
        return self.path.exists()

    def close(self) -> None:
        """Remove it."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _is_below(name: str) -> bool:
    path = PurePosixPath(name)
    return (
        bool(path.parts)
        and not path.is_absolute()
        and ".." not in path.parts
        and name.isprintable()
        and len(name) < 200
    )


def fuzz(target: Target, folder: Path, seconds: int, seed: int) -> None:
    """Change inputs for so long, with what was found and how often it was tried in ``folder``; does not return."""
    import atheris

    with atheris.instrument_imports(include=sorted({one.split(".")[0] for one in target.modules})):
        _import(target)
    watch, place, records = Watch(), Place(target), Records(folder)
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES, _ADDRESSES))
    effort, begin = Effort.open(folder), time.process_time()

    def one(content: bytes) -> int:
        if not place.put(content):
            return -1
        effort.add(time.process_time() - begin)
        found = watch.findings(target.door, place.path)
        for finding in found:
            records.keep(finding, content)
        if any(finding.kind == "memory" for finding in found):
            place.close()
            os._exit(ENOUGH)
        return 0

    def change(content: bytes, largest: int, number: int) -> bytes:
        changed = mutation.mutated(content, target.packing, largest, random.Random(number), atheris.Mutate)
        return changed if len(changed) <= largest else atheris.Mutate(content, largest)

    told: dict[str, int | str] = {
        "max_total_time": seconds,
        "timeout": _SECONDS,
        "rss_limit_mb": 3072,
        "max_len": LARGEST_INPUT,
    }
    told |= {"len_control": 0, "seed": seed, "verbosity": 0, "artifact_prefix": f"{folder}/ended-"}
    options = (f"-{name}={value}" for name, value in told.items())
    atheris.Setup([sys.argv[0], str(records.corpus), *options], one, custom_mutator=change)
    atheris.Fuzz()


def again(target: Target, files: list[Path]) -> Iterator[list[Finding]]:
    """What is wrong with each input in a process of its own, which is not instrumented."""
    _import(target)
    for file in files:
        begin = time.monotonic()
        source, out = os.pipe()
        process = os.fork()
        if process == 0:
            os.close(source)
            _answer(target, file, out)
        os.close(out)
        while (ended := os.waitpid(process, os.WNOHANG))[0] == 0 and time.monotonic() - begin < _NO_END_S:
            time.sleep(0.01)
        if ended[0] == 0:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        with os.fdopen(source, "rb") as stream:
            told = stream.read()
        if ended[0] == 0:
            yield [Finding("time", f"no end within {_NO_END_S} s")]
        elif ended[1]:
            yield [_crash(os.waitstatus_to_exitcode(ended[1]), told.decode(errors="replace"))]
        else:
            yield [Finding(**one) for one in json.loads(told)]


def _crash(code: int, stack: str) -> Finding:
    """A process that ended, with the innermost of our functions in what faulthandler wrote."""
    ours = re.search(r'napari_apprentice\S*/(\w+)\.py", line \d+ in (\w+)', stack)
    return Finding("crash", f"exit code {code}" + (f" in {ours[1]}.{ours[2]}" if ours else ""), stack)


def _answer(target: Target, file: Path, out: int) -> None:
    """In a forked process: write down what is wrong, and end."""
    faulthandler.enable(out)
    place = Place(target)
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES, _ADDRESSES))
    found = Watch().findings(target.door, place.path) if place.put(file.read_bytes()) else []
    place.close()
    with os.fdopen(out, "wb") as stream:
        stream.write(json.dumps([vars(one) for one in found]).encode())
    os._exit(0)


def _import(target: Target) -> None:
    """What the target needs, where it is installed."""
    for name in target.modules:
        if find_spec(name.split(".")[0]) is not None:
            import_module(name)


def main() -> None:
    """``fuzz MODULE TARGET FOLDER SECONDS SEED``, or ``again MODULE TARGET FILE...``: a line of JSON for each file."""
    what, listed_in, title, *rest = sys.argv[1:]
    target: Target = next(one for one in import_module(listed_in).TARGETS if one.title == title)
    if what == "fuzz":
        fuzz(target, Path(rest[0]), int(rest[1]), int(rest[2]))
    else:
        for found in again(target, [Path(one) for one in rest]):
            sys.stdout.write(json.dumps([vars(one) for one in found]) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
