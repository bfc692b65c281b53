from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import nn

from napari_apprentice.architecture import NetSettings
from napari_apprentice.engine.batches import Batch
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.losses import Objective
from napari_apprentice.engine.nets import build
from napari_apprentice.engine.train import Course, Learner, follow, groups_of, optimizer_for
from napari_apprentice.settings import OptimizerName

TINY = NetSettings(in_channels=2, widths=(8, 16), pools=((1, 2, 2),))
TARGET = (torch.rand(2, 2, 1, 16, 16, generator=torch.Generator().manual_seed(1)) > 0.5).float()
BATCH = Batch(torch.rand(2, 2, 1, 16, 16, generator=torch.Generator().manual_seed(0)), TARGET, torch.ones_like(TARGET))


def learner(**course: object) -> Learner:
    torch.manual_seed(0)
    objective = Objective(("probability", "number"))
    return Learner(build(TINY), pick("cpu"), Course(**({"objective": objective} | course)))


def test_the_average_follows() -> None:
    one, two = nn.Linear(3, 2), nn.Linear(3, 2)
    start = one.weight.clone()
    follow(one, two, 0.75)
    torch.testing.assert_close(one.weight, 0.75 * start + 0.25 * two.weight)


@pytest.mark.parametrize("frozen", [True, False])
def test_norm_statistics_move_only_when_they_may(frozen: bool) -> None:
    taught = learner(freeze_norm=frozen)
    name = next(name for name, _ in taught.net.named_buffers() if name.endswith("running_mean"))
    before = taught.net.get_buffer(name).clone()
    taught.step(BATCH, 1e-3)
    assert torch.equal(before, taught.net.get_buffer(name)) == frozen


@pytest.mark.parametrize(
    ("name", "decay", "expected"),
    [
        # w = 2, gradient 3, rate .1. Nesterov's first step goes 1.9 gradients far, the second (.9 * .9 + 1.9) more
        ("sgd", 0.0, [2 - 0.1 * 1.9 * 3, 2 - 0.1 * (1.9 + 2.71) * 3]),
        # decay .5 adds .5 * 2 to the gradient
        ("sgd", 0.5, [2 - 0.1 * 1.9 * 4]),
        # Adam steps the rate, whatever the size of a gradient that stays the same
        ("adam", 0.0, [1.9, 1.8]),
        ("adam", 0.5, [1.9]),
        # AdamW shrinks the weight first, by rate * decay
        ("adamw", 0.0, [1.9, 1.8]),
        ("adamw", 0.5, [2 * (1 - 0.1 * 0.5) - 0.1]),
    ],
)
def test_steps_by_hand(name: OptimizerName, decay: float, expected: list[float]) -> None:
    weight = nn.Parameter(torch.tensor([2.0]))
    optimizer = optimizer_for(name, [{"params": [weight], "weight_decay": decay}])
    optimizer.param_groups[0]["lr"] = 0.1
    for number in expected:
        weight.grad = torch.tensor([3.0])
        optimizer.step()
        assert weight.item() == pytest.approx(number, abs=1e-6)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_every_optimiser_learns(name: OptimizerName) -> None:
    taught = learner(optimizer=name)
    losses = [taught.step(BATCH, 0.02) for _ in range(12)]
    assert losses[-1] < 0.9 * losses[0]


def test_only_weights_decay_and_the_head_learns_faster() -> None:
    net = build(TINY)
    groups = groups_of(net, 0.1, 5.0)
    assert sum(len(group["params"]) for group in groups) == len(list(net.parameters()))
    decays = [group for group in groups if group["weight_decay"] > 0]
    assert len(decays) == 1
    assert all(p.ndim > 1 for p in decays[0]["params"])
    heads = {id(p) for group in groups if group["scale"] == 5.0 for p in group["params"]}
    assert heads == {id(p) for p in net.head.parameters()}


def test_a_weight_without_a_gradient_only_decays() -> None:
    taught = learner(weight_decay=0.5, head_rate=1.0)
    before = {name: p.detach().clone() for name, p in taught.net.named_parameters()}
    taught.backward(0.0 * sum(p.sum() for p in taught.net.parameters()))
    taught.update(0.1)
    for name, p in taught.net.named_parameters():
        kept = 0.95 if p.ndim > 1 and not name.startswith("head.") else 1.0
        torch.testing.assert_close(p.detach(), kept * before[name])


def test_what_is_interrupted_goes_on_the_same(tmp_path: Path) -> None:
    once = learner()
    for _ in range(4):
        once.step(BATCH, 1e-2)
    first = learner()
    for _ in range(2):
        first.step(BATCH, 1e-2)
    torch.save(first.state(), tmp_path / "state.pt")
    second = learner()
    second.go_on_from(torch.load(tmp_path / "state.pt", weights_only=True))
    for _ in range(2):
        second.step(BATCH, 1e-2)
    assert second.steps == 4
    for name, tensor in once.average.state_dict().items():
        torch.testing.assert_close(second.average.state_dict()[name], tensor, msg=name)


def test_every_head_of_deep_supervision_learns() -> None:
    torch.manual_seed(0)
    settings = NetSettings(
        in_channels=2, widths=(4, 8, 16), pools=((1, 2, 2),) * 2, skip="nested", deep_supervision=True
    )
    taught = Learner(build(settings), pick("cpu"), Course(Objective(("probability", "number")), mixed_precision=False))
    heads = taught.net.supervised_logits(BATCH.inputs)
    assert len(heads) == 2
    taught.backward(taught.forward(BATCH))
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in taught.net.head.parameters())


def test_a_network_learns_numbers() -> None:
    taught = learner(objective=Objective(("number",) * 2, distance_loss="l2"), head_rate=5.0)
    batch = BATCH._replace(target=3 * BATCH.inputs + 1)
    losses = [taught.step(batch, 1e-2) for _ in range(60)]
    assert losses[-1] < 0.1 * losses[0]
    assert all(math.isfinite(loss) for loss in losses)


def test_gradients_in_3d_are_numbers_whatever_lies_in_memory() -> None:
    """In bfloat16 a processor's gradients of small 3D maps would be made of what was in memory before."""
    net = build(NetSettings(dims=3, widths=(8, 16), pools=((2, 2, 2),), in_channels=1, norm="none"))
    learner = Learner(net, pick("cpu"), Course(Objective(("probability", "number"))))
    batch = Batch(torch.rand(2, 1, 4, 4, 4), torch.ones(2, 2, 4, 4, 4), torch.ones(2, 2, 4, 4, 4))
    for _ in range(5):
        remains = [torch.full((3 * 2**k,), float("nan"), dtype=torch.bfloat16) for k in range(4, 20)]
        del remains
        learner.backward(learner.forward(batch))
        assert all(bool(p.grad.isfinite().all()) for p in net.parameters() if p.grad is not None)
