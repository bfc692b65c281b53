"""Trials that try to break the product: kills, damage, full disks, nonsense in files, no memory, long days.

Each trial has a folder of its own below ``out``. What it found is kept there: a bench that was stopped goes on with
the next trial, and one trial can be run again by deleting its folder.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from apprentice_lab.bench import report
from apprentice_lab.trust.trial import Extent, Outcome, Trial
from apprentice_lab.trust.trials import TRIALS
from napari_apprentice.data.storage.results import folder
from napari_apprentice.errors import UserError
from napari_apprentice.settings import Settings


class TrustSettings(Settings):
    """What is tried, and how often."""

    trials: Annotated[tuple[str, ...], Field(description="Which trials; all when none is named.")] = ()
    share: Annotated[float, Field(gt=0, le=10, description="Share of the tries that the goals ask for.")] = 1.0
    seed: Annotated[int, Field(ge=0, description="Where the random choices start.")] = 0
    data: Annotated[Path, Field(description="Folder with formats/, real files to begin fuzzing with.")] = report.DATA


def run(out: Path, settings: TrustSettings) -> Iterator[str]:
    """Write ``results.json`` and ``results.md``; yields what a person wants to read."""
    folder(out)
    results: dict[str, Any] = {"bench": "trust", "settings": settings.model_dump(mode="json")}
    extent = Extent(settings.share, settings.seed, str(settings.data))
    rows = []
    for trial in _chosen(settings.trials):
        outcome = yield from _kept(out / trial.name, trial, extent)
        results[trial.name] = asdict(outcome)
        rows.append([trial.name, trial.goal, str(outcome.tried), str(len(outcome.failures)), _text(outcome.numbers)])
        report.write(out, results)
    table = report.markdown(("trial", "goal", "tried", "failed", "measured"), rows)
    (out / "results.md").write_text(table + "\n", encoding="utf-8")
    yield table


def _chosen(names: tuple[str, ...]) -> list[Trial]:
    known = {trial.name: trial for trial in TRIALS}
    for name in names:
        if name not in known:
            raise UserError(f"There is no trial {name!r}: choose among {', '.join(known)}.")
    return [known[name] for name in names or known]


def _kept(place: Path, trial: Trial, extent: Extent) -> Generator[str, None, Outcome]:
    """The outcome of a trial, from its folder when it ran there to the same extent."""
    found = folder(place) / "outcome.json"
    if found.is_file():
        kept = json.loads(found.read_text(encoding="utf-8"))
        if kept.pop("extent") == asdict(extent):
            yield f"{trial.name}: kept from an earlier run"
            return Outcome(kept["tried"], tuple(kept["failures"]), kept["numbers"])
    outcome = yield from trial.run(place, extent)
    found.write_text(json.dumps({"extent": asdict(extent), **asdict(outcome)}, indent=2) + "\n", encoding="utf-8")
    yield f"{trial.name}: {outcome.tried} tried, {len(outcome.failures)} failed"
    yield from outcome.failures
    return outcome


def _text(numbers: Mapping[str, float | int | str]) -> str:
    short = {name: f"{value:.3g}" if isinstance(value, float) else value for name, value in numbers.items()}
    return ", ".join(f"{name} {value}" for name, value in short.items())
