from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from apprentice_lab.clicks.scenes import Draw
from napari_apprentice.engine.practice.questions import Question, ask, next_click
from napari_apprentice.engine.practice.rendered import rendered
from napari_apprentice.engine.practice.rounds import loss_of
from napari_apprentice.engine.practice.scenes import LEAST, scene
from napari_apprentice.engine.prompts.inputs import Prompt


@pytest.fixture
def cells():
    """Two touching squares, a speck, and an id in two parts."""
    labels = np.zeros((200, 200), np.uint16)
    labels[20:60, 20:60] = 1
    labels[20:60, 60:90] = 2
    labels[100:105, 100:105] = 3
    labels[120:150, 20:50] = labels[160:190, 120:150] = 4
    return scene("cells", "bbbc039", (labels > 0) * np.uint16(900) + np.uint16(100), labels)


def test_specks_are_not_asked_for_and_parts_that_lie_apart_are_objects_of_their_own(cells):
    assert LEAST > 5 * 5
    assert len(cells.objects) == 4
    assert sorted(int((cells.labels[box] == number).sum()) for number, box in cells.objects) == [900, 900, 1200, 1600]


def test_the_click_of_a_question_lies_on_the_object_it_asks_for(cells):
    for seed in range(60):
        asked = ask(cells, np.random.default_rng(seed))
        for y, x in asked.prompt.add:
            if asked.whole and asked.prompt.mask is None:
                assert asked.truth[round(y), round(x)]


def test_questions_are_the_same_for_the_same_seed_and_of_every_sort(cells):
    asked = [ask(cells, np.random.default_rng(seed)) for seed in range(120)]
    again = [ask(cells, np.random.default_rng(seed)) for seed in range(120)]
    for one, other in zip(asked, again, strict=True):
        np.testing.assert_array_equal(one.channels(), other.channels())
    assert any(one.prompt.box for one in asked)
    assert any(one.prompt.mask is not None for one in asked)
    assert any(not one.truth.any() and not one.whole for one in asked)  # background
    assert all(one.channels().shape == (6, 128, 128) and np.isfinite(one.channels()).all() for one in asked)


def question(truth: np.ndarray) -> Question:
    return Question(
        np.zeros((2, 128, 128), np.float32),
        truth,
        np.ones((128, 128), bool),
        truth.astype(np.int32),
        float(truth.sum()),
        Prompt(add=((50.0, 50.0),)),
    )


def test_the_next_click_adds_what_is_missing_and_takes_away_what_is_too_much():
    truth = np.zeros((128, 128), bool)
    truth[40:80, 40:80] = True
    asked, rng = question(truth), np.random.default_rng(0)
    half = np.zeros((128, 128), np.float32)
    half[40:80, 40:60] = 0.9
    more = next_click(asked, half, rng).prompt
    assert len(more.add) == 2
    assert more.add[1][1] >= 60
    wide = np.zeros((128, 128), np.float32)
    wide[40:80, 40:110] = 0.9
    less = next_click(asked, wide, rng).prompt
    assert len(less.remove) == 1
    assert less.remove[0][1] >= 80


def test_an_answer_that_is_right_gets_no_click():
    truth = np.zeros((128, 128), bool)
    truth[40:80, 40:80] = True
    assert next_click(question(truth), truth.astype(np.float32), np.random.default_rng(0)).prompt.add == ((50.0, 50.0),)


def test_a_right_answer_costs_less_than_a_wrong_one_and_what_is_unknown_costs_nothing():
    truth = np.zeros((128, 128), bool)
    truth[40:80, 40:80] = True
    asked = question(truth)
    right = torch.where(torch.from_numpy(truth), 8.0, -8.0)
    logits = torch.stack([right, torch.full_like(right, 6.0)])[None, :, None]
    turned = torch.stack([-right, torch.full_like(right, 6.0)])[None, :, None]
    assert loss_of(logits, [asked]) < 0.05
    assert loss_of(turned, [asked]) > 1.5
    blind = replace(asked, known=np.zeros((128, 128), bool), whole=0.0)
    assert loss_of(turned, [blind])[()] == pytest.approx(float(loss_of(-turned.abs(), [blind])), abs=3.0)
    turned.requires_grad_()
    loss_of(turned, [blind]).backward()
    assert float(turned.grad[:, 0].abs().sum()) == 0


def test_a_kind_is_drawn_by_its_share_not_by_how_many_images_it_has(cells):
    many = [replace(cells, kind="bbbc039", name=str(i)) for i in range(50)]
    draw = Draw([*many, replace(cells, kind="usiigaci_phase")])
    rng = np.random.default_rng(0)
    phase = np.mean([draw(rng).kind == "usiigaci_phase" for _ in range(800)])
    assert phase == pytest.approx(0.10 / 0.16, abs=0.06)


@pytest.mark.parametrize("seed", range(8))
def test_drawn_objects_are_in_one_piece_and_seen(seed: int):
    image, labels = rendered(np.random.default_rng(seed))
    assert image.shape == labels.shape == (256, 256)
    assert np.isfinite(image).all()
    assert labels.max() >= 1
