"""The loop on images no model has seen: a simulated user corrects, the network learns, all dev images are judged.

The user corrects objects of the train images in random order, confirms only the object (its rim follows by rule)
and once per image paints one background stroke. After some numbers of objects the network is taught what was
corrected so far, from the version in use, as the panel does. A version that is not better for sure waits, and this
user takes it unless its score is lower. Interrupted, it goes on where it stopped when it is run again with the same
folder.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from apprentice_lab.bench import report
from apprentice_lab.bench.images import ImagesSettings
from apprentice_lab.bench.loop_report import THRESHOLDS, summary
from apprentice_lab.bench.user import SimulatedCorrection, corrections
from apprentice_lab.sets import Picture
from napari_apprentice.data.labels import scores
from napari_apprentice.data.storage.results import folder
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Finished, Validated
from napari_apprentice.jobs import TeachResult
from napari_apprentice.project.versions import Version
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import FRESH, Session, SessionOptions
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.settings import DeviceName, TeachSettings

Labels = NDArray[np.uint32]


class LoopSettings(ImagesSettings):
    """What to try, and how often."""

    data: Annotated[Path, Field(description="Folder with images/, labels/ and index.csv: cells no model has seen.")] = (
        report.DATA / "usiigaci_phase"
    )
    start: Annotated[tuple[str, ...], Field(description="Models to start from.")] = ("nuclei-2d", FRESH)
    objects: Annotated[tuple[int, ...], Field(description="Teach after so many corrected objects.")] = (
        10,
        30,
        100,
        200,
    )
    seeds: Annotated[int, Field(ge=1, le=100, description="How many simulated users.")] = 5
    seconds: Annotated[float, Field(gt=0, description="Longest time to teach in one round.")] = 300.0
    threads: Annotated[int | None, Field(ge=1, description="Processor threads; empty: one fewer than cores.")] = None
    device: Annotated[DeviceName, Field(description="Where the network runs.")] = "auto"
    takes_waiting: Annotated[
        bool, Field(description="Whether the user takes a version that waits, unless its score is lower.")
    ] = True
    train: Annotated[str, Field(description="The split that is corrected.")] = "train"
    judge: Annotated[str, Field(description="The split that is judged.")] = "dev"

    def parts(self) -> tuple[list[Picture], list[Picture]]:
        """The images that are corrected and those that are judged; without splits every other one."""
        images = self.pictures(self.train)
        if any(one.split for one in images):
            return images, self.pictures(self.judge)
        if len(images) < 2:
            raise UserError(f"{self.set_name} has one image: the loop needs another one, to judge what was learned.")
        return images[::2], images[1::2]


def run(out: Path, settings: LoopSettings) -> Iterator[str]:
    """Write ``results.json`` and two plots: score against corrected objects and against seconds of teaching."""
    folder(out)
    corrected, judged = settings.parts()
    for start in settings.start:
        refuse_if_known(start, None if settings.image_dir else settings.set_name, [*corrected, *judged])
    runners = InlineRunners()
    try:
        for seed in range(settings.seeds):
            for start in settings.start:
                yield from _one_user(out, settings, start, seed, runners, corrected, judged)
                yield from summary(out, settings.model_dump())
    finally:
        runners.close()


def refuse_if_known(start: str, set_name: str | None, images: Sequence[Picture]) -> None:
    """`UserError` for a model that was taught on the images it is to be judged on."""
    with Session.temporary() as session:
        session.choose_model(start)
        header = session.model.header
    names = {one.name for one in images}
    known = [] if header is None else [t for t in header.trained_on if t in names or (set_name and set_name in t)]
    if known:
        raise UserError(
            f"The model {start} was trained on {known[0]}: the loop is measured on images it has not seen, "
            "choose another start."
        )


def _one_user(
    out: Path,
    settings: LoopSettings,
    start: str,
    seed: int,
    runners: InlineRunners,
    corrected: Sequence[Picture],
    judged: Sequence[Picture],
) -> Iterator[str]:
    """One simulated user from one start: every round is saved at once, and found again."""
    images = {one.name: one for one in corrected}
    truth = {name: one.read()[1] for name, one in images.items()}
    with Session.temporary(runners) as session:
        session.options = SessionOptions(resegment_after_teach=False)
        session.choose_model(start)
        entries: dict[str, ProjectImage] = {}
        work = corrections(truth, seed)
        done = 0
        for count in (0, *settings.objects):
            place = out / "rounds" / f"{_plain(start)}-{seed}-{count}.json"
            while done < count:
                done += _correct(session, images, entries, next(work))
            if place.exists():
                result = json.loads(place.read_text(encoding="utf-8"))
            else:
                result = _round(session, settings, start, seed, count, place, judged)
                place.parent.mkdir(exist_ok=True)
                place.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
            if result["model"] is not None:
                session.choose_model(str(out / "rounds" / result["model"]))
            yield f"{start}, user {seed}, {count} objects: AP .50 {result['ap'][0]:.3f}, {result['seconds']:.0f} s"


def _correct(
    session: Session, images: Mapping[str, Picture], entries: dict[str, ProjectImage], one: SimulatedCorrection
) -> int:
    """Do one correction in its image; 1 when it was an object."""
    if one.image not in entries:
        entries[one.image] = session.add_image(images[one.image].read()[0])
    session.choose_image(entries[one.image])
    if one.value == 0:
        session.paint_background(one.voxels)
        return 0
    session.paint(one.voxels, one.value)
    return 1


def _round(
    session: Session,
    settings: LoopSettings,
    start: str,
    seed: int,
    count: int,
    place: Path,
    judged: Sequence[Picture],
) -> dict[str, Any]:
    """Teach what was corrected so far, and judge."""
    result: dict[str, Any] = {"start": start, "seed": seed, "objects": count, "seconds": 0.0, "model": None}
    if count:
        session.teach_settings = TeachSettings(
            device=settings.device, max_seconds=settings.seconds, seed=seed, threads=settings.threads
        )
        events: list[Event] = []
        heard = (session.job_event, session.job_ended)
        slots = [signal.connect(lambda _kind, event: events.append(event), check_nargs=False) for signal in heard]
        began = time.perf_counter()
        session.teach()
        session.run_until_idle()
        result["seconds"] = time.perf_counter() - began
        for signal, slot in zip(heard, slots, strict=True):
            signal.disconnect(slot)
        learned = next((one.result for one in events if isinstance(one, Finished)), None)
        result["better_by_a_tenth_s"] = better_after([one for one in events if isinstance(one, Validated)])
        version = session.project.lineage.versions[-1] if session.project else None
        if version is not None:
            result["images_per_s"] = learned.patches / learned.seconds if isinstance(learned, TeachResult) else None
            result |= {"version": version.model_dump(mode="json"), "adopted": session.model.key == version.id}
            waiting = session.waiting
            if settings.takes_waiting and waiting is not None and not is_lower(waiting):
                session.use()
    file = session.model.file
    if file is not None and session.model.key != start:
        place.parent.mkdir(exist_ok=True)
        result["model"] = f"{place.stem}.safetensors"
        shutil.copy(file, place.parent / result["model"])
    result["ap"] = [0.0] * len(THRESHOLDS) if file is None else judge(judged, str(file), session.runners)
    return result


def is_lower(version: Version) -> bool:
    """Whether a version scores less than the one before, as far as that is known."""
    before, after = version.score_before, version.score_after
    return before is not None and after is not None and after < before


def better_after(curve: Sequence[Validated], by: float = 0.1) -> float | None:
    """Seconds until the score of set-aside corrections is `by` above the first one; None when it never is."""
    known = [(one.seconds, one.score) for one in curve if one.score is not None]
    return next((seconds for seconds, score in known if score >= known[0][1] + by), None)


def judge(images: Sequence[Picture], model: str, runners: Any) -> list[float]:
    """Mean over the judged images of AP at .50 and .75."""
    found = []
    for one in images:
        volume, truth = one.read()
        with Session.temporary(runners) as session:
            session.choose_model(model)
            entry = session.add_image(volume)
            session.segment()
            session.run_until_idle()
            found.append([m.average_precision for m in scores.matches(truth, np.array(entry.labels), THRESHOLDS)])
    return [float(v) for v in np.mean(found, axis=0)]


def _plain(name: str) -> str:
    return Path(name).stem
