"""``apprentice bench``: measurements anyone can repeat."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from apprentice_lab.bench.accuracy import AccuracySettings
from apprentice_lab.bench.family import FamilySettings
from apprentice_lab.bench.loop import LoopSettings
from apprentice_lab.bench.membranes import MembranesSettings
from apprentice_lab.bench.representations import RepresentationsSettings
from apprentice_lab.bench.responsiveness import ResponsivenessSettings
from apprentice_lab.bench.robustness import RobustnessSettings
from apprentice_lab.bench.scale import ScaleSettings
from apprentice_lab.bench.sizes import SizesSettings
from apprentice_lab.bench.slices import SlicesSettings
from apprentice_lab.bench.speed import SpeedSettings
from apprentice_lab.bench.volumes import VolumesSettings
from napari_apprentice.cli.progress import console, say
from napari_apprentice.settings import Settings

bench = App(
    name="bench",
    help="Measure something and write results.json and plots.",
    default_parameter=Parameter(consume_multiple=True),  # --seeds 0 1 2
)
Flat = Parameter(name="*")


@bench.command
def loop(*, out: Path, settings: Annotated[LoopSettings, Flat] = LoopSettings()) -> None:  # noqa: B008
    """Score against corrected objects and seconds, for a simulated user on images the model has not seen."""
    _run("loop", out, settings)


@bench.command
def speed(*, out: Path, settings: Annotated[SpeedSettings, Flat] = SpeedSettings()) -> None:  # noqa: B008
    """Time from pressing Segment to complete labels, with a cold and with a warm engine."""
    _run("speed", out, settings)


@bench.command
def responsiveness(
    *,
    out: Path,
    settings: Annotated[ResponsivenessSettings, Flat] = ResponsivenessSettings(),  # noqa: B008
) -> None:
    """How long the window keeps one waiting, idle and while the network is taught."""
    _run("responsiveness", out, settings)


@bench.command
def accuracy(*, out: Path, settings: Annotated[AccuracySettings, Flat] = AccuracySettings()) -> None:  # noqa: B008
    """Scores of a model, and of the classical baseline, on a folder of images with known objects."""
    _run("accuracy", out, settings)


@bench.command
def robustness(
    *,
    out: Path,
    settings: Annotated[RobustnessSettings, Flat] = RobustnessSettings(),  # noqa: B008
) -> None:
    """The same scores under changes of the image: bits, hot pixels, contrast, blur, noise, size, light."""
    _run("robustness", out, settings)


@bench.command
def family(
    *,
    out: Path,
    settings: Annotated[FamilySettings, Flat] = FamilySettings(),  # noqa: B008
) -> None:
    """Every network of the family on the same small real tasks: score, size, operations, time."""
    _run("family", out, settings)


@bench.command
def volumes(*, out: Path, settings: Annotated[VolumesSettings, Flat] = VolumesSettings()) -> None:  # noqa: B008
    """Models of volumes on the stacks they have not learned from, each left out in turn."""
    _run("volumes", out, settings)


@bench.command
def representations(
    *,
    out: Path,
    settings: Annotated[RepresentationsSettings, Flat] = RepresentationsSettings(),  # noqa: B008
) -> None:
    """Ways to say what an object is, learned by the same network from full and from partial annotation."""
    _run("representations", out, settings)


@bench.command
def membranes(
    *,
    out: Path,
    settings: Annotated[MembranesSettings, Flat] = MembranesSettings(),  # noqa: B008
) -> None:
    """Membranes that a model finds: F1 of their centre lines within two pixels."""
    _run("membranes", out, settings)


@bench.command
def slices(*, out: Path, settings: Annotated[SlicesSettings, Flat] = SlicesSettings()) -> None:  # noqa: B008
    """Three annotated slices per training volume against dense annotation."""
    _run("slices", out, settings)


@bench.command
def sizes(*, out: Path, settings: Annotated[SizesSettings, Flat] = SizesSettings()) -> None:  # noqa: B008
    """How wide and deep a U-Net is worth being: score against the time to predict."""
    _run("sizes", out, settings)


@bench.command
def scale(*, out: Path, settings: Annotated[ScaleSettings, Flat] = ScaleSettings()) -> None:  # noqa: B008
    """Images larger than memory: peak memory and time against size, workers, going on after a kill."""
    _run("scale", out, settings)


def _run(what: str, out: Path, settings: Settings) -> None:
    module = import_module(f"apprentice_lab.bench.{what}")
    for line in module.run(out, settings):
        console().print(line, markup=False, highlight=False, soft_wrap=True)
    say(f"{out / 'results.json'}")
