"""Models for other programs: each is run by a program that is not ours, and what it finds compared with what we do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

import napari_apprentice as na

_MODELS = {"nuclei-2d": ((1, 160, 208), (1, 96, 320)), "nuclei-3d": ((12, 96, 128), (20, 64, 64))}
_SUFFIXES = (".onnx", ".pt", ".zip")


def write(files: Path) -> None:
    """Each model in each form, two images for it, and what we find in them."""
    for name, sizes in _MODELS.items():
        for suffix in _SUFFIXES:
            na.export_model(name, files / f"{name}{suffix}")
        for i, size in enumerate(sizes):
            image = _image(size, seed=i)
            linear, maps = _here(name, image)
            told = {"image": image, "linear": linear, "maps": maps}
            flat = {what: values[None] if size[0] > 1 else values[None, :, 0] for what, values in told.items()}
            np.savez(files / f"{name}-{i}.npz", **flat)  # type: ignore[arg-type]


def ours(files: Path) -> Iterator[dict[str, str]]:
    """Our own packages, imported again."""
    for name in _MODELS:
        back = na.import_model(files / f"{name}.zip", files / f"{name}-back.safetensors").path
        there = Path(na.__file__).parent / "bundled" / f"{name}.safetensors"
        yield {
            "format": "bioimage.io package",
            "written by": "napari-apprentice",
            "read by": "napari-apprentice",
            "compared": f"the model file, byte by byte ({name})",
            "equal": "yes" if back.read_bytes() == there.read_bytes() else "no",
        }


def _image(size: tuple[int, int, int], seed: int) -> np.ndarray:
    """Blobs on noise, with a few hot pixels (C, Z, Y, X)."""
    from scipy import ndimage

    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.random(size), (2 if size[0] > 1 else 0, 5, 5))
    high, low = smooth.max(), smooth.min()
    image = 100 + 900 * np.clip((smooth - low) / (high - low) * 3 - 1.5, 0, 1) + 10 * rng.random(size)
    image[0, 5, 7] = image[-1, 0, 0] = 30_000
    return np.asarray(image[None], np.float32)


def _here(name: str, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Linear values (C, Z, Y, X) and maps (K, Z, Y, X) as a whole, without tiles."""
    from napari_apprentice.engine.device import pick
    from napari_apprentice.engine.network import forward
    from napari_apprentice.engine.warm import Warm

    path = Path(na.__file__).parent / "bundled" / f"{name}.safetensors"
    network = Warm().network(str(path), pick("cpu"))
    scaling = Warm().scaling((("", 0, 0), 0), image, network.header)
    low, high = (np.reshape(values, (-1, 1, 1, 1)) for values in (scaling.low, scaling.high))
    maps = forward(network, scaling.apply(image)[None], exact=True)[0]
    return ((image - low) / (high - low)).astype(np.float32), maps
