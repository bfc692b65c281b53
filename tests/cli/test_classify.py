"""``apprentice classify`` over a project in which a few objects were given a class."""

from __future__ import annotations

import csv

from tests.session.test_object_classes import spots, taught

from napari_apprentice.cli.app import run
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session


def test_all_objects_of_a_project_get_their_class_and_a_table(tmp_path, capsys):
    with Session.create(tmp_path / "p", InlineRunners()) as session:
        taught(session)
    assert run(["classify", str(tmp_path / "p"), "--out", str(tmp_path / "tables")]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Proposed from 3 dim, 2 bright." in said
    assert "spots: 8 dim, 8 bright" in said
    rows = list(csv.DictReader((tmp_path / "tables" / "spots_objects.csv").open()))
    assert [row["class"] for row in rows] == ["dim", "bright"] * 8


def test_without_two_classes_it_says_what_to_do(tmp_path, capsys):
    with Session.create(tmp_path / "p", InlineRunners()) as session:
        session.add_image(*spots())
    assert run(["classify", str(tmp_path / "p")]) == 2
    assert "give a few their class" in " ".join(capsys.readouterr().err.split())
