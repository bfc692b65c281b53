"""The scores of a model under changes of the image: bits, hot pixels, inverted contrast, blur, noise, size, light.

Every image is changed in the same way again and again; the classical baseline sees the same. Interrupted, it goes on
where it stopped when it is run again with the same folder and settings.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from apprentice_lab import classical
from apprentice_lab.bench import robustness_report
from apprentice_lab.bench.accuracy import Labels, counts, header_of, propose
from apprentice_lab.bench.changes import CHANGES, ImageChange
from apprentice_lab.bench.images import ImagesSettings, draw_pictures
from apprentice_lab.sets import Picture
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.image.zoom import median_diameter
from napari_apprentice.data.labels.corrections import AS_LABELLED
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.storage.results import folder
from napari_apprentice.errors import UserError
from napari_apprentice.runners import Runners
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.settings import DeviceName, SegmentSettings


class RobustnessSettings(ImagesSettings):
    """What to change, and of which images."""

    model: Annotated[str, Field(description="A bundled model or a model file.")] = "nuclei-2d"
    split: Annotated[str, Field(description="Which part of index.csv: dev, train, or all.")] = "dev"
    kinds: Annotated[tuple[str, ...], Field(description="Only images of these types; empty: all.")] = ()
    count: Annotated[int, Field(ge=1, description="So many images, drawn at random.")] = 12
    changes: Annotated[tuple[str, ...], Field(description="Only these changes; empty: all.")] = ()
    seed: Annotated[int, Field(ge=0, description="Draws images, noise, and groups for the intervals.")] = 0
    device: Annotated[DeviceName, Field(description="Where the network runs.")] = "auto"


def run(out: Path, settings: RobustnessSettings) -> Iterator[str]:
    """Write ``results.json``, ``robustness.md`` and a plot; ``images`` keeps what is done of every image."""
    header = header_of(settings.model)
    if header.kind != "instances":
        raise UserError(f"{settings.model} proposes classes and this measures objects: choose a model for instances.")
    changes = _chosen(settings)
    images = [one for one in settings.pictures(settings.split) if not settings.kinds or one.kind in settings.kinds]
    if not images:
        raise UserError(f"{settings.set_name} has no images of type {', '.join(settings.kinds)}: choose other --kinds.")
    chosen = draw_pictures(images, settings.count, settings.seed)
    runners, rows = InlineRunners(), []
    judge = _Judge(settings, header, changes, runners, folder(out / "images"))
    try:
        for picture in chosen:
            began = time.monotonic()
            rows.append({"name": picture.name, "group": picture.group, "found": judge.judge(picture)})
            yield f"{len(rows)} of {len(chosen)} images, {picture.kind}, {time.monotonic() - began:.0f} s"
    finally:
        runners.close()
    yield from robustness_report.write(out, settings.model_dump(), changes, rows, settings.seed)


def _chosen(settings: RobustnessSettings) -> list[ImageChange]:
    known = {change.name: change for change in CHANGES}
    for name in settings.changes:
        if name not in known:
            raise UserError(f"There is no change {name}: choose among {', '.join(known)}.")
    return [known[name] for name in settings.changes or known]


@dataclass(frozen=True)
class _Judge:
    """Changes images and counts what is found; what was counted of an image is kept in a file."""

    settings: RobustnessSettings
    header: ModelHeader
    changes: Sequence[ImageChange]
    runners: Runners
    folder: Path

    def judge(self, picture: Picture) -> dict[str, dict[str, Any]]:
        """Counts of every method under `ImageChange.key` of each change and level."""
        wanted = {change.key(level): (change, level) for change in self.changes for level in change.levels}
        place = self.folder / f"{picture.name}.json"
        known = self._kept(place)
        if any(key not in known for key in wanted):
            volume, truth = picture.read()
            seed = zlib.crc32(picture.name.encode()) + self.settings.seed
            for key in [key for key in wanted if key not in known]:
                change, level = wanted[key]
                same = level == change.neutral
                seen = (volume, truth) if same else change.apply_to(volume, truth, level, seed)
                known[key] = self._methods(*seen, resized=change.resizes)
            place.write_text(json.dumps({"about": self._about(), "found": known}) + "\n", encoding="utf-8")
        return {key: known[key] for key in wanted}

    def _methods(self, volume: Volume, truth: Labels, *, resized: bool) -> dict[str, Any]:
        model, device = self.settings.model, self.settings.device
        found = {
            "model": counts(truth, propose(volume, model, self.runners, SegmentSettings(device=device))),
            "baseline": counts(truth, classical.segment(volume)),
        }
        diameter = median_diameter(truth, np.full(truth.shape, AS_LABELLED, np.uint8))
        if resized and diameter is not None and self.header.object_diameter is not None:
            told = SegmentSettings(device=device, diameter=diameter)
            found["told"] = counts(truth, propose(volume, model, self.runners, told))
        return found

    def _about(self) -> dict[str, Any]:
        """What counts depend on: those of another model or set are not used again."""
        where = {"data"} if self.settings.image_dir is None else {"image_dir", "label_dir"}
        about = self.settings.model_dump(mode="json", include={*where, "seed"})
        return about | {"model": self.header.id, "created": self.header.created}

    def _kept(self, place: Path) -> dict[str, Any]:
        if not place.exists():
            return {}
        document = json.loads(place.read_text(encoding="utf-8"))
        return dict(document["found"]) if document["about"] == self._about() else {}
