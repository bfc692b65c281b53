"""What is installed, and what each extra adds, in MB on disk: of the environment whose Python runs this.

python docs/measure_sizes.py

What an extra adds are the packages that nothing without it needs, as far as they are installed; pip, setuptools and
compiled bytecode are not counted.
"""

from __future__ import annotations

import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement

NAME = "napari-apprentice"
EXTRAS = ("gui", "fast", "czi", "lif", "nd2", "nifti", "dicom", "tables", "cluster", "all")


def main() -> None:
    """A line for torch, for what is always there, and for each extra."""
    torch, base = closure("torch", ()), closure(NAME, ())
    lines = [f"{megabytes(torch):8.0f}  torch, with what it needs"]
    lines.append(f"{megabytes(base - torch):8.0f}  napari-apprentice without extras, with napari and the rest")
    for extra in EXTRAS:
        added = closure(NAME, (extra,)) - base
        names = ", ".join(sorted(added, key=lambda name: -size_of(name))[:3])
        missing = "" if all(is_there(name) for name in added) else "  (not all of it is installed here)"
        lines.append(f"{megabytes(added):+8.1f}  [{extra}]  {names}{missing}")
    lines.append(f"{megabytes(closure(NAME, EXTRAS)):8.0f}  all of it")
    sys.stdout.write("\n".join(lines) + "\n")


def closure(name: str, extras: tuple[str, ...]) -> set[str]:
    """The names of a package and of all that it needs here, with some extras."""
    found: set[str] = set()
    seen: set[tuple[str, tuple[str, ...]]] = set()
    waiting = [(name, extras)]
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        found.add(one[0])
        for requirement in needs(*one):
            waiting.append((plain(requirement.name), tuple(sorted(requirement.extras))))
    return found


def needs(name: str, extras: tuple[str, ...]) -> list[Requirement]:
    """What a package needs on this computer; nothing is known of one that is not installed."""
    if not is_there(name):
        return []
    listed = [Requirement(text) for text in distribution(name).requires or ()]
    return [
        one for one in listed if one.marker is None or any(one.marker.evaluate({"extra": e}) for e in (*extras, ""))
    ]


def is_there(name: str) -> bool:
    """Whether a package is installed."""
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def megabytes(names: set[str]) -> float:
    """The size of some packages."""
    return sum(map(size_of, names))


def size_of(name: str) -> float:
    """The size of a package's own files, in MB."""
    if not is_there(name):
        return 0.0
    return sum(map(_size, _files(distribution(name)))) / 1e6


def _files(one: Distribution) -> list[object]:
    return [path for path in one.files or () if not path.name.endswith(".pyc")]


def _size(path: object) -> int:
    try:
        return int(path.locate().stat().st_size)
    except OSError:
        return 0


def plain(name: str) -> str:
    """A name as all spellings of it compare."""
    return name.lower().replace("_", "-").replace(".", "-")


if __name__ == "__main__":
    main()
