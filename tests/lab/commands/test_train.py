from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import napari_apprentice
from apprentice_lab.commands.train import TRAININGS
from apprentice_lab.recipes import bundled
from napari_apprentice import cli
from napari_apprentice.session.catalog import ASKED


def test_every_recipe_has_a_command() -> None:
    assert {one.recipe for one in TRAININGS} == {*bundled.FLAT, *bundled.VOLUMES, ASKED}


@pytest.mark.parametrize(
    ("command", "words"),
    [("membranes-2d", "em_fib25"), ("membranes-3d", "em_fib25"), ("hippocampus", "has no hippocampus_msd")],
)
def test_missing_images_are_one_sentence(
    command: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["train", command, "--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert words in capsys.readouterr().err


def test_a_model_that_is_not_given_away_is_refused_in_the_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundled = Path(napari_apprentice.__file__).parent / "bundled"
    assert cli.run(["train", "hippocampus", "--data", str(tmp_path), "--out", str(bundled)]) == 2
    assert "choose a folder outside" in capsys.readouterr().err
    assert cli.run(["train", "hippocampus", "--data", str(tmp_path), "--out", "o", "--threads", "0"]) == 2
    assert "--threads" in capsys.readouterr().err


def test_how_far_a_training_is_is_told_on_stderr() -> None:
    code = (
        "import logging; from apprentice_lab.commands.telling import tell; "
        "from napari_apprentice.cli.verbose import heard\n"
        "with heard(['train']):\n"
        "    tell(logging.INFO); tell(logging.INFO)\n"
        "    logging.getLogger('apprentice_lab.training.pretrain').info('step 50'); logging.warning('of a library')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8")
    assert run.stderr.endswith("step 50\n")
    assert run.stderr.count("\n") == 1
