"""A review of proposals in a real window: with the plugin and *Next*, with the plugin alone, with napari's tools alone.

The masks are the truth spoiled in a known way. A scripted user works by mouse and key events; what his hand and eye do
takes stated times, what the window lets him wait is measured, from the event until what is shown has changed and is
drawn. He knows what is right when he sees it: after each thing done the labels are compared with the truth. The review
ends when all mistakes are mended, or when there is nothing more to look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from apprentice_lab.bench import interact_report, report
from apprentice_lab.bench.images import ImagesSettings
from apprentice_lab.bench.interact_mistakes import Labels
from apprentice_lab.bench.interact_sheets import Sheet, draw_sheets, own_sheets
from apprentice_lab.bench.interact_times import Reviewed, ReviewTimes
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.storage.results import folder
from napari_apprentice.errors import UserError
from napari_apprentice.session.likely_wrong import Outlook
from napari_apprentice.settings import Triple

User = Literal["pages", "next", "plugin", "napari"]


class InteractSettings(ImagesSettings, ReviewTimes):
    """What is reviewed, by whom, and what the hand takes."""

    data: Annotated[Path, Field(description="Folder with images/, labels/ and, if split, index.csv.")] = (
        report.DATA / "bbbc039"
    )
    split: Annotated[str, Field(description="Which part of index.csv: dev, train, fold (of train), or all.")] = "dev"
    objects: Annotated[int, Field(ge=0, description="Objects to review; 0: leave the review out.")] = 200
    mistakes: Annotated[
        Literal["made", "own"],
        Field(description="made: the truth spoiled in a known way; own: what --model proposes, and gets wrong."),
    ] = "made"
    wrong: Annotated[int, Field(ge=1, description="How many of them are made wrong, all kinds alike.")] = 30
    seeds: Annotated[tuple[int, ...], Field(description="Each draws images and mistakes.")] = (0, 1, 2)
    users: Annotated[
        tuple[User, ...],
        Field(
            description="pages, next: the plugin, by doubt, several at one look or one by one; plugin: field by field; "
            "napari: the same without the plugin."
        ),
    ] = ("pages", "next", "plugin", "napari")
    page: Annotated[int, Field(ge=1, le=9, description="Pictures on a page, at most.")] = 9
    model: Annotated[str, Field(description="Its prediction says how doubtful the spoiled masks are.")] = "nuclei-2d"
    field_share: Annotated[
        float, Field(gt=0, le=0.5, description="Who goes field by field sees a typical object in so much of a field.")
    ] = 0.1
    suggestions: Annotated[
        int, Field(ge=0, description="So many suggestions are read at a wrong object before a tool is taken; 0: none.")
    ] = 2
    stop: Annotated[
        Literal["told", "row", "end"],
        Field(description="Who is led by Next stops when the window says that one may, after --stop-after, or never."),
    ] = "told"
    stop_after: Annotated[int, Field(ge=1, description="With --stop row: so many that were right in a row.")] = 10
    window: Annotated[
        bool, Field(description="In a real window; else only who is led, counted, without waiting for it.")
    ] = True
    waits: Annotated[
        int, Field(ge=0, description="Also time so often what is waited for at each tool and with Live; 0: not.")
    ] = 0
    volume: Annotated[Triple, Field(description="Of the volume for --waits, z y x.")] = (64, 512, 512)
    volume_objects: Annotated[int, Field(ge=10, description="Its objects.")] = 1_500
    side: Annotated[int, Field(ge=256, description="Of the image for --waits with Live.")] = 1024

    def stops(self, in_a_row: int, outlook: Outlook) -> bool:
        """Whether the user who is led takes the rest on trust, after so many that were right in a row."""
        is_told = self.stop == "told" and outlook.may_stop
        return is_told or (self.stop == "row" and in_a_row >= self.stop_after)


def run(out: Path, settings: InteractSettings) -> Iterator[str]:
    """Write ``mistakes.csv``, ``reviews.csv``, ``interact.md``, ``results.json``, plots; needs a screen."""
    folder(out)
    reviews: list[Reviewed] = []
    if not settings.window:
        from apprentice_lab.bench import interact_counted, interact_pages  # here: they load torch

        led = {"pages": interact_pages.by_pages, "next": interact_counted.by_next}
        for seed in settings.seeds:
            sheets = _sheets(settings, seed)
            for user in settings.users:
                if user in led:
                    reviews.append(interact_counted.review(sheets, seed, settings, user, led[user]))
                    yield interact_report.line(reviews[-1], settings)
        yield from interact_report.write(out, settings, reviews, {}, {})
        return
    from apprentice_lab.bench.window import interact, live_waits, tool_waits  # here: they load Qt

    if settings.objects:
        for seed in settings.seeds:
            sheets = _sheets(settings, seed)
            for user in settings.users:
                for one in interact.review(user, sheets, seed, settings):
                    reviews.append(one)
                    yield interact_report.line(one, settings)
    waits = tool_waits.Waits()
    if settings.waits:
        seed = settings.seeds[0]
        yield "waiting for tools"
        tool_waits.measure_tools(settings.waits, settings.volume, settings.volume_objects, seed, waits)
        yield "waiting for Live"
        live_waits.measure_live(settings.waits, settings.side, seed, waits)
    if not reviews and not waits.ms:
        raise UserError("Nothing was asked for: give --objects or --waits.")
    yield from interact_report.write(out, settings, reviews, waits.ms, waits.undo_bytes)


class _Model:
    """What a model proposes, and what the product would doubt, whatever masks there are."""

    def __init__(self, model: str) -> None:
        from apprentice_lab.bench.model_maps import ModelTasks  # here: it loads torch

        self._tasks = ModelTasks(model)

    def labels(self, volume: Volume) -> Labels:
        """What is proposed for a slice."""
        from napari_apprentice.engine.decoding import labels_of

        prediction, header = self._seen(volume)
        labels: Labels = labels_of(prediction, header, volume.spacing)[0]
        return labels

    def doubts(self, volume: Volume, labels: Labels) -> Doubts:
        """Of labels of a slice."""
        from napari_apprentice.engine.doubting import doubts_of

        prediction, header = self._seen(volume)
        return doubts_of(prediction, labels[None], header)

    def _seen(self, volume: Volume) -> tuple[Any, Any]:
        from napari_apprentice.engine.predict import wait_for
        from napari_apprentice.engine.task import predict_frame

        task = self._tasks.open(volume)
        return wait_for(predict_frame(task, 0)), task.network.header


def _sheets(settings: InteractSettings, seed: int) -> list[Sheet]:
    model, pictures = _Model(settings.model), settings.pictures(settings.split)
    if settings.mistakes == "own":
        return own_sheets(pictures, settings.objects, seed, model.labels, model.doubts)
    return draw_sheets(pictures, settings.objects, settings.wrong, seed, model.doubts)
