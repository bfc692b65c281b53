"""What Live learned, in a model file: the same masks wherever it is applied, and one sentence where it is damaged."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import tifffile
import torch
import zarr
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from napari_apprentice.architecture import FreshSettings
from napari_apprentice.data.models import METADATA_KEY, ModelHeader, read_header, why_not_fits
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.nets import build
from napari_apprentice.engine.plans import Engine
from napari_apprentice.errors import UserError
from napari_apprentice.events import Finished
from napari_apprentice.jobs import (
    ArrayRef,
    Corrected,
    KeepLiveJob,
    LiveAllJob,
    LiveJob,
    Samples,
    SegmentJob,
    SegmentLargeJob,
    VolumeRef,
)
from napari_apprentice.settings import ClassName

CLASSES = (ClassName(value=2, name="bright", color="#ff0000"),)
HEIGHT, WIDTH = 96, 160


def halves(channels: int = 1) -> np.ndarray:
    """Noise, brighter on the right, (C, Y, X)."""
    pixels = np.random.default_rng(0).normal(100, 10, (channels, HEIGHT, WIDTH)).astype(np.float32)
    pixels[..., WIDTH // 2 :] += 100
    return pixels


def disks() -> tuple[np.ndarray, np.ndarray]:
    """Bright disks of 20 pixels in rows, and their ids from 1: (C, Y, X) and (Y, X)."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    truth = np.where((y % 32 - 16) ** 2 + (x % 32 - 16) ** 2 <= 100, 1 + y // 32 * (WIDTH // 32) + x // 32, 0)
    pixels = np.random.default_rng(0).normal(100, 10, truth.shape) + 100 * (truth > 0)
    return pixels[None].astype(np.float32), truth


@pytest.fixture
def bench(tmp_path):
    """Jobs on one image, as one engine does them."""
    return Bench(tmp_path)


