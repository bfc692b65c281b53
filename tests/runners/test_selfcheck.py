from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.cli.app import run
from napari_apprentice.data.storage.refused_devices import refuse, why_refused
from napari_apprentice.engine import device
from napari_apprentice.errors import UserError
from napari_apprentice.runners.selfcheck import Report, check_computer, check_devices

PLAYED = "tests.runners.played_devices"
CARD, KEY = "CUDA: a card", "CUDA: a card, torch 9"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPRENTICE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))


def play(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    monkeypatch.setenv("PLAYED_DEVICES", how)


def test_a_device_that_says_what_the_processor_says_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, "cuda=right")
    cpu, card = check_devices(PLAYED)
    assert cpu.line == "CPU, 2 threads: 40 ms a megapixel, 8.0 GB free"
    assert card.line == f"{CARD}: 40 ms a megapixel, 8.0 GB free, as the processor to 1.7e-04"
    assert not why_refused(KEY)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("wrong", "computes something else than the processor"),
        ("nan", "computes something else than the processor"),
        ("crashes", "breaks off when the network runs on it"),
        ("hangs", "does not answer"),
    ],
)
def test_one_that_does_not_is_not_used_until_it_is_right(monkeypatch: pytest.MonkeyPatch, how: str, why: str) -> None:
    play(monkeypatch, f"cuda={how},mps=right")
    cpu, card, chip = check_devices(PLAYED, patience_s=6 if how == "hangs" else 60)
    assert not cpu.why_not
    assert not chip.why_not
    assert card.line == why_refused(KEY) == f"{CARD} {why}, so it is not used."
    play(monkeypatch, "cuda=right")
    assert not any(one.why_not for one in check_devices(PLAYED))
    assert not why_refused(KEY)


@pytest.mark.parametrize("module", [PLAYED, "this"])  # the latter says no JSON
def test_it_is_a_sentence_when_devices_are_not_even_listed(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    play(monkeypatch, "cpu=hangs")
    report = check_computer(checks=lambda: check_devices(module, patience_s=3))
    assert report.trouble.startswith("The network does not start here")


def test_it_is_a_sentence_when_there_is_no_temporary_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    play(monkeypatch, "cpu=right")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    report = check_computer(checks=lambda: check_devices(PLAYED))
    assert report.trouble.startswith("There is no folder for temporary files")


def test_one_without_free_memory_is_no_wrong_one(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, "cuda=full")
    _, card = check_devices(PLAYED)
    assert card.line == f"{CARD} has no memory left: close what uses it and check again."
    assert not why_refused(KEY)


def test_nothing_is_chosen_that_was_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    card = device.Device("cuda", CARD)
    cpu = device.pick("cpu")
    monkeypatch.setattr(device, "found", lambda: (card, cpu))
    assert device.pick("auto") is card
    refuse(card.key, f"{CARD} computes something else than the processor, so it is not used.")
    assert device.available() == (cpu,)
    assert device.pick("auto") is cpu
    with pytest.raises(UserError, match=r"so it is not used\. Choose cpu, or auto\."):
        device.pick("cuda")
    refuse(card.key, "")
    assert device.pick("cuda") is card


def test_a_list_of_refused_devices_that_cannot_be_read_refuses_none(tmp_path: Path) -> None:
    refuse(KEY, "It is not used.")
    (tmp_path / "home" / "refused_devices.json").write_text("[1, {", encoding="utf-8")
    assert why_refused(KEY) == ""


def test_without_a_processor_that_computes_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, "cpu=crashes")
    report = check_computer(checks=lambda: check_devices(PLAYED))
    assert report.trouble.startswith("CPU, 2 threads breaks off when the network runs on it")
    assert not report.is_well
    with pytest.raises(UserError, match="does not start here"):
        list(check_devices("tests.runners.no_such_module"))


def test_this_computer_says_what_it_is_and_packs_it_without_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from napari_apprentice.data.image.volume import Volume
    from napari_apprentice.session import Session

    with Session.create(tmp_path / "my secret cells") as session:
        session.add_image(Volume(np.eye(8, dtype=np.uint8)[None, None, None], name="patient 7"))
    out = tmp_path / "report.zip"
    assert run(["check", "--zip", str(out), "--project", str(tmp_path / "my secret cells")]) == 0
    said = capsys.readouterr().out
    assert "ms a megapixel" in said
    assert "torch 2." in said
    with zipfile.ZipFile(out) as packed:
        texts = {name: packed.read(name).decode() for name in packed.namelist()}
    assert set(texts) == {"report.txt", "packages.txt", "project.json"}
    assert "ms a megapixel" in texts["report.txt"]
    assert json.loads(texts["project.json"])["images"][0]["shape"] == [1, 1, 1, 8, 8]
    assert not any(word in text for text in texts.values() for word in ("secret", "patient"))
    assert run(["check", "--project", str(tmp_path)]) == 2


def test_a_report_names_what_draws_the_window() -> None:
    assert "OpenGL: llvmpipe" in Report("a computer", {}, drawing="llvmpipe").lines
