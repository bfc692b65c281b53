from __future__ import annotations

import math
from itertools import product
from typing import get_args

import pytest
import torch
from torch.nn import functional

from napari_apprentice.engine.losses import (
    LABEL_LOSSES,
    VALUE_LOSSES,
    Objective,
    dice,
    entropy,
    focal,
    settle,
    soft_dice,
    values,
    weighted_mean,
)
from napari_apprentice.settings import LabelLoss, ValueLoss

OBJECTS, CLASSES, NUMBERS = ("probability", "number"), ("class",) * 3, ("number",) * 2
OBJECTIVES = [
    *(Objective(OBJECTS, loss, distance) for loss, distance in product(LABEL_LOSSES, VALUE_LOSSES)),
    *(Objective(CLASSES, loss) for loss in LABEL_LOSSES),
    *(Objective(NUMBERS, distance_loss=loss) for loss in VALUE_LOSSES),
]


def voxels(*rows: list[float]) -> torch.Tensor:
    """One row of numbers for each channel, (1, K, 1, 1, X)."""
    return torch.tensor(rows).view(1, len(rows), 1, 1, -1)


def example(objective: Objective) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits, target and weight of 2 x 4 x 4 voxels, of which the last two columns are not known."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3 if objective.meanings == CLASSES else 2, 1, 4, 4, generator=generator)
    target = torch.rand(2, 1 if objective.meanings == CLASSES else 2, 1, 4, 4, generator=generator)
    target[:, :1] = (2.99 * target[:, :1]).floor() if objective.meanings == CLASSES else target[:, :1].round()
    weight = torch.rand(target.shape, generator=generator) + 0.1
    weight[..., 2:] = 0
    return logits, target, weight


def test_every_loss_of_the_settings_is_there() -> None:
    assert set(LABEL_LOSSES) == set(get_args(LabelLoss))
    assert set(VALUE_LOSSES) == set(get_args(ValueLoss))


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_what_has_no_weight_does_not_exist(objective: Objective) -> None:
    logits, target, weight = example(objective)
    logits.requires_grad_()
    loss = objective(logits, target, weight)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert (gradient[..., 2:] == 0).all()
    assert (gradient[..., :2] != 0).any()
    for nonsense in (100.0, math.nan, math.inf):
        other, wrong = logits.detach().clone(), target.clone()
        other[..., 2:], wrong[..., 2:] = nonsense, nonsense
        other.requires_grad_()
        again = objective(other, wrong, weight)
        assert torch.equal(again, loss)
        assert torch.equal(torch.autograd.grad(again, other)[0], gradient)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_nothing_known_costs_nothing(objective: Objective) -> None:
    logits, target, weight = example(objective)
    logits.requires_grad_()
    loss = objective(logits, target, torch.zeros_like(weight))
    assert loss == 0
    assert (torch.autograd.grad(loss, logits)[0] == 0).all()


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_learning_makes_every_loss_smaller(objective: Objective) -> None:
    logits, target, weight = example(objective)
    logits.requires_grad_()
    (gradient,) = torch.autograd.grad(objective(logits, target, weight), logits)
    assert objective(logits - 0.1 * gradient, target, weight) < objective(logits, target, weight)


def test_cross_entropy_of_88_percent() -> None:
    # "Deep learning" courses: p = .88 for what is true costs -ln .88 = .13; the gradient is p - 1 and p of the other
    logits = voxels([math.log(0.88 / 0.12)], [0.0]).requires_grad_()
    loss = entropy(logits, voxels([0.0]), voxels([1.0]))
    assert float(loss.detach()) == pytest.approx(0.13, abs=0.005)
    (gradient,) = torch.autograd.grad(loss, logits)
    torch.testing.assert_close(gradient.flatten(), torch.tensor([-0.12, 0.12]))
    # the same with one logit and a sigmoid
    logit = voxels([math.log(0.88 / 0.12)]).requires_grad_()
    loss = entropy(logit, voxels([1.0]), voxels([1.0]))
    assert float(loss.detach()) == pytest.approx(-math.log(0.88))
    assert float(torch.autograd.grad(loss, logit)[0]) == pytest.approx(-0.12)


def test_softmax_of_the_textbook() -> None:
    probability = torch.tensor([2.1, -0.5, -1.2, 0.3, -0.8]).softmax(dim=0)  # one in circulation prints .92 for .751
    torch.testing.assert_close(probability, torch.tensor([0.751, 0.056, 0.028, 0.124, 0.041]), atol=5e-4, rtol=0)


def test_a_weighted_mean_counts_a_voxel_as_often_as_it_weighs() -> None:
    assert weighted_mean(torch.tensor([1.0, 5.0]), torch.tensor([3.0, 1.0])) == 2.0
    twice = entropy(voxels([1.0, 1.0, -2.0]), voxels([1.0, 1.0, 1.0]), torch.ones(1, 1, 1, 1, 3))
    once = entropy(voxels([1.0, -2.0]), voxels([1.0, 1.0]), voxels([2.0, 1.0]))
    torch.testing.assert_close(once, twice)


