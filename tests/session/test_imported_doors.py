"""Networks made elsewhere at every door: each works, or says in one sentence why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.session.test_imported_models import broad, disks, graph_of, packed
from torch import nn

import napari_apprentice as na
from napari_apprentice.cli.app import run
from napari_apprentice.data.exports import read_provenance, write_labels
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session

pytest.importorskip("onnx", reason="onnx is not installed: napari-apprentice[export]")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: napari-apprentice[export]")

SAID = {"outputs": ["foreground", "boundary"], "normalize": "mean", "activation": "sigmoid"}


class SmallUNet(nn.Module):
    """Foreground and boundary of bright objects: one level of a U-Net, whose weights are set by hand.

    It gives ``lost`` fewer pixels at each end, as one with valid convolutions.
    """

    def __init__(self, dims: int, lost: int = 0) -> None:
        super().__init__()
        conv, pool = (nn.Conv2d, nn.MaxPool2d) if dims == 2 else (nn.Conv3d, nn.MaxPool3d)
        step = (1, 2, 2)[3 - dims :]
        self.lost, self.step = lost, tuple(float(n) for n in step)
        self.down = conv(1, 3, 3, padding=1)  # the pixel, how far it is above its surroundings, and below
        self.pool, self.deep = pool(step), conv(3, 1, 3, padding=1)
        self.out = conv(4, 2, 1)
        middle, around = torch.zeros(self.down.weight[0, 0].shape), torch.zeros(self.down.weight[0, 0].shape)
        middle[(1,) * dims] = 1
        around[(1,) * (dims - 2)] = 1 / 9
        with torch.no_grad():
            self.down.weight[:, 0] = torch.stack([middle, middle - around, around - middle])
            self.deep.weight.zero_()
            self.deep.weight[0, 0] = around
            flat = self.out.weight.flatten(1)
            flat[:] = torch.tensor([[8.0, 0, 0, 0.5], [0, 12, 12, 0]])
            self.out.bias[:] = torch.tensor([-8.0, -5.0])
            for one in (self.down, self.deep):
                one.bias.zero_()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        fine = nn.functional.relu(self.down(x))
        coarse = nn.functional.relu(self.deep(self.pool(fine)))
        maps = self.out(torch.cat([fine, nn.functional.interpolate(coarse, scale_factor=self.step)], dim=1))
        n = self.lost
        return maps[..., n : maps.shape[-2] - n, n : maps.shape[-1] - n] if n else maps


SHAPES = {2: (1, 1, 64, 64), 3: (1, 1, 8, 32, 32)}


def unet(folder: Path, dims: int, *, shape: tuple[int, ...] = (), lost: int = 0) -> Path:
    """The model file of a `SmallUNet`, of any size, or of one ``shape``."""
    path = folder / f"unet{dims}.onnx"
    path.write_bytes(graph_of(SmallUNet(dims, lost), shape or SHAPES[dims], () if shape else tuple(range(2, dims + 2))))
    return na.import_model(path, **SAID).path  # type: ignore[arg-type]


def package(folder: Path) -> Path:
    told = broad({"min": 64, "step": 16}, halo=0)
    told["outputs"][0]["axes"][1]["channel_names"] = ["foreground", "boundary"]
    graph = graph_of(SmallUNet(2), SHAPES[2], (2, 3))
    return na.import_model(packed(folder / "package.zip", told, weights_onnx=graph)).path


def written(path: Path, pixels: np.ndarray) -> Path:
    """An image (T, C, Z, Y, X) of 16 bits in a file."""
    import tifffile

    axes = "".join(one for one, n in zip("TCZYX", pixels.shape, strict=True) if n > 1 or one in "YX")
    values = np.squeeze(pixels).astype(np.uint16)
    tifffile.imwrite(path, values, metadata={"axes": axes, "PhysicalSizeX": 1.0}, ome=True)
    return path


def labels_of(model: Path, image: Path, out: Path, *more: str) -> np.ndarray:
    assert run(["segment", str(image), "--model", str(model), "--out", str(out), *more]) == 0
    (path,) = out.glob("*.tif")
    return np.asarray(na.read_labels(path))


@pytest.mark.parametrize(
    ("dims", "shape", "lost"),
    [
        (2, (), 0),
        (3, (), 0),
        (2, (1, 1, 128, 128), 0),
        (2, (1, 1, 128, 128), 8),
        (3, (1, 1, 8, 64, 64), 0),
    ],
    ids=["2D", "3D", "one size", "one size, valid", "one size, 3D"],
)
def test_block_by_block_it_finds_what_it_finds_in_the_whole(
    dims: int, shape: tuple[int, ...], lost: int, tmp_path: Path
) -> None:
    model = unet(tmp_path, dims, shape=shape, lost=lost)
    pixels = disks((1, 200, 230) if dims == 2 else (13, 100, 180))
    image = written(tmp_path / "disks.ome.tif", pixels[None, None])
    whole = labels_of(model, image, tmp_path / "whole")
    parts = labels_of(model, image, tmp_path / "parts", "--blocks", "--tile", "96")
    assert len(np.unique(whole)) - 1 == (8 if dims == 2 else 6)  # nothing parts those that touch
    assert np.mean((whole > 0) == (parts > 0)) > 0.999
    assert len(np.unique(parts)) == len(np.unique(whole))


def test_channels_at_the_end_are_asked_for_and_used(tmp_path: Path) -> None:
    class Last(SmallUNet):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)

    path = tmp_path / "last.onnx"
    path.write_bytes(graph_of(Last(2), (1, 64, 64, 1), (1, 2)))
    with pytest.raises(na.UserError, match="--axes"):
        na.import_model(path, **SAID)  # type: ignore[arg-type]
    with Session.temporary(InlineRunners()) as session:
        session.add_image(Volume(disks()[None, None], (1.0, 1.0, 1.0), "pixel", name="disks"))
        ended: list = []
        session.job_ended.connect(lambda kind, event: ended.append(event))
        session.verbs.travel.bring(path, asks=True)
        session.run_until_idle()
        assert ended[-1].result.untold.asks == ("axes",)
        for wrong in ("byx", "byyc", "hwcn"):
            session.verbs.travel.bring(path, asks=True, axes=wrong, **SAID)
            with pytest.raises(na.UserError, match=f'"{wrong}" is not what last takes: give 4 letters'):
                session.run_until_idle()
        session.verbs.travel.bring(path, asks=True, axes="BYXC", **SAID)
        session.run_until_idle()
        assert session.model.key == str(tmp_path / "last.safetensors")
    image = written(tmp_path / "disks.ome.tif", disks()[None, None])
    assert len(np.unique(labels_of(tmp_path / "last.safetensors", image, tmp_path / "out"))) == 9  # 8 and background


def test_a_time_series_is_segmented_frame_by_frame(tmp_path: Path) -> None:
    frames = np.stack([disks(), disks()[:, ::-1]])[:, None]
    image = written(tmp_path / "time.ome.tif", frames)
    for model in (unet(tmp_path, 2), package(tmp_path)):
        found = labels_of(model, image, tmp_path / model.stem)
        assert found.shape[0] == 2
        assert [len(np.unique(frame)) - 1 for frame in found] == [8, 8]


def test_it_is_evaluated_and_told_of_and_its_masks_say_where_they_come_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = package(tmp_path)
    image = written(tmp_path / "disks.ome.tif", disks()[None, None])
    found = labels_of(model, image, tmp_path / "out")
    write_labels(tmp_path / "truth.tif", found)
    assert run(["evaluate", str(image), str(tmp_path / "truth.tif"), "--model", str(model)]) == 0
    assert "AP at IoU 0.50: 1.000" in capsys.readouterr().out
    told = read_provenance(next((tmp_path / "out").glob("*.tif")))
    assert told is not None
    assert (told.masks[0].model.name, told.masks[0].model.licence) == ("UNet 2D Nuclei", "MIT")
    assert run(["info", str(model)]) == 0
    assert "cite: a paper" in capsys.readouterr().out
    assert run(["info", str(tmp_path / "package.zip")]) == 2
    assert "apprentice import" in capsys.readouterr().err


def test_teach_look_inside_and_export_say_why_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = unet(tmp_path, 2)
    folder = tmp_path / "annotated"
    folder.mkdir()
    image = written(folder / "a.ome.tif", disks()[None, None])
    write_labels(folder / "a_masks.tif", labels_of(model, image, tmp_path / "out"))
    project, maps = str(tmp_path / "project"), str(tmp_path / "maps.tif")
    for command in (
        ["teach", project, "--from", str(folder), "--model", str(model)],
        ["inside", str(image), "--model", str(model), "--level", "bottleneck", "--out", maps],
        ["export", str(model), "--to", "onnx", "--out", str(tmp_path / "again.onnx")],
    ):
        assert run(command) == 2
        said = capsys.readouterr()
        assert "was made elsewhere" in " ".join(said.err.split())
        assert "with masks added" not in said.out
    assert not (tmp_path / "again.onnx").exists()
    assert run(["inside", str(image), "--model", str(model), "--level", "output", "--out", maps]) == 0
    (foreground,) = np.asarray(na.read_image(maps).pixels[0])
    assert foreground[0, 30, 30] > 0.95
    assert foreground[0, 60, 60] < 0.05


@pytest.mark.parametrize("dims", [2, 3])
def test_it_is_tried_clicked_and_reviewed_in_a_session(dims: int, tmp_path: Path) -> None:
    model = str(unet(tmp_path, dims))
    z = 0 if dims == 2 else 4
    with Session.temporary(InlineRunners()) as session:
        pixels = disks((1, 200, 230) if dims == 2 else (9, 100, 180))
        entry = session.add_image(Volume(pixels[None, None], (1.0, 1.0, 1.0), "pixel", name="disks"))
        session.choose_model(model)
        session.try_models([model])
        session.run_until_idle()
        (trial,) = session.trials
        assert trial.objects == (8 if dims == 2 else 6)
        session.verbs.try_models.end()
        session.segment()
        session.run_until_idle()
        before = np.array(entry.labels)
        assert len(np.unique(before)) - 1 == (8 if dims == 2 else 6)
        places, values = session.review.doubts()
        assert len(places) == len(values)
        assert np.isfinite(values).all()
        session.click((0, z, 30, 90))
        session.run_until_idle()
        session.keep_click()
        assert entry.labels[0, z, 30, 90] > 0
        session.undo()
        assert (entry.labels == before).all()


def test_live_learns_beside_it(tmp_path: Path) -> None:
    model = unet(tmp_path, 2)
    with Session.temporary(InlineRunners()) as session:
        entry = session.add_image(Volume(disks()[None, None], (1.0, 1.0, 1.0), "pixel", name="disks"))
        session.choose_model(str(model))
        shown: list = []
        session.live_proposed.connect(shown.append)
        session.live.on()
        session.run_until_idle()
        where = np.arange(entry.labels.size).reshape(entry.labels.shape)
        session.paint(where[0, 0, 25:36, 25:36], 1)
        session.paint_background(where[0, 0, 55:65, 20:60])
        session.run_until_idle()
        assert shown[-1].labels[..., 90, 90].all()
