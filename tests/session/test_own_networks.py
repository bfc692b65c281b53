"""Networks given from Python: described ones are taught, other modules segment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import napari_apprentice as na
from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.models import read_header
from napari_apprentice.runners import InlineRunners
from napari_apprentice.settings import TeachSettings

OWN = NetSettings(widths=(6, 12), pools=((1, 2, 2),), block="residual", norm="group")
FEW = TeachSettings(max_steps=12, max_seconds=60, batch_size=2, patch=48, threads=1)


def disks() -> tuple[np.ndarray, np.ndarray]:
    """Bright disks: pixels (Z, Y, X) and labels (T, Z, Y, X)."""
    y, x = np.mgrid[:128, :128]
    labels = np.zeros((1, 1, 128, 128), np.uint32)
    for i, (cy, cx) in enumerate([(20, 20), (20, 60), (20, 100), (60, 20), (60, 60), (60, 100), (100, 40)], 1):
        labels[0, 0][(y - cy) ** 2 + (x - cx) ** 2 <= 81] = i
    pixels = np.where(labels[0] > 0, 150.0, 40.0) + np.random.default_rng(0).normal(0, 8, labels.shape[1:])
    return pixels.astype(np.float32), labels


def painted(session: na.Session) -> None:
    """An image with all its disks painted."""
    pixels, labels = disks()
    session.add_image(Volume(pixels[None, None], (1.0, 1.0, 1.0), "pixel", name="disks"))
    for number in range(1, 8):
        session.paint(np.flatnonzero(labels == number), number)
    session.teach_settings = FEW


def test_fresh_settings_take_a_network(tmp_path: Path) -> None:
    fresh = na.FreshSettings(network=OWN)  # type: ignore[arg-type]
    net = fresh.net(2, in_channels=4, out_channels=3)
    assert (net.widths, net.block, net.in_channels, net.out_channels) == ((6, 12), "residual", 4, 3)
    assert na.FreshSettings.model_validate_json(fresh.model_dump_json()) == fresh
    with pytest.raises(na.UserError, match="for volumes"):
        na.FreshSettings(network=OWN.model_copy(update={"dims": 3})).net(2)  # type: ignore[arg-type]


def test_a_network_of_ones_own_is_taught_as_it_is() -> None:
    with na.Session.temporary(InlineRunners()) as session:
        painted(session)
        session.choose_model("fresh")
        session.fresh_settings = na.FreshSettings(network=OWN)  # type: ignore[arg-type]
        assert session.model.title == "fresh network of your own (2D)"
        session.teach()
        session.run_until_idle()
        net = read_header(session.choices.project.lineage.file("v1")).net
        assert net == OWN.model_copy(update={"in_channels": 2, "out_channels": 2})


class Plain(nn.Module):
    """A U-Net as anyone writes it, under names of its own."""

    def __init__(self) -> None:
        super().__init__()

        def twice(n: int, m: int) -> nn.Sequential:
            return nn.Sequential(nn.Conv2d(n, m, 3, padding=1), nn.ReLU(), nn.Conv2d(m, m, 3, padding=1), nn.ReLU())

        self.enc, self.mid = twice(1, 6), twice(6, 12)
        self.up = nn.ConvTranspose2d(12, 6, 2, 2)
        self.dec, self.out = twice(12, 6), nn.Conv2d(6, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skip = self.enc(x)
        up = self.up(self.mid(nn.functional.max_pool2d(skip, 2)))
        return self.out(self.dec(torch.cat([skip, up], dim=1)))


PLAIN = NetSettings(widths=(6, 12), pools=((1, 2, 2),), up="transposed", norm="none")


def test_a_module_with_its_description_becomes_a_model_that_is_taught(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = na.import_torch(Plain(), tmp_path / "mine.safetensors", PLAIN).path
    header = read_header(model)
    assert (header.elsewhere, header.representation, header.image_channels) == (None, "log-distance", 1)
    with na.Session.temporary(InlineRunners()) as session:
        painted(session)
        session.choose_model(str(model))
        session.teach()
        session.run_until_idle()
        version = read_header(session.choices.project.lineage.file("v1"))
        assert (version.parent, version.net) == (header.id, PLAIN)
        session.segment()
        session.run_until_idle()


def test_a_module_that_computes_something_else_is_refused(tmp_path: Path) -> None:
    other = PLAIN.model_copy(update={"down": "average"})
    with pytest.raises(na.UserError, match="computes something else"):
        na.import_torch(Plain(), tmp_path / "mine.safetensors", other)
    wider = PLAIN.model_copy(update={"widths": (8, 12)})
    with pytest.raises(na.UserError, match="do not fit"):
        na.import_torch(Plain(), tmp_path / "mine.safetensors", wider)
    assert not list(tmp_path.iterdir())


def test_a_module_without_description_segments(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: napari-apprentice[export]")
    said = {"outputs": ["foreground", "boundary"], "normalize": "mean", "activation": "sigmoid"}
    model = na.import_torch(Plain(), tmp_path / "any.safetensors", **said).path  # type: ignore[arg-type]
    assert read_header(model).elsewhere is not None
    pixels, _ = disks()
    with na.Session.temporary() as session:
        session.choose_model(str(model))
        session.add_image(Volume(pixels[None, None], (1.0, 1.0, 1.0), "pixel", name="disks"))
        session.segment()
        session.run_until_idle()
