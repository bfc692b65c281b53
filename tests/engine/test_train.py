from __future__ import annotations

import pytest
import torch

from napari_apprentice.architecture import NetSettings
from napari_apprentice.engine.batches import Batch
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.losses import instance_loss, settle
from napari_apprentice.engine.nets import build
from napari_apprentice.engine.train import Learner, Schedule, follow

TINY = NetSettings(in_channels=2, widths=(8, 16), pools=((1, 2, 2),))


def test_rate_warms_up_and_falls():
    schedule = Schedule(1.0, warmup=0.1)
    rates = [schedule.rate(used) for used in (0.0, 0.05, 0.1, 0.5, 1.0)]
    assert rates[0] < rates[1] < rates[2] == pytest.approx(1.0)
    assert rates[2] > rates[3] > rates[4] > 0


def test_the_average_follows():
    torch.manual_seed(0)
    one, two = build(TINY), build(TINY)
    start = one.head.weight.clone()
    follow(one, two, 0.75)
    torch.testing.assert_close(one.head.weight, 0.75 * start + 0.25 * two.head.weight)


@pytest.mark.parametrize("frozen", [True, False])
def test_norm_statistics_move_only_when_they_may(frozen):
    torch.manual_seed(0)
    learner = Learner(build(TINY), pick("cpu"), freeze_norm=frozen, average=0.9, decay=0.0, head_rate=1.0, limit=0.5)
    before = learner.net.down[0][1].running_mean.clone()
    ones = torch.ones(2, 2, 1, 16, 16)
    learner.backward(learner.forward(Batch(torch.rand(2, 2, 1, 16, 16), ones, ones), "instances"))
    learner.update(1e-3)
    assert torch.equal(before, learner.net.down[0][1].running_mean) == frozen


def test_a_negative_weight_counts_where_the_network_sees_background():
    logits = torch.tensor([-3.0, 3.0]).view(1, 1, 1, 1, 2).expand(1, 2, 1, 1, 2)
    weight = torch.full((1, 2, 1, 1, 2), -0.3)
    torch.testing.assert_close(settle(logits, weight)[0, :, 0, 0], torch.tensor([[0.3, 0.0], [0.3, 0.0]]))
    loss = instance_loss(logits, torch.zeros(1, 2, 1, 1, 2), settle(logits, weight))
    assert loss > 0


def test_weights_that_are_not_negative_stay():
    weight = torch.rand(1, 2, 1, 4, 4)
    assert settle(torch.zeros(1, 2, 1, 4, 4), weight) is weight
