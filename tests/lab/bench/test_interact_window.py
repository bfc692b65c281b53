"""The scripted reviews of ``apprentice bench interact`` in real windows; a threshold answers clicks."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from apprentice_lab.bench.interact import InteractSettings, run
from apprentice_lab.bench.interact_mistakes import FALSE, KINDS, Spoiled
from apprentice_lab.bench.interact_sheets import Sheet
from apprentice_lab.bench.interact_spoiling import spoil
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.runners import Runners
from napari_apprentice.session.catalog import bundled_files

DATA = Path(__file__).parents[4] / "shared" / "data" / "bbbc039"
pytestmark = pytest.mark.skipif(
    sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")),
    reason="needs a screen",
)
SETTINGS = InteractSettings(wrong=5, model="fresh")


def sheet() -> Sheet:
    """Five pairs of bright squares with a mistake of each kind; only those of two kinds are known to be doubtful."""
    truth = np.zeros((120, 160), np.uint32)
    for i, (top, left) in enumerate((y, x) for y in (10, 60) for x in (10, 28, 60, 78, 110, 128)):
        truth[top : top + 16, left : left + 16] = i + 1
    (spoiled,) = spoil([truth], 5, np.random.default_rng(1))
    pixels = np.where(truth > 0, 800, 0).astype(np.uint16)
    return Sheet("squares", Volume(pixels[None, None, None], name="squares"), spoiled, doubts_of(spoiled))


def doubts_of(spoiled: Spoiled) -> Doubts:
    """Of what is false and of what was missed, and of one object that is right."""
    wrong = {number for one in spoiled.mistakes for number in one.numbers}
    right = next(number for number in range(1, 13) if number not in wrong)
    sites = [one.site for one in spoiled.mistakes if one.kind in (FALSE, "missed")] + [spoiled.truth == right]
    boxes = [ndimage.find_objects(site.astype(int))[0] for site in sites]
    points = [(0, 0, *((side.start + side.stop) // 2 for side in box)) for box in boxes]
    edges = [[(0, 1), (0, 1), *((side.start, side.stop) for side in box)] for box in boxes]
    missed = [not spoiled.labels[point[2:]] for point in points]
    return Doubts(np.array(points), np.array(edges), np.array([0.9, 0.8, 0.7]), np.array(missed))


def test_the_plugin_mends_what_next_shows_and_field_by_field_the_rest(at_once: Runners) -> None:
    from apprentice_lab.bench.window.interact import review  # here: they load Qt

    led, all_seen = review("next", [sheet()], 0, SETTINGS, at_once)
    assert (led.user, all_seen.user) == ("next", "next, then field by field")
    assert {one.kind for one in led.mended} == {"missed", FALSE}
    assert (led.right, led.never_found, led.spoiled) == (2, 3, 0)
    assert led.taken == 1, "what a click finds where one was missed"
    assert led.effort.reads == 4, "two that are wrong, one that is right, and what is suggested"
    assert sorted(one.kind for one in all_seen.mended) == sorted(KINDS)
    assert (all_seen.right, all_seen.failed, all_seen.spoiled) == (5, 0, 0)
    assert all_seen.effort.pans > 0
    assert all_seen.effort.waited_s > led.effort.waited_s > 0


def test_napari_alone_mends_all_of_them(at_once: Runners) -> None:
    from apprentice_lab.bench.window.interact import review

    (found,) = review("napari", [sheet()], 0, SETTINGS)
    assert (found.right, found.failed, found.spoiled, found.never_found) == (5, 0, 0, 0)
    by_kind = {one.kind: one.effort for one in found.mended}
    assert (by_kind["cut in two"].keys, by_kind["cut in two"].clicks) == (2, 2)
    assert by_kind["missed"].outlines == 1


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.skipif("nuclei-2d" not in bundled_files(), reason="there is no bundled model yet")
@pytest.mark.skipif(not DATA.exists(), reason="needs the annotated images in ../shared/data")
@pytest.mark.timeout(600)
def test_a_short_review_of_real_nuclei_and_the_waits(tmp_path: Path) -> None:
    settings = InteractSettings(
        data=DATA, objects=40, wrong=5, seeds=(0,), waits=1, volume=(12, 80, 80), volume_objects=12, side=256
    )
    page = "\n".join(run(tmp_path, settings))
    found = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    users = {one["user"]: one for one in found["users"]}
    assert users["napari"]["right"] == users["plugin"]["right"] == 5
    assert users["next"]["right"] + users["next"]["never_found"] + users["next"]["failed"] == 5
    assert sum(one["spoiled"] for one in users.values()) == 0
    assert {"merge", "undo of delete", "interpolate", "a stroke with Live, objects"} <= set(found["waits_ms"])
    assert "times as fast as napari alone" in page
    assert (tmp_path / "interact.png").exists()


def test_who_reads_no_suggestions_mends_with_tools_and_a_row_of_right_ones_ends_the_review(at_once: Runners) -> None:
    from apprentice_lab.bench.window.interact import review

    settings = InteractSettings(wrong=5, model="fresh", suggestions=0, stop="row", stop_after=1)
    led, _ = review("next", [sheet()], 0, settings, at_once)
    assert (led.taken, led.right) == (0, 2)
    assert led.effort.keys == 5, (
        "one less than otherwise: what is right, the last of the list, is not approved any more"
    )


def test_page_by_page_the_same_mistakes_are_found_at_one_look(at_once: Runners) -> None:
    from apprentice_lab.bench.window.interact import review

    led, all_seen = review("pages", [sheet()], 0, SETTINGS, at_once)
    assert (led.user, all_seen.user) == ("pages", "pages, then field by field")
    assert {one.kind for one in led.mended} == {"missed", FALSE}
    assert (led.right, led.never_found, led.failed, led.spoiled) == (2, 3, 0, 0)
    assert (led.effort.pictures, led.effort.looks) == (3, 1)
    assert led.effort.reads == 1, "what is suggested where one was missed"
    assert led.effort.keys == 1 + 1 + 2 + 1, "the page, the one that was missed, the one that is false, approved"
    assert (all_seen.right, all_seen.failed, all_seen.spoiled) == (5, 0, 0)


@pytest.mark.skipif("click-2d" not in bundled_files(), reason="there is no bundled click network yet")
def test_counted_without_a_window_the_same_places_are_looked_at() -> None:
    """Three places, two of them wrong: what is false goes by a key, what was missed by what is suggested or a click."""
    from apprentice_lab.bench.interact_counted import by_next, review
    from apprentice_lab.bench.interact_pages import by_pages

    found = review([sheet()], 0, SETTINGS, "next", by_next)
    assert (found.right, found.never_found, found.spoiled) == (2, 3, 0)
    assert {one.kind for one in found.mended} == {"missed", FALSE}
    assert found.effort.looks == 3
    assert found.effort.waited_s == 0
    assert found.effort.seconds(SETTINGS) == pytest.approx(found.effort.stated_s(SETTINGS))
    paged = review([sheet()], 0, SETTINGS, "pages", by_pages)
    assert (paged.user, paged.right, paged.never_found, paged.spoiled) == ("pages", 2, 3, 0)
    assert paged.effort.pictures == 3
    assert paged.effort.seconds(SETTINGS) < found.effort.seconds(SETTINGS)