class Bench:
    def __init__(self, folder):
        self.folder, self.engine = folder, Engine()
        torch.manual_seed(0)
        net = build(FreshSettings(width=4).net(2, in_channels=2))
        header = ModelHeader(id="m", name="m", net=net.settings, object_diameter=10.0)
        checkpoint.save(folder / "m.safetensors", header, net)

    def show(self, pixels, colours=None, zoom=1.0):
        """Look at pixels (C, Y, X), with a network that sees them at ``zoom``."""
        header, net = checkpoint.load(self.folder / "m.safetensors")
        changed = {"zoom": zoom, "object_diameter": 20.0 * zoom}
        checkpoint.save(self.folder / "m.safetensors", header.model_copy(update=changed), net)
        refs = {"image": pixels, **({} if colours is None else {"colours": colours})}
        self.seen = {
            name: VolumeRef(pixels=scratch.write(self.folder / f"{name}.npy", one[None, :, None]), name="halves")
            for name, one in refs.items()
        }
        self.seen["model"] = str(self.folder / "m.safetensors")

    def paint(self):
        """A stroke of class 2 and one of background."""
        rows, columns = np.mgrid[5:9, 10:150:10]
        flat = np.stack([np.zeros_like(rows), np.zeros_like(rows), rows, columns], axis=-1).reshape(-1, 4)
        self.told = {"samples": Samples.of(flat, np.where(flat[:, 3] > WIDTH // 2, 2, 0))}

    def correct(self, truth, values):
        """Some objects, and what is left between rows of disks as background."""
        labels = np.where(np.isin(truth, values), truth, 0).astype(np.uint32)
        confirmed = np.where(labels > 0, 2, (truth == 0) & (np.arange(HEIGHT)[:, None] % 32 < 4)).astype(np.uint8)
        files = {"labels": labels, "confirmed": confirmed}
        self.told = {
            "corrections": Corrected(
                **{k: scratch.write(self.folder / f"told-{k}.npy", v[None, None]) for k, v in files.items()}
            )
        }

    def run(self, job):
        *_, last = self.engine.run(job, lambda: False)
        assert isinstance(last, Finished), last
        return last.result

    def labels(self, ref):
        return np.array(scratch.read(ref))

    def live(self):
        out = ArrayRef(path=str(self.folder / "live.npy"))
        box = ((0, 1), (0, 1), (0, HEIGHT), (0, WIDTH))
        return self.labels(self.run(LiveJob(id="l", **self.seen, **self.told, box=box, generation=0, out=out)).labels)

    def apply(self):
        out = ArrayRef(path=str(self.folder / "all.npy"))
        return self.labels(self.run(LiveAllJob(id="a", **self.seen, **self.told, out=out)).labels)

    def keep(self, name="v1"):
        out = self.folder / f"{name}.safetensors"
        self.run(KeepLiveJob(id="k", **self.seen, **self.told, classes=CLASSES, out=str(out)))
        return out

    def segment(self, model, pixels=None, **settings):
        """Masks of a model in another process's memory: nothing is left of what was looked at."""
        self.engine = Engine()
        image = self.seen.get("colours", self.seen["image"])
        if pixels is not None:
            image = VolumeRef(pixels=scratch.write(self.folder / "other.npy", pixels))
        out = ArrayRef(path=str(self.folder / "seg.npy"))
        job = SegmentJob(id="s", image=image, model=str(model), out=out, doubts=True, settings=settings)
        return self.labels(self.run(job).labels)


@pytest.mark.parametrize("zoom", [1.0, 0.6])
def test_classes_are_the_same_in_the_view_everywhere_and_from_the_file(bench, zoom):
    bench.show(halves(), zoom=zoom)
    bench.paint()
    shown, applied = bench.live(), bench.apply()
    model = bench.keep()
    header = read_header(model)
    assert (header.kind, header.classes, header.live.values, header.format) == ("classes", CLASSES, (0, 2), 2)
    found = bench.segment(model)
    assert set(np.unique(found)) == {0, 2}
    assert (found[0, 0] == shown).mean() > 0.999
    assert (found == applied).mean() > 0.999
    assert ((shown == 2) == (np.arange(WIDTH) >= WIDTH // 2)).mean() > 0.95


@pytest.mark.parametrize("zoom", [1.0, 0.6])
def test_objects_are_the_same_everywhere_and_from_the_file(bench, zoom):
    pixels, truth = disks()
    bench.show(pixels, zoom=zoom)
    bench.correct(truth, (1, 7, 13))
    applied, model = bench.apply(), bench.keep()
    assert len(np.unique(applied)) == 1 + truth.max()
    found = bench.segment(model)
    assert len(np.unique(found)) == len(np.unique(applied))
    assert ((found > 0) == (applied > 0)).mean() > 0.999
    assert read_header(model).object_diameter == pytest.approx(20 * zoom, rel=0.1)


def test_colour_that_the_network_does_not_see_counts_in_the_file_too(bench):
    rng = np.random.default_rng(0)
    rgb = rng.normal(50, 5, (3, HEIGHT, WIDTH)).astype(np.float32)
    rgb[0, :, : WIDTH // 2] += 100 / 0.299
    rgb[1, :, WIDTH // 2 :] += 100 / 0.587  # as bright
    gray = np.einsum("cyx,c->yx", rgb, np.array([0.299, 0.587, 0.114], np.float32))[None]
    bench.show(gray, colours=rgb)
    bench.paint()
    shown, model = bench.live(), bench.keep()
    header = read_header(model)
    assert (header.image_channels, header.live.from_gray, header.live.colours) == (3, True, 3)
    assert (bench.segment(model)[0, 0] == shown).mean() > 0.999
    assert "takes 3 channels" in why_not_fits(header, (1, 1, 1, HEIGHT, WIDTH))


def test_another_volume_is_done_slice_by_slice(bench):
    bench.show(halves())
    bench.paint()
    model = bench.keep()
    volume = np.stack([halves()[0], halves()[0, :, ::-1]])[None, None]
    found = bench.segment(model, volume)
    right = np.arange(WIDTH) >= WIDTH // 2
    assert ((found[0, 0] == 2) == right).mean() > 0.95
    assert ((found[0, 1] == 2) == ~right).mean() > 0.95


def test_parts_of_a_wide_image_meet_without_a_seam(bench):
    bench.show(halves())
    bench.paint()
    model = bench.keep()
    wide = np.tile(halves()[:, :, None].transpose(0, 2, 1, 3), (1, 1, 1, 8))[None]  # 1280 pixels: two parts
    found = bench.segment(model, wide)
    right = np.arange(wide.shape[-1]) % WIDTH >= WIDTH // 2
    around = slice(wide.shape[-1] // 2 - 60, wide.shape[-1] // 2 + 60)
    assert ((found[0, 0] == 2) == right)[:, around].mean() > 0.95


def test_blocks_of_a_large_image_find_the_same_objects(bench):
    pixels, truth = disks()
    bench.show(pixels, zoom=0.6)
    bench.correct(truth, (1, 7, 13))
    model = bench.keep()
    wide = np.tile(pixels[None], (8, 8))  # 768 x 1280: two tiles
    tifffile.imwrite(bench.folder / "wide.tif", wide[0, 0])
    out = bench.folder / "wide.zarr"
    bench.run(SegmentLargeJob(id="b", image=str(bench.folder / "wide.tif"), model=str(model), out=str(out)))
    blocks = np.squeeze(zarr.open_array(out / "0")[:])
    whole = bench.segment(model, wide[:, :, None])[0, 0]
    assert len(np.unique(blocks)) == len(np.unique(whole)) == 1 + 64 * truth.max()
    assert ((blocks > 0) == (whole > 0)).mean() > 0.995


def test_a_given_diameter_says_how_large_objects_are_elsewhere(bench):
    pixels, truth = disks()
    bench.show(pixels)
    bench.correct(truth, (1, 7, 13))
    model = bench.keep()
    larger = np.kron(pixels[0], np.ones((2, 2), np.float32))[None, None, None]
    found = bench.segment(model, larger, diameter=40.0)
    assert len(np.unique(found)) == 1 + truth.max()


def altered(path, out, header=lambda told: None, tensors=lambda told: None):
    """A copy of a model with another header or other tensors, each changed in place."""
    with safe_open(str(path), framework="pt") as opened:
        told = json.loads(opened.metadata()[METADATA_KEY])
    found = load_file(str(path))
    header(told)
    tensors(found)
    save_file(found, str(out), metadata={METADATA_KEY: json.dumps(told)})
    return out


HEADERS = {
    "values": lambda told: told["live"].update(values=[0, 2, 3]),
    "colours": lambda told: told["live"].update(colours=4),
    "gray": lambda told: told["live"].update(from_gray=True),
    "many": lambda told: told["live"].update(values=list(range(100_000))),
    "twice": lambda told: told["live"].update(values=[2, 2]),
    "kind": lambda told: told.update(kind="values"),
    "objects": lambda told: told.update(kind="instances", representation="log-distance"),
    "later": lambda told: told["live"].update(form=2),
    "none": lambda told: told.update(live=None),
}
TENSORS = {
    "missing": lambda told: told.pop("live.bias"),
    "another": lambda told: told.update({"live.more": torch.zeros(3)}),
    "short": lambda told: told.update({"live.weights": told["live.weights"][:-1].contiguous()}),
    "flat": lambda told: told.update({"live.weights": told["live.weights"].ravel()}),
    "no width": lambda told: told["live.width"].zero_(),
    "NaN": lambda told: told["live.weights"].fill_(float("nan")),
    "infinite": lambda told: told["live.middle"].fill_(float("inf")),
    "huge": lambda told: told.update({"live.weights": torch.zeros(0, 2)}),
}


@pytest.mark.parametrize("name", [*HEADERS, *TENSORS])
def test_what_is_damaged_or_foreign_is_one_sentence(bench, name):
    bench.show(halves())
    bench.paint()
    changed = {"header": HEADERS[name]} if name in HEADERS else {"tensors": TENSORS[name]}
    path = altered(bench.keep(), bench.folder / "bad.safetensors", **changed)
    with pytest.raises(UserError) as raised:
        checkpoint.refuse_inputs(checkpoint.load_whole(path).header, path)
    assert re.fullmatch(r"[^\n]{20,400}", str(raised.value))


def test_a_model_is_never_written_without_what_its_header_promises(bench):
    bench.show(halves())
    bench.paint()
    model = bench.keep()
    assert checkpoint.load_whole(model).learned.weights.shape[1] == 2
    header, net, _ = checkpoint.load_whole(model)
    with pytest.raises(ValueError, match="beside the network"):
        checkpoint.save(bench.folder / "half.safetensors", header, net)
