"""A scripted review: masks spoiled in a known way, lines that mend them, and the arithmetic of stated times."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tifffile

from apprentice_lab.bench import interact_report
from apprentice_lab.bench.interact import InteractSettings
from apprentice_lab.bench.interact_lines import cut_between, wrong_stretch
from apprentice_lab.bench.interact_mistakes import CUT, FALSE, FUSED, KINDS, MISSED, OUTLINE, Spoiled
from apprentice_lab.bench.interact_own import mistakes_of
from apprentice_lab.bench.interact_sheets import draw_sheets
from apprentice_lab.bench.interact_spoiling import spoil
from apprentice_lab.bench.interact_times import Effort, Mended, Reviewed, ReviewTimes
from apprentice_lab.sets import pair_files
from napari_apprentice.errors import UserError

TIMES = ReviewTimes()


def discs(rows: int, columns: int) -> np.ndarray:
    """Pairs of discs of 12 pixels two pixels apart, with room between the pairs."""
    truth = np.zeros((30 * rows + 10, 50 * columns + 10), np.uint32)
    y, x = np.ogrid[: truth.shape[0], : truth.shape[1]]
    for i, (row, column, right) in enumerate(np.ndindex(rows, columns, 2), start=1):
        truth[(y - 20 - 30 * row) ** 2 + (x - 15 - 50 * column - 15 * right) ** 2 <= 6.3**2] = i
    return truth


@pytest.fixture(scope="module")
def spoiled() -> Spoiled:
    (found,) = spoil([discs(5, 5)], 15, np.random.default_rng(0))
    return found


def test_as_many_of_each_kind_are_wrong_as_were_asked_for_and_no_object_twice(spoiled: Spoiled) -> None:
    assert Counter(one.kind for one in spoiled.mistakes) == dict.fromkeys(KINDS, 3)
    numbers = [number for one in spoiled.mistakes for number in one.numbers]
    assert len(numbers) == len(set(numbers)) == 3 * (1 + 1 + 2 + 0 + 1)
    for one in spoiled.mistakes:
        inside = {MISSED: 0, CUT: 2, FUSED: 1, FALSE: 1, OUTLINE: 1}[one.kind]
        assert len(np.setdiff1d(np.unique(spoiled.labels[one.site]), [0])) == inside
    (outline, *_) = (one for one in spoiled.mistakes if one.kind == OUTLINE)
    shown, true = spoiled.labels == outline.numbers[0], spoiled.truth == outline.numbers[0]
    assert 0.5 < (shown & true).sum() / (shown | true).sum() < 0.7
    with pytest.raises(UserError, match="There is no room for 8 mistakes"):
        spoil([discs(2, 2)], 40, np.random.default_rng(0))


def test_the_truth_mends_every_mistake_and_the_spoiled_masks_none(spoiled: Spoiled) -> None:
    for one in spoiled.mistakes:
        assert not spoiled.is_mended(one, spoiled.labels)
        assert spoiled.is_mended(one, spoiled.truth)
        half = np.where(one.site, 0, spoiled.labels)
        assert spoiled.is_mended(one, half) is (one.kind == FALSE)
        if one.kind == MISSED:
            as_two = np.where(spoiled.truth == one.numbers[0], 900, spoiled.labels)
            rows = np.flatnonzero((as_two == 900).any(axis=1))
            assert spoiled.is_mended(one, as_two)
            as_two[rows[:4]] = np.where(as_two[rows[:4]] == 900, 901, as_two[rows[:4]])
            assert not spoiled.is_mended(one, as_two), "a second object lies in it"


def test_what_was_right_before_and_is_not_now_is_counted(spoiled: Spoiled) -> None:
    assert spoiled.newly_spoiled(spoiled.labels) == 0
    wrong = {number for one in spoiled.mistakes for number in one.numbers}
    right = next(number for number in range(1, 51) if number not in wrong)
    labels = np.where(spoiled.labels == right, 0, spoiled.labels)
    assert spoiled.newly_spoiled(labels) == 1
    labels[:9, :9] = 999  # nothing is there
    assert spoiled.newly_spoiled(labels) == 2


def test_lines_go_along_the_outline_that_is_off_and_across_a_neck() -> None:
    truth = discs(1, 1)
    one, other = truth == 1, truth == 2
    bitten = one & (np.arange(truth.shape[1]) < 17)
    stretch = wrong_stretch(one, bitten)
    assert stretch[:, 1].min() > 14
    assert stretch[:, 1].max() == pytest.approx(21.5, abs=1)
    assert np.ptp(stretch[[0, -1], 0]) > 8, "from outline to outline"
    joined = one | other | ((truth == 0) & (abs(np.arange(truth.shape[0])[:, None] - 20) < 3))
    joined[:, :9] = joined[:, 37:] = False
    cut = cut_between(one, other, joined)
    assert cut[:, 1] == pytest.approx(np.full(len(cut), 22.5), abs=1.1)
    assert cut[:, 0].min() < 17
    assert cut[:, 0].max() > 23


def test_images_are_drawn_until_they_have_so_many_objects_and_the_last_is_cropped(tmp_path: Path) -> None:
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
        for name in "ab":
            tifffile.imwrite(tmp_path / part / f"{name}.tif", discs(5, 5).astype(np.uint16))
    pictures = pair_files(tmp_path / "images", tmp_path / "labels")
    sheets = draw_sheets(pictures, 70, 10, 3, None)
    assert [one.objects for one in sheets] == [50, 20]
    assert sheets[1].volume.pixels.shape[-2:] == sheets[1].spoiled.truth.shape == (160, 109)
    assert sum(len(one.mistakes) for one in sheets) == 10
    again = draw_sheets(pictures, 70, 10, 3, None)
    assert all((a.spoiled.labels == b.spoiled.labels).all() for a, b in zip(sheets, again, strict=True))


def test_what_a_proposal_gets_wrong_are_its_mistakes_and_the_rest_is_right_as_it_is() -> None:
    truth, proposal = np.zeros((60, 160), np.uint32), np.zeros((60, 160), np.uint32)
    squares = [(10, 10), (10, 40), (10, 60), (10, 90), (10, 120), (35, 10)]  # right, fused with the next, cut, missed
    for number, (y, x) in enumerate(squares, start=1):
        truth[y : y + 16, x : x + 16] = number
    proposal[11:26, 11:26] = 7
    proposal[10:26, 40:76] = 8
    proposal[10:26, 90:95], proposal[10:26, 95:101], proposal[10:26, 101:106] = 9, 10, 13
    proposal[35:51, 50:66] = 11  # false
    proposal[40:44, 100:104] = 12  # a speck
    found = mistakes_of(truth, proposal)
    assert sorted((one.kind, len(one.numbers)) for one in found.mistakes) == [
        ("cut in two", 1), ("false", 0), ("fused", 2), ("missed", 1), ("missed", 1),
    ]  # fmt: skip
    assert not any(found.is_mended(one, found.labels) for one in found.mistakes)
    assert all(found.is_mended(one, found.truth) for one in found.mistakes)
    assert found.newly_spoiled(found.labels) == 0
    assert (found.truth[11:26, 11:26] > 0).all(), "what is right enough is the truth there"
    assert found.truth[10, 10] == 0


def test_a_review_takes_what_hand_and_eye_do_and_what_the_window_lets_one_wait() -> None:
    stop = Effort(keys=1, looks=1, reads=1, waited_s=0.1)
    assert stop.seconds(TIMES) == pytest.approx(0.3 + 0.4 + 0.4 + 0.1)
    merge = Effort(keys=1, clicks=1, drags=1, line_px=75.0)
    assert (stop + merge).seconds(TIMES) - stop.seconds(TIMES) == pytest.approx(0.3 + 0.9 + 0.3 + 0.5)
    assert (stop + merge - stop).line_px == 75.0
    assert Effort(pictures=8).seconds(TIMES) == pytest.approx(2)
    redraw = Effort(outlines=1, line_px=150.0, pans=1)
    assert redraw.stated_s(TIMES) == pytest.approx(1 + 1 + 1.2)


def test_the_report_has_seconds_for_each_mistake_made_right_and_how_much_slower_napari_is(tmp_path: Path) -> None:
    def reviewed(user: str, reads: int, right: int) -> Reviewed:
        rows = tuple(
            Mended("a", kind, 1 + (i == 0), i < right, Effort(waited_s=1.0), 2.0 * i, taken=user == "next" and i == 1)
            for i, kind in enumerate(KINDS)
        )
        return Reviewed(user, 0, 40, 6, Effort(reads=reads, waited_s=2.0), 0, rows)

    settings = InteractSettings(seeds=(0,))
    rows = [reviewed("next", 20, 5), reviewed("napari", 55, 4)]
    page = "\n".join(interact_report.write(tmp_path, settings, rows, {"merge": [30.0, 50.0]}, {"merge": [2000]}))
    assert "| plugin, *Next* | 6 | 5 | 1 | 0 | 1 | 0 | 1 | 2.00 (2.0 to 2.0) | 0.40 | 1.00x |" in page
    assert "| napari alone, field by field | 6 | 4 | 0 | 1 | 1 | 0 | 1 | 6.00 (6.0 to 6.0) | 0.50 | 3.00x |" in page
    assert "plugin, *Next*: 3.00 times as fast as napari alone" in page
    assert "| merge | 2 | 40 | 49 | 50 | 30 |" in page
    found = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert [one["faster_than_napari"] for one in found["users"]] == [3, 1]
    with (tmp_path / "mistakes.csv").open(encoding="utf-8", newline="") as file:
        assert [row["right"] for row in csv.DictReader(file)] == ["True"] * 9 + ["False"]
    assert (tmp_path / "interact.png").stat().st_size > 5000