def test_dice_by_hand() -> None:
    # overlap .5, total .5 + 1: 1 - (1 + 1) / (1.5 + 1)
    one = torch.tensor([1.0])
    assert soft_dice(torch.tensor([0.5]), one, one) == pytest.approx(0.2)
    # 3 of 4 voxels found, one invented: 2 * 3 / (4 + 4); the 1 that keeps empty images finite makes it 7 / 9
    found, true = torch.tensor([1.0, 1, 1, 1, 0]), torch.tensor([1.0, 1, 1, 0, 1])
    assert soft_dice(found, true, torch.ones(5)) == pytest.approx(1 - 7 / 9)


def test_dice_of_classes_is_the_mean_over_those_that_are_there() -> None:
    logits = voxels([0.0, 0.0], [0.0, 0.0], [0.0, 0.0])
    # class 2: overlap 1/3, total 2/3 + 1
    assert dice(logits, voxels([0.0, 2.0]), torch.ones(1, 1, 1, 1, 2)) == pytest.approx(1 - (2 / 3 + 1) / (5 / 3 + 1))
    # class 1 is seen only where nothing is known
    unknown = dice(logits, voxels([1.0, 2.0]), voxels([0.0, 1.0]))
    assert unknown == pytest.approx(1 - (2 / 3 + 1) / (4 / 3 + 1))


@pytest.mark.parametrize(("rows", "target"), [(([0.3, -1.0],), [1.0, 0.0]), (([0.3, 2.0], [1.0, -1.0]), [1.0, 0.0])])
def test_focal_loss_without_gamma_is_cross_entropy(rows: tuple[list[float], ...], target: list[float]) -> None:
    what = voxels(*rows), voxels(target), torch.ones(1, 1, 1, 1, 2)
    torch.testing.assert_close(focal(*what, gamma=0.0), entropy(*what))


def test_focal_loss_of_the_paper() -> None:
    # Lin et al. 2017: with gamma 2 what is right with p = .9 costs 100 times less than its cross-entropy
    what = voxels([math.log(9.0)]), voxels([1.0]), voxels([1.0])
    torch.testing.assert_close(focal(*what), entropy(*what) / 100)


@pytest.mark.parametrize(("loss", "expected"), [("l1", [0.1, 1.0]), ("l2", [0.01, 1.0]), ("smooth-l1", [1 / 60, 0.85])])
def test_regression_by_hand(loss: ValueLoss, expected: list[float]) -> None:
    # smooth L1 with beta .3: d^2 / (2 beta) up to beta, then d - beta / 2
    for error, cost in zip((0.1, 1.0), expected, strict=True):
        assert values(voxels([2.0 + error]), voxels([2.0]), voxels([1.0]), loss) == pytest.approx(cost, rel=1e-4)


def test_objects_cost_what_they_always_did() -> None:
    # undecided logits: ln 2 for the entropy, Dice .2 * .5, distance right
    target = voxels([1.0], [0.0])
    assert Objective(OBJECTS)(voxels([0.0], [0.0]), target, torch.ones_like(target)) == pytest.approx(math.log(2) + 0.1)
    logits, target, weight = example(Objective(OBJECTS))
    fg = functional.binary_cross_entropy_with_logits(logits[:, 0], target[:, 0], weight[:, 0], reduction="sum")
    away = functional.smooth_l1_loss(logits[:, 1], target[:, 1], reduction="none", beta=0.3)
    expected = (
        fg / weight[:, 0].sum()
        + 0.5 * soft_dice(logits[:, 0].sigmoid(), target[:, 0], weight[:, 0])
        + 2 * weighted_mean(away, weight[:, 1])
    )
    torch.testing.assert_close(Objective(OBJECTS)(logits, target, weight), expected)


def test_classes_that_are_right_cost_little() -> None:
    target = voxels([0.0, 1.0, 2.0])
    logits = 20 * functional.one_hot(target[:, 0].long(), 3).permute(0, 4, 1, 2, 3).float()
    assert Objective(CLASSES)(logits, target, torch.ones_like(target)) < 0.01
    assert Objective(CLASSES)(-logits, target, torch.ones_like(target)) > 5


def test_deep_supervision_is_the_mean_over_the_heads() -> None:
    objective = Objective(OBJECTS)
    logits, target, weight = example(objective)
    expected = (objective(logits, target, weight) + objective(-logits, target, weight)) / 2
    torch.testing.assert_close(objective.of_heads([logits, -logits], target, weight), expected)


def test_a_negative_weight_counts_where_the_network_sees_background() -> None:
    logits = voxels([-3.0, 3.0]).expand(1, 2, 1, 1, 2)
    weight = torch.full((1, 2, 1, 1, 2), -0.3)
    torch.testing.assert_close(settle(logits, weight)[0, :, 0, 0], torch.tensor([[0.3, 0.0], [0.3, 0.0]]))
    loss = Objective(OBJECTS).of_heads([logits], torch.zeros(1, 2, 1, 1, 2), weight)
    assert loss > 0


def test_weights_that_are_not_negative_stay() -> None:
    weight = torch.rand(1, 2, 1, 4, 4)
    assert settle(torch.zeros(1, 2, 1, 4, 4), weight) is weight
