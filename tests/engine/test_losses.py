from __future__ import annotations

import math

import pytest
import torch

from napari_apprentice.engine.losses import class_loss, instance_loss, soft_dice, weighted_mean


def test_what_has_no_weight_does_not_count() -> None:
    torch.manual_seed(0)
    target = torch.rand(1, 2, 1, 4, 4).round()
    weight = torch.zeros_like(target)
    weight[..., :2] = 1
    logits = torch.randn(1, 2, 1, 4, 4, requires_grad=True)
    loss = instance_loss(logits, target, weight)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert (gradient[..., 2:] == 0).all()
    assert (gradient[..., :2] != 0).any()
    other = logits.detach().clone()
    other[..., 2:] += 100
    assert instance_loss(other, target, weight) == pytest.approx(float(loss.detach()))


def test_nothing_known_costs_nothing() -> None:
    nothing = torch.zeros(1, 2, 1, 4, 4)
    assert instance_loss(torch.randn(1, 2, 1, 4, 4), nothing, nothing) == 0
    assert class_loss(torch.randn(1, 3, 1, 4, 4), nothing[:, :1], nothing[:, :1]) == 0


def test_hand_worked_numbers() -> None:
    assert weighted_mean(torch.tensor([1.0, 5.0]), torch.tensor([3.0, 1.0])) == 2.0
    # overlap .5, total .5 + 1: 1 - (1 + 1) / (1.5 + 1)
    one = torch.tensor([1.0])
    assert soft_dice(torch.tensor([0.5]), one, one) == pytest.approx(0.2)
    # undecided logits: ln 2 for the entropy, Dice .2 * .5, distance right
    logits = torch.zeros(1, 2, 1, 1, 1)
    target = torch.tensor([1.0, 0.0]).view(1, 2, 1, 1, 1)
    assert instance_loss(logits, target, torch.ones_like(target)) == pytest.approx(math.log(2) + 0.1)


def test_classes_that_are_right_cost_little() -> None:
    target = torch.tensor([[0.0, 1.0, 2.0]]).view(1, 1, 1, 1, 3)
    logits = 20 * torch.nn.functional.one_hot(target[:, 0].long(), 3).permute(0, 4, 1, 2, 3).float()
    assert class_loss(logits, target, torch.ones_like(target)) < 0.01
    assert class_loss(-logits, target, torch.ones_like(target)) > 5
