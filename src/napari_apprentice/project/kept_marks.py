"""The classes given to objects as they were when the journal began, in a small file beside the labels of an image.

What was given since is in the journal (`data.objects.marks.MarkEdit`), which holds absolute values: it may be replayed
over a file that has some of it already.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from napari_apprentice.data.objects.marks import Mark, Marks, marks_of, told
from napari_apprentice.project import durable, numbered

_NAME = "classes.json"


def write(folder: Path, marks: Marks) -> None:
    """Replace what is kept; `UserError` when the disk refuses."""
    if marks or (folder / _NAME).exists():
        durable.write_json(folder / _NAME, told(marks))


def read(folder: Path) -> tuple[dict[int, Mark], str]:
    """What is kept, and a sentence when that is damaged; `UserError` when the disk does not give the file."""
    path = folder / _NAME
    try:
        return marks_of(durable.read_json(path)), ""
    except FileNotFoundError:
        return {}, ""
    except ValueError:
        with suppress(OSError):
            numbered.set_aside(path)
        return {}, f"The classes given to objects ({path}) are damaged and were set aside: those given since are here."
