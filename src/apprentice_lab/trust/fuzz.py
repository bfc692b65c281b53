"""Coverage-guided fuzzing of every reader of foreign bytes; goes on from the corpus that is there."""

from __future__ import annotations

from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path

from apprentice_lab.trust.fuzzing import campaign
from apprentice_lab.trust.fuzzing.targets import TARGETS, Target
from apprentice_lab.trust.trial import Extent, Outcome, Trial
from napari_apprentice.errors import UserError

_SECONDS = 20 * 60  # of each target


def run(place: Path, extent: Extent) -> Generator[str, None, Outcome]:
    """Fuzz every target in turn; a finding counts when it is there again in a process of its own."""
    return (yield from fuzz(place, extent, TARGETS))


def fuzz(place: Path, extent: Extent, targets: tuple[Target, ...]) -> Generator[str, None, Outcome]:
    """Fuzz these targets in turn, each for its share of 20 minutes; `UserError` without atheris."""
    if find_spec("atheris") is None:
        raise UserError('Fuzzing needs one more package: pip install "napari-apprentice[fuzz]" (Linux or macOS).')
    failures: list[str] = []
    numbers: dict[str, float | int | str] = {}
    for target in targets:
        folder = place / target.title
        records = campaign.fuzzed(target, folder, extent.of(_SECONDS), extent.seed, Path(extent.data) / "formats")
        numbers[target.title], seconds = records.effort
        found: dict[str, str] = {}
        for finding, input_ in campaign.confirmed(target, records):
            found.setdefault(finding.mark, f"{target.title}: {finding.kind}, {finding.where} ({input_})")
        failures += found.values()
        yield f"{target.title}: {numbers[target.title]} executions in {seconds:.0f} s, {len(found)} found"
    return Outcome(sum(n for n in numbers.values() if isinstance(n, int)), tuple(failures), numbers)


TRIAL = Trial("fuzz", "no crash, hang over 5 s, memory over 1 GB, traceback or extra line", run)
