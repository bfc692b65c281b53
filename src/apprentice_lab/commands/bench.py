"""``apprentice bench``: measurements anyone can repeat."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

from cyclopts import App, Parameter

from apprentice_lab.bench import (
    accuracy,
    adoption,
    clicks,
    doubt,
    exchange,
    family,
    interact,
    live,
    live_objects,
    loop,
    membranes,
    minute,
    object_classes,
    objects,
    representations,
    responsiveness,
    robustness,
    scale,
    sizes,
    slices,
    speed,
    trust,
    trying,
    volumes,
)
from apprentice_lab.commands.telling import tell
from napari_apprentice.cli.progress import console, say
from napari_apprentice.settings import Settings

S = TypeVar("S", bound=Settings)

bench = App(
    name="bench",
    help="Measure something and write results.json and plots.",
    default_parameter=Parameter(consume_multiple=True),  # --seeds 0 1 2
)


@dataclass(frozen=True)
class Measurement(Generic[S]):
    """A command: ``run`` writes into a folder and yields what a person wants to read; settings become options."""

    name: str
    run: Callable[[Path, S], Iterator[str]]
    settings: type[S]
    help: str


MEASUREMENTS: tuple[Measurement[Any], ...] = (
    Measurement(
        "loop",
        loop.run,
        loop.LoopSettings,
        "Score against corrected objects and seconds, for a simulated user on images the model has not seen.",
    ),
    Measurement(
        "adoption",
        adoption.run,
        adoption.AdoptionSettings,
        "Which taught versions are taken into use unasked, after good and bad corrections, and whether worse ones are.",
    ),
    Measurement(
        "exchange",
        exchange.run,
        exchange.ExchangeSettings,
        "Files that other programs read, and files of theirs that we read: what was compared, equal or not.",
    ),
    Measurement(
        "speed",
        speed.run,
        speed.SpeedSettings,
        "Time from pressing Segment to complete labels, with a cold and with a warm engine.",
    ),
    Measurement(
        "responsiveness",
        responsiveness.run,
        responsiveness.ResponsivenessSettings,
        "How long the window keeps one waiting, idle and while the network is taught.",
    ),
    Measurement(
        "objects",
        objects.run,
        objects.ObjectsSettings,
        "How long the table of objects keeps one waiting: filled, sorted, after an edit, the filter.",
    ),
    Measurement(
        "accuracy",
        accuracy.run,
        accuracy.AccuracySettings,
        "Scores of a model, and of the classical baseline, on a folder of images with known objects.",
    ),
    Measurement(
        "clicks",
        clicks.run,
        clicks.ClicksSettings,
        "How many clicks an object takes: the click network, today's click, GrabCut; two simulated users.",
    ),
    Measurement(
        "doubt",
        doubt.run,
        doubt.DoubtSettings,
        "How well doubt ranks wrong objects before right ones, and how much looking Next saves simulated users.",
    ),
    Measurement(
        "try",
        trying.run,
        trying.TryingSettings,
        "How often the model that is proposed first is the best: by the list, and after trying all on a part.",
    ),
    Measurement(
        "live",
        live.run,
        live.LiveSettings,
        "Classes after 5, 20 and 80 strokes with Live, and with a random forest on filters; seconds after a stroke.",
    ),
    Measurement(
        "live-objects",
        live_objects.run,
        live_objects.LiveObjectsSettings,
        "Objects that the model does not know, after 5 and 20 are corrected with Live on: AP .50 of the rest.",
    ),
    Measurement(
        "object-classes",
        object_classes.run,
        object_classes.ObjectClassesSettings,
        "Classes of objects after 3 to 20 labels a class: by what a network sees, and by size, shape and brightness.",
    ),
    Measurement(
        "interact",
        interact.run,
        interact.InteractSettings,
        "A scripted review in a real window: seconds for each wrong object, with the plugin and with napari alone.",
    ),
    Measurement(
        "objects-a-minute",
        minute.run,
        minute.MinuteSettings,
        "A scripted user in a real window: objects a minute by clicks, polygon and brush; from a click to the mask.",
    ),
    Measurement(
        "robustness",
        robustness.run,
        robustness.RobustnessSettings,
        "The same scores under changes of the image: bits, hot pixels, contrast, blur, noise, size, light.",
    ),
    Measurement(
        "family",
        family.run,
        family.FamilySettings,
        "Every network of the family on the same small real tasks: score, size, operations, time.",
    ),
    Measurement(
        "volumes",
        volumes.run,
        volumes.VolumesSettings,
        "Models of volumes on the stacks they have not learned from, each left out in turn.",
    ),
    Measurement(
        "representations",
        representations.run,
        representations.RepresentationsSettings,
        "Ways to say what an object is, learned by the same network from full and from partial annotation.",
    ),
    Measurement(
        "membranes",
        membranes.run,
        membranes.MembranesSettings,
        "Membranes that a model finds: F1 of their centre lines within two pixels.",
    ),
    Measurement(
        "slices",
        slices.run,
        slices.SlicesSettings,
        "Three annotated slices per training volume against dense annotation.",
    ),
    Measurement(
        "sizes",
        sizes.run,
        sizes.SizesSettings,
        "How wide and deep a U-Net is worth being: score against the time to predict.",
    ),
    Measurement(
        "scale",
        scale.run,
        scale.ScaleSettings,
        "Images larger than memory: peak memory and time against size, workers, going on after a kill.",
    ),
    Measurement(
        "trust",
        trust.run,
        trust.TrustSettings,
        "Trials that try to break it: kills, damaged projects, full disks, nonsense in files, no memory, long days.",
    ),
)


def _command(one: Measurement[S]) -> Callable[..., None]:
    def command(*, out: Path, settings: S) -> None:
        tell(logging.WARNING)
        for line in one.run(out, settings):
            console().print(line, markup=False, highlight=False, soft_wrap=True)
        say(f"{out / 'results.json'}")

    command.__annotations__["settings"] = Annotated[one.settings, Parameter(name="*")]
    command.__kwdefaults__ = {"settings": one.settings()}
    return command


for _one in MEASUREMENTS:
    bench.command(_command(_one), name=_one.name, help=_one.help)
