"""A package of bioimage.io (format 0.5): weights, a card, a test image and its maps, and the model file itself.

What lies between an image and the network is shared out so that any program that knows the format computes the same:
percentiles of the whole image are a step of the format (``scale_range``), all else is in the graph.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import torch
import yaml
from scipy import ndimage

from napari_apprentice.architecture import PRESETS
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.travel.card import card
from napari_apprentice.data.travel.told import INPUT, KEY, OUTPUT, OWN, Told
from napari_apprentice.engine.exporting import files
from napari_apprentice.engine.exporting.graph import Travelling
from napari_apprentice.engine.tracing import EXTRA, OPSET
from napari_apprentice.jobs import ExportModelJob

_FORMAT = "0.5.4"
_HOME = "https://github.com/napari-apprentice/napari-apprentice"
_NOBODY = "not named"
_UNITS = {"um": "micrometer", "nm": "nanometer", "mm": "millimeter"}
_EPS = 1e-12  # added to the range by the format: as good as nothing
_TEST = (16, 128, 128)
_DATE = (1980, 1, 1, 0, 0, 0)


def package(job: ExportModelJob, header: ModelHeader, net: Travelling, told: Told) -> tuple[bytes, list[str]]:
    """The content of the zip, and what the user may want to know."""
    notes = []
    weights: dict[str, Any] = {}
    content: dict[str, bytes] = {}
    has_onnx = find_spec("onnx") is not None
    if header.net.up != "max-unpool" or not has_onnx:  # which TorchScript does not know
        content["weights.pt"] = files.torchscript(header, net)
        weights["torchscript"] = {"source": "weights.pt", "pytorch_version": torch.__version__.split("+")[0]}
    if not has_onnx:
        notes.append(f"The package has no ONNX weights, for which the package onnx is missing: {EXTRA}.")
    else:
        content["weights.onnx"] = files.onnx(header, net, told)
        weights["onnx"] = {"source": "weights.onnx", "opset_version": OPSET}
        if "torchscript" in weights:
            weights["onnx"]["parent"] = "torchscript"
    authors = list(job.authors)
    if not authors:
        authors = [_NOBODY]
        notes.append("Nobody is named as the author of the model: --author names one.")
    image = image_to_test(header, told)
    with torch.inference_mode():
        maps = net(torch.from_numpy(scaled(image, told))).numpy()
    text = job.card or card(told, header, authors)
    content |= {
        "test_input.npy": _npy(image),
        "test_output.npy": _npy(maps),
        "cover.png": _cover(image, maps),
        "README.md": text.encode(),
        f"{KEY}.json": told.text().encode(),
        OWN: Path(job.model).read_bytes(),
    }
    rdf = describe(header, told, authors, weights)
    content["rdf.yaml"] = yaml.safe_dump(rdf, sort_keys=False, allow_unicode=True, width=100).encode()
    return _zip(content), notes


def describe(header: ModelHeader, told: Told, authors: Sequence[str], weights: dict[str, Any]) -> dict[str, Any]:
    """The description of the model as the format has it."""
    names = list(told.axes[2:])
    unit, spacing = _UNITS.get(told.resolution.unit), told.resolution.spacing
    scale = {} if unit is None or spacing is None else dict(zip("zyx", spacing, strict=True))
    space = {
        name: {"type": "space", "id": name, **({"unit": unit, "scale": float(scale[name])} if scale else {})}
        for name in names
    }
    steps = {"min_percentile": told.normalize.low, "max_percentile": told.normalize.high, "eps": _EPS}
    sizes = dict(zip("zyx", _sizes(told), strict=True))
    halo = dict(zip("zyx", _halo(told), strict=True))
    licence = re.match(r"[A-Za-z0-9.+-]+", header.licence)
    return {
        "type": "model",
        "format_version": _FORMAT,
        "name": re.sub(r"[^A-Za-z0-9_+() -]+", " ", header.name)[:120].strip() or "model",
        "description": f"{header.kind} in {header.net.dims}D microscopy, made with napari-apprentice"[:1000],
        "authors": [{"name": one} for one in authors],
        "cite": _cite(header),
        **({"license": licence.group()} if licence else {}),
        "git_repo": _HOME,
        "tags": ["unet", "segmentation", "microscopy", "napari", "napari-apprentice", f"{header.net.dims}d"],
        "documentation": "README.md",
        "covers": ["cover.png"],
        "attachments": [{"source": OWN}, {"source": f"{KEY}.json"}],
        **({"timestamp": header.created} if header.created else {}),
        "inputs": [
            {
                "id": INPUT,
                "description": "intensities as they are",
                "axes": [
                    {"type": "batch"},
                    {"type": "channel", "channel_names": _identifiers(told.channel_names, told.channels)},
                    *({**space[name], "size": sizes[name]} for name in names),
                ],
                "test_tensor": {"source": "test_input.npy"},
                "data": {"type": "float32"},
                "preprocessing": [
                    {"id": "ensure_dtype", "kwargs": {"dtype": "float32"}},
                    {"id": "scale_range", "kwargs": {"axes": names, **steps}},
                ],
            }
        ],
        "outputs": [
            {
                "id": OUTPUT,
                "description": ", ".join(f"{one.name} ({one.meaning})" for one in told.outputs)[:1000],
                "axes": [
                    {"type": "batch"},
                    {"type": "channel", "channel_names": _identifiers([one.name for one in told.outputs])},
                    *(
                        {
                            **space[name],
                            "size": {"tensor_id": INPUT, "axis_id": name},
                            **({"halo": halo[name]} if halo[name] and told.tiling.size is None else {}),
                        }
                        for name in names
                    ),
                ],
                "test_tensor": {"source": "test_output.npy"},
                "data": {"type": "float32"},
            }
        ],
        "weights": weights,
        "config": {KEY: told.model_dump(mode="json")},
    }


def image_to_test(header: ModelHeader, told: Told) -> np.ndarray:
    """Bright blobs on noise (1, C, ...) float32, always the same."""
    wanted = told.tiling.size or _fitting(told)
    shape = (header.image_channels, *wanted[3 - header.net.dims :])
    rng = np.random.default_rng(0)
    smooth = ndimage.gaussian_filter(rng.random(shape), (0, *(4,) * (len(shape) - 1)))
    high, low = smooth.max(), smooth.min()
    values = 100 + 900 * np.clip((smooth - low) / (high - low) * 3 - 1.5, 0, 1) + 20 * rng.random(shape)
    return np.asarray(np.round(values[None]), np.float32)


def scaled(image: np.ndarray, told: Told) -> np.ndarray:
    """Linear values as ``scale_range`` makes them of an image (1, C, ...)."""
    axes = tuple(range(2, image.ndim))
    low, high = np.percentile(image, [told.normalize.low, told.normalize.high], axis=axes, keepdims=True)
    return np.asarray((image - low) / (high - low + _EPS), np.float32)


def _sizes(told: Told) -> list[Any]:
    if told.tiling.size is not None:
        return list(told.tiling.size)
    return [{"min": least, "step": step} for least, step in zip(_least(told), told.tiling.multiple, strict=True)]


def _halo(told: Told) -> list[int]:
    """On the grid of the pooling: programs move the image by as much, and a network sees it otherwise between."""
    return [m * -(-h // m) for h, m in zip(told.tiling.halo, told.tiling.multiple, strict=True)]


def _least(told: Told) -> list[int]:
    """The smallest size of which something is left inside the halo."""
    return [m * -(-(2 * h + 1) // m) for h, m in zip(_halo(told), told.tiling.multiple, strict=True)]


def _fitting(told: Told) -> tuple[int, ...]:
    return tuple(
        least + m * max(0, -(-(n - least) // m))
        for n, least, m in zip(_TEST, _least(told), told.tiling.multiple, strict=True)
    )


def _cite(header: ModelHeader) -> list[dict[str, str]]:
    preset = PRESETS.get(header.net.preset)  # type: ignore[call-overload]  # a model file may name another
    papers = [] if preset is None else preset.paper.split("; ")
    found = [{"text": paper, "url": f"{_HOME}/blob/main/docs/networks.md"} for paper in papers]
    return [*found, {"text": "napari-apprentice", "url": _HOME}]


def _identifiers(names: Sequence[str], count: int | None = None) -> list[str]:
    wanted = list(names) if names else [f"channel {i}" for i in range(count or 0)]
    return [re.sub(r"\W+", "_", name.replace("-", "minus ") if "with" in name else name) for name in wanted]


def _npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    return content.getvalue()


def _cover(image: np.ndarray, maps: np.ndarray) -> bytes:
    """The middle slice and its first map, side by side."""
    shown = []
    for one in (image[0, 0], maps[0, 0]):
        plane = one if one.ndim == 2 else one[len(one) // 2]
        low, high = float(plane.min()), float(plane.max())
        shown.append(np.asarray((plane - low) / max(high - low, 1e-9) * 255, np.uint8))
    return bytes(iio.imwrite("<bytes>", np.concatenate(shown, axis=1), extension=".png"))


def _zip(content: dict[str, bytes]) -> bytes:
    """Always the same bytes for the same content."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), data, zipfile.ZIP_DEFLATED)
    return made.getvalue()
