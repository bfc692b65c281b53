"""Which taught versions are taken into use unasked, and whether a worse one is ever among them.

A simulated user opens an image, segments it, says something about it (well, or badly on purpose) and teaches. Whatever
becomes of the version, it is judged on the objects of the same image that nobody touched, and on other images of the
set. Interrupted, it goes on where it stopped when it is run again with the same folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from apprentice_lab.bench import adoption_rule, report
from apprentice_lab.bench.adoption_judging import Judge
from apprentice_lab.bench.adoption_report import summary
from apprentice_lab.bench.adoption_users import SAY_ONE_THING, USERS, UserName
from apprentice_lab.bench.images import ImagesSettings, draw_pictures
from apprentice_lab.sets import Picture
from napari_apprentice.data.storage.results import folder
from napari_apprentice.errors import UserError
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session, SessionOptions
from napari_apprentice.settings import DeviceName, TeachSettings

_FEWEST_LEFT = 5  # objects to judge by that nobody touched


class AdoptionSettings(ImagesSettings):
    """What is taught, by whom, and how often."""

    data: Annotated[Path, Field(description="Folder with images/, labels/ and, if split, index.csv.")] = (
        report.DATA / "usiigaci_phase"
    )
    split: Annotated[str, Field(description="The images of which split.")] = "all"
    images: Annotated[int | None, Field(ge=1, description="So many of them, at random; empty: all.")] = None
    start: Annotated[str, Field(description="The model that is taught.")] = "nuclei-2d"
    users: Annotated[tuple[UserName, ...], Field(description="What the users say.")] = tuple(USERS)
    objects: Annotated[tuple[int, ...], Field(description="How many objects they correct.")] = (4, 12, 30)
    seconds: Annotated[float, Field(gt=0, description="Longest time to teach.")] = 60.0
    steps: Annotated[int, Field(ge=1, description="Most steps, to compare machines of different speed.")] = 10_000
    seeds: Annotated[int, Field(ge=1, le=100, description="How often, with other objects.")] = 1
    beside: Annotated[
        int, Field(ge=0, description="A version is judged on so many other images of the set as well, drawn at random.")
    ] = 0
    rule: Annotated[
        int | None, Field(ge=1, description="Teach nothing: so many draws of made-up objects, judged by --objects.")
    ] = None
    threads: Annotated[int | None, Field(ge=1, description="Processor threads; empty: one fewer than cores.")] = None
    device: Annotated[DeviceName, Field(description="Where the network runs.")] = "auto"


def run(out: Path, settings: AdoptionSettings) -> Iterator[str]:
    """Write ``results.json``: every teaching, and how often a version was taken, waits or is refused."""
    if settings.rule is not None:
        rows, lines = adoption_rule.asked(settings.objects, settings.rule)
        report.write(out, {"bench": "adoption", "settings": settings.model_dump(), "rule": rows})
        yield from lines
        return
    folder(out / "teachings")
    images = draw_pictures(settings.pictures(settings.split), settings.images, seed=0)
    runners = InlineRunners()
    judge = Judge(runners, _others(settings, images))
    try:
        for seed in range(settings.seeds):
            for image in images:
                for user in settings.users:
                    for count in settings.objects[:1] if user in SAY_ONE_THING else settings.objects:
                        yield from _teaching(out, settings, image, user, count, seed, judge)
    finally:
        runners.close()
    yield from summary(out, settings.model_dump())


def _teaching(
    out: Path,
    settings: AdoptionSettings,
    image: Picture,
    user: UserName,
    count: int,
    seed: int,
    judge: Judge,
) -> Iterator[str]:
    place = out / "teachings" / f"{settings.set_name}-{image.name}-{user}-{count}-{seed}.json"
    if not place.exists():
        row = {"set": settings.set_name, "image": image.name, "user": user, "objects": count, "seed": seed}
        row |= _taught(settings, image, user, count, seed, judge)
        place.write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")
    row = json.loads(place.read_text(encoding="utf-8"))
    if "skipped" in row:
        yield f"{image.name}, {user}, {count}: left out, {row['skipped']}"
        return
    yield (
        f"{image.name}, {user}, {count}: {row['outcome']}; AP .50 of the rest {row['ap_before']:.3f} -> "
        f"{row['ap_after']:.3f} on {row['left']} objects; in all {row['gain']:+.3f} "
        f"({row['gain_low']:+.3f} to {row['gain_high']:+.3f}) on {row['judged_on']}"
    )


def _taught(
    settings: AdoptionSettings, image: Picture, user: UserName, count: int, seed: int, judge: Judge
) -> dict[str, Any]:
    """One project: what became of the version, and the old and the new model on what nobody touched."""
    volume, truth = image.read()
    with Session.temporary(judge.runners) as session:
        session.options = SessionOptions(resegment_after_teach=False)
        entry = session.add_image(volume)
        session.choose_model(settings.start)
        start = str(session.model.file)
        before = judge.found_before(start, image)
        touched = USERS[user](session, truth, before, count, np.random.default_rng(seed))
        rest = np.where(np.isin(truth, touched), 0, np.where(truth > 0, 2, 1)).astype(np.uint8)
        left = len(np.unique(truth[rest == 2]))
        if left < _FEWEST_LEFT:
            return {"skipped": "hardly any object is left to judge by"}
        session.teach_settings = TeachSettings(
            device=settings.device,
            max_seconds=settings.seconds,
            max_steps=settings.steps,
            seed=seed,
            threads=settings.threads,
        )
        try:
            session.teach()
            session.run_until_idle()
        except UserError as error:
            return {"skipped": str(error)}
        version = session.project.lineage.versions[-1] if session.project else None
        if version is None:
            return {"skipped": "no version came of it"}
        is_taken = session.model.key == version.id
        session.models.adopt(version.id)
        compared = judge.compared(image, rest, before, start, str(session.model.file))
        is_refused = version.gain_high is not None and version.gain_high < 0
        return {
            "outcome": "taken" if is_taken else "refused" if is_refused else "waits",
            "judged": version.better is not None,
            "left": left,
            "confirmed": int((entry.confirmed == 2).sum()),
            "version": version.model_dump(mode="json"),
            **compared,
        }


def _others(settings: AdoptionSettings, images: Sequence[Picture]) -> list[Picture]:
    """Images of the set of which nothing is taught, as many as there are of those asked for."""
    taught = {image.name for image in images}
    free = [image for image in settings.pictures(settings.split) if image.name not in taught]
    return draw_pictures(free, settings.beside, seed=1)
