"""How the bundled model ``nuclei-2d`` is made: data, sampling, training.

Trains on the train splits of dsb2018 (CC0) and tissue_dapi16 (Apache-2.0) and on nothing else; a tenth of the
train images, in whole groups, is held out to choose the decoding. Run it again to go on where it stopped:

    python -m napari_apprentice.recipes.nuclei_2d train DATA FOLDER
"""

from __future__ import annotations

import csv
import hashlib
import logging
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import tifffile

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data import classical
from napari_apprentice.data.instances import decode
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.scores import THRESHOLDS
from napari_apprentice.data.volume import Volume
from napari_apprentice.recipes.card import write_report
from napari_apprentice.recipes.judge import Example, Report, choose_decoding, compare
from napari_apprentice.settings import DecodeSettings, NormalizeSettings

log = logging.getLogger(__name__)

# Share of patches by kind of image: fluorescence is what the model is for, stained sections come along.
SHARES = {
    "fluo_small": 0.20,
    "fluo_medium": 0.24,
    "fluo_large": 0.13,
    "fluo_tissue": 0.07,
    "fluo_embryo": 0.06,
    "tissue_dapi16": 0.17,
    "histo_purple_on_purple": 0.06,
    "histo_purple_on_white": 0.04,
    "brightfield_cytology_gray": 0.03,
}
NORMALIZE = NormalizeSettings()
NAME = "nuclei-2d"
LAST = "last.pt"
NET = NetSettings(in_channels=NORMALIZE.inputs_per_channel)


def read_examples(data: Path, split: str) -> list[Example]:
    """All images of `split`, "train", "fold" (a tenth of train, by group, held out) or "dev"."""
    return _read_set(data / "dsb2018", split) + _read_set(data / "tissue_dapi16", split)


def luminance(image: np.ndarray) -> np.ndarray:
    """One channel (Y, X) of a gray or RGB image (Rec. 601)."""
    if image.ndim == 2:
        return image
    gray: np.ndarray = image[..., :3].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return gray


def _read_set(folder: Path, split: str) -> list[Example]:
    with (folder / "index.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    fold = held_out([(_kind(row, folder), _group(row)) for row in rows if row["split"] == "train"])
    examples = []
    for row in rows:
        part = "fold" if row["split"] == "train" and _group(row) in fold else row["split"]
        if part != split:
            continue
        pixels = luminance(tifffile.imread(folder / "images" / f"{row['id']}.tif"))
        labels = tifffile.imread(folder / "labels" / f"{row['id']}.tif").astype(np.uint32)
        examples.append(Example(row["id"], _kind(row, folder), _group(row), pixels, labels))
    return examples


def held_out(images: list[tuple[str, str]]) -> set[str]:
    """The groups of train, given as (kind, group) of each image, that choose the decoding.

    Of every kind, about a tenth of the images in whole groups, in the order of a hash; groups that hold more than a
    quarter of a kind stay in training.
    """
    chosen: set[str] = set()
    for kind in sorted({kind for kind, _ in images}):
        sizes = Counter(group for k, group in images if k == kind)
        total, taken = sum(sizes.values()), 0
        for group in sorted(sizes, key=lambda name: hashlib.sha256(name.encode()).digest()):
            if taken < total / 10 and sizes[group] <= max(1, total / 4):
                chosen.add(group)
                taken += sizes[group]
    return chosen


def _kind(row: dict[str, str], folder: Path) -> str:
    return row.get("type", folder.name)


def _group(row: dict[str, str]) -> str:
    return row.get("group") or row["id"]


def shares_of(examples: list[Example]) -> np.ndarray:
    """How often each example is drawn: kinds by `SHARES`, within a kind by the root of the number of pixels."""
    size = np.array([np.sqrt(example.pixels.size) for example in examples])
    kinds = np.array([example.kind for example in examples])
    shares = np.zeros(len(examples))
    for kind, share in SHARES.items():
        mine = kinds == kind
        shares[mine] = share * size[mine] / max(size[mine].sum(), 1e-9)
    return np.asarray(shares / shares.sum())


def train(data: Path, out: Path, threads: int = 1) -> None:
    """Train or go on training, choose the decoding, judge once on dev, and leave ``nuclei-2d.safetensors`` in `out`."""
    from napari_apprentice.engine.annotated import annotated_source
    from napari_apprentice.engine.pretrain import Cycle, PretrainPlan, pretrain

    out.mkdir(parents=True, exist_ok=True)
    examples = read_examples(data, "train")
    log.info("%d images, %s", len(examples), dict(Counter(example.kind for example in examples)))
    sources = [annotated_source(e.pixels[None, None], e.labels[None], NORMALIZE) for e in examples]
    plan = PretrainPlan(net=NET, cycles=(Cycle(7800, 2e-3),), gain=NORMALIZE.gain, threads=threads)
    pretrain(sources, shares_of(examples), plan, out / LAST, lambda: False)
    finish(data, out)


def finish(data: Path, out: Path) -> Path:
    """From the last checkpoint in `out` to a model file there, with its scores and pictures; returns the file."""
    from napari_apprentice.engine.annotated import predict_whole
    from napari_apprentice.engine.checkpoint import save
    from napari_apprentice.engine.pretrain import average_of

    step, net = average_of(out / LAST, NET)

    def predict(example: Example) -> np.ndarray:
        return predict_whole(net, NET, example.pixels[None, None], NORMALIZE)

    fold = read_examples(data, "fold")
    decoding, score = choose_decoding(fold, [predict(example) for example in fold])
    log.info("step %d: %s scores %.3f on the held-out fold", step, decoding, score)
    dev = read_examples(data, "dev")
    found = [decode(predict(example), decoding)[0] for example in dev]
    report = compare(
        dev, {"model": found, "classical": [classical.segment(Volume(e.pixels[None, None, None]))[0, 0] for e in dev]}
    )
    write_report(out, report, dev, found)
    path = out / f"{NAME}.safetensors"
    save(path, header(decoding, report["model"], read_examples(data, "train"), step), net, half=True)
    return path


def header(decoding: DecodeSettings, scores: Report, examples: list[Example], step: int) -> ModelHeader:
    """What the model file says about itself; scores are AP on dev, the mean over images of a kind."""
    names = [f"dev {kind} AP {at:.2f}" for kind in scores for at in THRESHOLDS]
    values = [round(value, 4) for kind in scores.values() for value in kind.mean]
    areas = np.concatenate([np.bincount(example.labels.ravel())[1:] for example in examples])
    return ModelHeader(
        id=NAME,
        name="Nuclei 2D",
        net=NET,
        normalize=NORMALIZE,
        decode=decoding,
        object_diameter=round(2 * float(np.sqrt(np.median(areas[areas > 0]) / np.pi)), 1),
        trained_on=("dsb2018 train", "tissue_dapi16 train"),
        scores=dict(zip(names, values, strict=True)),
        licence="BSD-3-Clause; trained on CC0-1.0 (dsb2018) and Apache-2.0 (tissue_dapi16) images",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        notes=f"{step} training steps; recipe napari_apprentice.recipes.nuclei_2d",
    )


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    verb, data_folder, out_folder = sys.argv[1:]
    if verb == "train":
        train(Path(data_folder), Path(out_folder))
    else:
        finish(Path(data_folder), Path(out_folder))
