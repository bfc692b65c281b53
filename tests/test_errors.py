from __future__ import annotations

from napari_apprentice.errors import UserError


def test_what_a_file_says_stays_on_one_line_and_is_not_obeyed_by_a_terminal() -> None:
    assert str(UserError("the name\nof a file\r\nis odd")) == "the name of a file is odd"
    assert str(UserError("\x1b[2Jgone \0 \ud800")) == "?[2Jgone ? ?"
    assert str(UserError("/data/my  cells, größe µm é\u00a0.tif: choose another")) == (
        "/data/my  cells, größe µm é\u00a0.tif: choose another"
    )


def test_what_is_too_long_loses_its_middle() -> None:
    said = str(UserError("The model " + "x" * 5000 + " cannot be read: choose another one."))
    assert len(said) < 1100
    assert said.startswith("The model x")
    assert said.endswith("x cannot be read: choose another one.")
