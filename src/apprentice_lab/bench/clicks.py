"""How many clicks an object takes: the network that is asked, today's click and GrabCut, told by two simulated users.

*centre* clicks the middle of the largest error, *sloppy* anywhere in its inner half, strays 3 pixels with 5 % of the
clicks and sees no error less than 2 pixels deep; both stop at an IoU of .90, or after 20 clicks. Every method is told
by the same users, with the same random numbers for an object, and knows nothing of how large objects are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from apprentice_lab.bench import clicks_report
from apprentice_lab.bench.clicks_nothing import click_nothing
from apprentice_lab.bench.clicks_objects import Clicked, click_all, draw_targets
from apprentice_lab.bench.images import ImagesSettings
from apprentice_lab.sets import Picture
from napari_apprentice.data.storage.results import folder
from napari_apprentice.errors import UserError

if TYPE_CHECKING:
    from apprentice_lab.clicks.methods import Method

_SAY_EVERY = 20  # objects


class ClicksSettings(ImagesSettings):
    """What is clicked, and who answers."""

    split: Annotated[str, Field(description="Which part of index.csv: dev, train, fold (of train), or all.")] = "dev"
    model: Annotated[
        str | None, Field(description="Also today's click, on what this bundled model or model file predicts.")
    ] = None
    clicker: Annotated[Path | None, Field(description="The model that is asked; empty: click-2d.")] = None
    grabcut: Annotated[bool, Field(description="Also GrabCut, a method without learning.")] = True
    empty_dir: Annotated[Path | None, Field(description="Images without objects, to click there too.")] = None
    background: Annotated[int, Field(ge=0, description="Clicks beside objects, and as many in --empty-dir.")] = 60
    limit: Annotated[int | None, Field(ge=1, description="Objects of a kind, drawn at random; empty: all.")] = None
    seed: Annotated[int, Field(ge=0, description="Draws objects, clicks, and images for the intervals.")] = 0


def run(out: Path, settings: ClicksSettings) -> Iterator[str]:
    """Write ``clicks.csv``, ``nothing.csv``, ``results.json``, ``clicks.md`` and plots."""
    from apprentice_lab.clicks.grabcut import GrabCut  # here: they load torch
    from apprentice_lab.clicks.methods import ClickNetwork, TodaysClick, clicker
    from apprentice_lab.clicks.volumes import ClickInVolume

    images = settings.pictures(settings.split)
    today = None if settings.model is None else TodaysClick(settings.model)
    asked = ClickNetwork.load(settings.clicker or clicker())
    methods: list[Method] = [asked, ClickInVolume(asked.predict)]
    if today is not None:
        methods.append(today)
    if settings.grabcut:
        methods.append(GrabCut())
    try:
        yield from measure(out, settings, images, methods)
    finally:
        if today is not None:
            today.close()


def measure(out: Path, settings: ClicksSettings, images: Sequence[Picture], methods: Sequence[Method]) -> Iterator[str]:
    """The same with methods of one's own. `UserError` where nothing can be clicked."""
    folder(out)
    targets = draw_targets(images, settings.limit, settings.seed)
    if not targets.objects:
        raise UserError("No object has 30 pixels and is whole in its image: choose images with larger objects.")
    able = [one for one in targets.objects if any(one.dims in method.dims for method in methods)]
    if not able:
        raise UserError("These are volumes, and nothing here can be asked in 3D: choose 2D images, or give --model.")
    if len(able) < len(targets.objects):
        yield f"{len(targets.objects) - len(able)} objects of volumes are left out: nothing here can be asked in 3D."
    rows: list[Clicked] = []
    for i, found in enumerate(click_all(images, able, methods, settings.seed), start=1):
        rows += found
        if i % _SAY_EVERY == 0:
            yield f"{i} of {len(able)} objects"
    nothing = list(click_nothing(images, settings.empty_dir, methods, settings.background, settings.seed))
    about = {"settings": settings.model_dump(), "objects": len(able), "specks": targets.specks, "cut": targets.cut}
    yield from clicks_report.write(out, about, rows, nothing, settings.seed)
