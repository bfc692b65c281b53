"""How well doubt tells wrong objects from right ones, and how much of the looking it saves.

An object is wrong when it has an IoU below .50 with every object of the truth: merged, cut, false or of a bad outline.
Each measure of doubt, and all of them together as the product has them, ranks the objects of all images; so does their
size alone, and chance. Users who are simulated then look at one object after the other, in the order of *Next* or at
random, and mend what is wrong, until an image has an AP .50 of .90.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from apprentice_lab.bench import doubt_report
from apprentice_lab.bench.accuracy import header_of
from apprentice_lab.bench.images import ImagesSettings, draw_pictures
from napari_apprentice.data.storage.results import folder
from napari_apprentice.errors import UserError
from napari_apprentice.settings import DeviceName

_SAY_EVERY = 10  # images


class DoubtSettings(ImagesSettings):
    """What is proposed, and who looks."""

    model: Annotated[str, Field(description="A bundled model or a model file, of objects.")] = "nuclei-2d"
    split: Annotated[str, Field(description="Which part of index.csv: dev, train, or all.")] = "dev"
    count: Annotated[int | None, Field(ge=1, description="So many images, drawn at random; empty: all.")] = None
    flips: Annotated[
        bool, Field(description="Also how much a mirrored image disagrees, which costs a second look.")
    ] = True
    users: Annotated[int, Field(ge=1, le=100, description="Simulated users.")] = 5
    seed: Annotated[int, Field(ge=0, description="Draws images, and random orders.")] = 0
    device: Annotated[DeviceName, Field(description="Where the network runs.")] = "auto"


def run(out: Path, settings: DoubtSettings) -> Iterator[str]:
    """Write ``objects.csv``, ``users.csv``, ``results.json`` and ``doubt.md``."""
    from apprentice_lab.bench.doubt_evidence import Looking  # here: it loads torch

    if header_of(settings.model).kind == "classes":
        raise UserError(f"{settings.model} proposes classes, and doubt is of objects: choose another model.")
    chosen = draw_pictures(settings.pictures(settings.split), settings.count, settings.seed)
    folder(out)
    looking = Looking(settings.model, settings.device, flips=settings.flips)
    looked = []
    for picture in chosen:
        looked.append(looking.at(picture))
        if len(looked) % _SAY_EVERY == 0:
            yield f"{len(looked)} of {len(chosen)} images"
    yield from doubt_report.write(out, settings.model_dump(), looked, settings.users, settings.seed)
