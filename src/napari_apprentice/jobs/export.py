"""Export: the labels of a large image as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from napari_apprentice.jobs.base import WRITTEN, Job, Process, Result, ResultClass
from napari_apprentice.settings import ReadAs


class ExportResult(Result):
    """``path`` is what was written."""

    type: Literal["export"] = "export"
    path: Annotated[str, WRITTEN]


class ExportJob(Job):
    """Write the labels of a large image to a file, ``out``.

    ``labels`` is the folder of a zarr array (T, Z, Y, X), ``confirmed`` that of what was confirmed by hand ("": not
    known), ``spacing`` is (z, y, x), ``translate`` where the centre of the first voxel lies; ``names`` has what classes
    are called and ``colors`` their colours, ``provenance`` is the text of a `data.provenance.Provenance`. Tables
    measure ``image``, what `read_image` takes, if there is one, as ``read_as`` says.
    """

    verb: ClassVar[str] = "export"
    process: ClassVar[Process] = "own"
    result: ClassVar[ResultClass] = ExportResult
    when_out_of_memory: ClassVar[str] = "The memory is not enough for the export: close other programs and try again."

    type: Literal["export"] = "export"
    labels: str
    confirmed: str = ""
    spacing: tuple[float, float, float]
    unit: str
    translate: tuple[float, float, float] | None = None
    names: dict[int, str] = {}
    colors: dict[int, str] = {}
    provenance: str = ""
    image: str | None = None
    read_as: ReadAs = ReadAs()
    out: Annotated[str, WRITTEN]

    @property
    def temporary(self) -> tuple[Path, ...]:
        """The folder of the labels' copy."""
        return (Path(self.labels).parent,)
