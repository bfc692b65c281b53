"""The trial that fuzzes readers: that it finds what is wrong, and goes on from where it was."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.lab.trust import played_targets

from apprentice_lab.trust import fuzz
from apprentice_lab.trust.fuzzing import child, mutation, oddities, packings, seeds
from apprentice_lab.trust.fuzzing.records import Effort, Records
from apprentice_lab.trust.fuzzing.targets import TARGETS, Target
from apprentice_lab.trust.trial import Extent, Outcome
from napari_apprentice.errors import UserError
from napari_apprentice.project import replay

FORMATS = Path("no such folder")


def _run(place: Path, targets: tuple[Target, ...], seconds: int) -> tuple[list[str], Outcome]:
    lines, trial = [], fuzz.fuzz(place, Extent(share=seconds / 1200, data=str(FORMATS)), targets)
    while True:
        try:
            lines.append(next(trial))
        except StopIteration as ended:
            return lines, ended.value


def test_what_goes_wrong_is_found_tried_again_and_gone_on_from(tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    corpus = tmp_path / "played" / "corpus"
    corpus.mkdir(parents=True)
    for letter in "TLCMUx":
        (corpus / letter).write_text(letter)
    _, outcome = _run(tmp_path, played_targets.TARGETS, 6)
    kinds = sorted(failure.removeprefix("played: ").split(",")[0] for failure in outcome.failures)
    assert kinds == ["crash", "lines", "memory", "traceback"]
    assert any("traceback, KeyError played_targets.door" in failure for failure in outcome.failures)
    assert not (corpus / "C").exists()  # it would end every process at once
    assert outcome.tried == outcome.numbers["played"] >= 6
    lines, again = _run(tmp_path, played_targets.TARGETS, 6)  # it had its seconds
    assert (again.tried, again.failures) == (outcome.tried, outcome.failures)
    assert lines[0].startswith(f"played: {outcome.tried} executions in ")


def test_a_finding_that_is_none_any_more_is_forgotten(tmp_path: Path) -> None:
    records = Records(tmp_path)
    records.keep(child.Finding("traceback", "KeyError somewhere"), b"T")
    records.keep(child.Finding("lines", "mended since"), b"x")
    found = list(fuzz.campaign.confirmed(played_targets.TARGETS[0], records))
    assert [(one.kind, input_.read_bytes()) for one, input_ in found] == [("traceback", b"T")]
    assert [input_.read_bytes() for input_ in records.inputs] == [b"T"]


def test_the_smallest_input_of_a_defect_is_kept(tmp_path: Path) -> None:
    records, finding = Records(tmp_path), child.Finding("traceback", "here")
    for content in (b"long", b"s", b"longer"):
        records.keep(finding, content)
    assert [input_.read_bytes() for input_ in records.inputs] == [b"s"]


def test_calls_and_seconds_add_up_over_processes(tmp_path: Path) -> None:
    for seconds in (1.5, 2.0):
        Effort.open(tmp_path).add(seconds)
    assert Effort.open(tmp_path).so_far == (2, 3.5)


def test_without_atheris_a_sentence_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install \"napari-apprentice\[fuzz\]\""):
        next(fuzz.run(tmp_path, Extent()))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.title)
def test_what_a_target_begins_with_is_read_and_can_be_taken_apart(target: Target) -> None:
    found = list(seeds.seeds_of(target, FORMATS))
    if not found and target.title in ("minc", "dicom", "dicom-seg", "dicom-series", "czi"):
        pytest.skip("its files are in ../shared/data only, or a package is missing")
    place, chance = child.Place(target), random.Random(0)
    for content in found:
        assert place.put(content)
        target.door(place.path)
        changed = [mutation.mutated(content, target.packing, 1 << 17, chance, _flip(chance)) for _ in range(20)]
        assert any(one != content for one in changed)
    place.close()


def _flip(chance: random.Random) -> mutation.Mutate:
    def mutate(content: bytes, largest: int) -> bytes:
        changed = bytearray(content or b"x")
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        return bytes(changed[:largest])

    return mutate


def test_a_changed_journal_has_checksums_that_are_right(tmp_path: Path) -> None:
    content = packings.journal({"0": b"\x93\xa2do\x01\xc4\x01a", "1": b"\x93\xa4undo\x02\xc4\x01b"})
    parts = packings.records(content)
    assert packings.journal(parts) == content
    parts["0.msgpack"] = parts["0.msgpack"].replace(b"a", b"z")
    (tmp_path / "journal-0.bin").write_bytes(packings.journal(parts))
    assert [one.delta for one in replay.read(tmp_path / "journal-0.bin").records] == [b"z", b"b"]


def test_odd_values_keep_the_rest_of_a_record() -> None:
    told = {"name": "cells", "shape": [1, 2, 3], "nested": {"a": True}}
    changed = [
        oddities.changed({**told, "shape": [1, 2, 3], "nested": {"a": True}}, random.Random(i)) for i in range(50)
    ]
    assert sum(one != told for one in changed) > 40
    assert sum(isinstance(one, dict) and one.get("name") == "cells" for one in changed) > 20


def test_folders_are_made_of_what_lies_below_them(tmp_path: Path) -> None:
    target = next(one for one in TARGETS if one.title == "ome-zarr")
    place = child.Place(target)
    assert place.put(packings.zipped({"0/zarr.json": b"{}"}))
    assert (place.path / "0" / "zarr.json").read_bytes() == b"{}"
    for name in ("../x", "/x", "a/../../x"):
        assert not place.put(packings.zipped({"0/zarr.json": b"{}", name: b""}))
    assert [one.name for one in place.path.parent.iterdir()] == [place.path.name]
    place.close()
    assert not place.path.exists()
