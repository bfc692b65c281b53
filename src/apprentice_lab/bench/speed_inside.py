"""What runs in an environment of its own beside the bench, and does what it is asked: a line of JSON each way.

::

    python speed_inside.py WHO FOLDER MODEL
    {"do": "segment", "image": "1024"}  ->  {"network_s": 10.1, "masks_s": 0.72, "objects": 560}

It is run as a file, since this package is not there where the peer is. FOLDER holds images (C, 1, Y, X) as
``NAME.npy`` and their true objects (Y, X) as ``NAME-truth.npy``. Everything runs on the processor, on all cores.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

Answer = dict[str, Any]
Ways = dict[str, Callable[..., Answer]]

_OVERLAP = 48  # pixels by which two of our tiles overlap, and so MONAI's
_LIKELY = 6.0  # logit of a pixel of an object
_SEED = 0


def cellpose(folder: Path, model: str) -> Ways:
    """Cellpose 3: its network with random weights, its mask step on the flows of the true objects.

    The size model is left out, and the picture of the flows that ``eval`` draws.
    """
    torch, core, dynamics = map(importlib.import_module, ("torch", "cellpose.core", "cellpose.dynamics"))
    models, transforms = map(importlib.import_module, ("cellpose.models", "cellpose.transforms"))
    torch.manual_seed(_SEED)
    net = models.CellposeModel(gpu=False, pretrained_model=False).net

    @cache
    def flows(image: str) -> tuple[np.ndarray, np.ndarray]:
        truth = np.load(folder / f"{image}-truth.npy").astype(np.int32)
        found = dynamics.labels_to_flows([truth], device=torch.device("cpu"))[0]
        return 5 * found[2:], np.where(found[1] > 0.5, _LIKELY, -_LIKELY).astype(np.float32)

    def network(image: str) -> None:
        pixels = transforms.convert_image(_image(folder, image)[0, 0], [0, 0], nchan=2)[None]
        core.run_net(net, transforms.normalize_img(pixels))

    def segment(image: str) -> Answer:
        steps, likely = flows(image)
        network_s = _timed(partial(network, image))
        began = time.perf_counter()
        masks = dynamics.resize_and_compute_masks(steps, likely, niter=200, flow_threshold=0.4, min_size=15)
        masks = masks[0] if isinstance(masks, tuple) else masks
        return {"network_s": network_s, "masks_s": time.perf_counter() - began, "objects": int(masks.max())}

    def prepare(image: str) -> Answer:
        return {"seconds": _timed(partial(flows, image))}

    return {"segment": segment, "prepare": prepare, **_about("cellpose")}


def monai(folder: Path, model: str) -> Ways:
    """Our network as it is trained, through MONAI's ``sliding_window_inference`` on an image normalised before."""
    from napari_apprentice.engine import checkpoint, normalize

    torch, inferers = importlib.import_module("torch"), importlib.import_module("monai.inferers")
    header, net = checkpoint.load(model)

    @cache
    def inputs(image: str) -> Any:
        pixels = _image(folder, image)
        return torch.from_numpy(normalize.fit(pixels, header.normalize).apply(pixels))[None, :, 0]

    def run(image: str, tile: int, at_once: int, half: bool) -> None:
        def plane(x: Any) -> Any:
            return net(x[:, :, None])[:, :, 0].float()

        overlap = _OVERLAP / tile
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=half):
            inferers.sliding_window_inference(inputs(image), (tile, tile), at_once, plane, overlap=overlap)

    return {**_whole(inputs, run), **_about("monai")}


def ours(folder: Path, model: str) -> Ways:
    """What this package makes of the same images."""
    from apprentice_lab.timing import stopwatch

    segmenter = cache(lambda engine: stopwatch.Segmenter(model, engine))
    pixels = cache(partial(_image, folder))

    def segment(image: str, engine: str) -> Answer:
        return dict(segmenter(engine)(pixels(image)))

    def load(image: str) -> None:
        segmenter("torch")
        pixels(image)

    def run(image: str, tile: int) -> None:
        segmenter("torch").predict(pixels(image), tile)

    def half() -> Answer:
        return {"half": stopwatch.computes_in_half()}

    return {"segment": segment, "half": half, **_whole(load, run), **_about("torch")}


def _whole(load: Callable[[str], Any], run: Callable[..., None]) -> Ways:
    """Time and memory of predicting a whole image."""

    def seconds(image: str, **how: Any) -> Answer:
        load(image)
        return {"seconds": _timed(partial(run, image, **how))}

    def memory(image: str, **how: Any) -> Answer:
        load(image)
        return {"bytes": _peak(partial(run, image, **how))}

    return {"predict": seconds, "memory": memory}


def _about(package: str) -> Ways:
    torch = importlib.import_module("torch")
    return {
        "about": lambda: {package: version(package), "torch": torch.__version__, "threads": torch.get_num_threads()}
    }


def _image(folder: Path, image: str) -> np.ndarray:
    return np.asarray(np.load(folder / f"{image}.npy"))


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _peak(work: Callable[[], object]) -> int | None:
    """Bytes of memory in use at most, above those in use before; None where the system does not tell."""
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not reset.exists():
        return None
    gc.collect()
    reset.write_text("5", encoding="utf-8")  # the peak so far is forgotten
    before = _kilobytes(status, "VmRSS:")
    work()
    return 1024 * (_kilobytes(status, "VmHWM:") - before)


def _kilobytes(status: Path, name: str) -> int:
    return int(
        next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith(name)).split()[1]
    )


def main() -> None:
    """Answer until nobody asks any more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a package prints is no answer
    who, folder, model = sys.argv[1:]
    ways = {"cellpose": cellpose, "monai": monai, "ours": ours}[who](Path(folder), model)
    for line in sys.stdin:
        asked = json.loads(line)
        answer = ways[asked.pop("do")](**asked)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
