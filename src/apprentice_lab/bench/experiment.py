"""One training for each of several choices and seeds: what `family`, `sizes`, `representations` and `slices` share.

Trainings are done in processes beside each other, saved as soon as they end, and found again by the next run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from apprentice_lab.bench import workers
from napari_apprentice.data.storage.results import folder

Seeds = Annotated[tuple[int, ...], Field(description="One training for each.")]
Steps = Annotated[int, Field(ge=1, description="Steps of every training.")]
Rate = Annotated[float, Field(gt=0, description="Highest learning rate.")]
Width = Annotated[int, Field(ge=4, le=64, description="Channels of the U-Net's first level.")]
Processes = Annotated[int, Field(ge=1, description="Trainings at once, of one thread each.")]
Repeats = Annotated[int, Field(ge=1, description="Predictions that are timed, of each network.")]


class TrainingSettings(Protocol):
    """What the settings of every comparison have."""

    @property
    def data(self) -> Path:
        """Folder with the annotated sets."""

    @property
    def steps(self) -> int:
        """Of every training."""

    @property
    def rate(self) -> float:
        """Highest learning rate."""

    @property
    def processes(self) -> int:
        """Trainings at once."""


S = TypeVar("S", bound=TrainingSettings)
Job = TypeVar("Job", bound=tuple[Any, ...])


@dataclass(frozen=True)
class Trained:
    """What one training came to: what is kept as JSON, a line to be read, labels (Z, Y, X) to be looked at."""

    row: dict[str, Any]
    words: str
    found: Sequence[NDArray[Any]] = ()


@dataclass(frozen=True)
class Experiment(Generic[S, Job]):
    """What is compared.

    ``planned`` are the trainings, ``stem`` is the file name of one; ``check`` hears the folder of data and the
    trainings to do before the first one starts, and raises what would stop them; ``train`` does one, with a place for
    its checkpoint. All are functions of a module: trainings run in processes of their own.
    """

    planned: Callable[[S], list[Job]]
    stem: Callable[[Job], str]
    check: Callable[[Path, Sequence[Job]], object]
    train: Callable[[S, Job, Path], Trained]

    def rows(self, out: Path, settings: S) -> Generator[str, None, list[dict[str, Any]]]:
        """Do what is not done yet; says how far it is, and returns what was kept of every training, as planned."""
        folder(out / "runs")
        planned = self.planned(settings)
        jobs = [job for job in planned if not self.place(out, job).exists()]
        yield f"{len(jobs)} trainings to do, {len(planned) - len(jobs)} done"
        if jobs:
            self.check(settings.data, jobs)
            yield from workers.each(_one, [(self, out, settings, job) for job in jobs], settings.processes)
        return [json.loads(self.place(out, job).read_text(encoding="utf-8")) for job in planned]

    def place(self, out: Path, job: Job) -> Path:
        """The file of a training."""
        return out / "runs" / f"{self.stem(job)}.json"

    def labels_of(self, out: Path, job: Job) -> NDArray[Any]:
        """Labels (Z, Y, X) that a training found in the first dev image."""
        with np.load(self.place(out, job).with_suffix(".npz")) as file:
            return np.asarray(file[file.files[0]])


def run_timed(out: Path, words: str, work: Callable[[S], Any], settings: S) -> Generator[str, None, Any]:
    """What `work` times in a process of its own, once for a folder; says so in `words`."""
    place = out / "times.json"
    if not place.exists():
        yield words
    return workers.keep(place, work, settings)


def _one(experiment: Experiment[S, Job], out: Path, settings: S, job: Job) -> str:
    place = experiment.place(out, job)
    trained = experiment.train(settings, job, place.with_suffix(".pt"))
    if trained.found:
        np.savez_compressed(place.with_suffix(".npz"), *(labels.astype(np.uint16) for labels in trained.found))
    place.write_text(json.dumps(trained.row, indent=1) + "\n", encoding="utf-8")
    place.with_suffix(".pt").unlink()
    return trained.words
