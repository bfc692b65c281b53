"""Run by another Python than ours, with onnxruntime, torch and bioimageio.core: models that we wrote, run by others.

``python exchange_models_readers.py FOLDER ROWS`` writes a JSON list of rows. Nothing of the product is imported.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

Row = dict[str, Any]


def onnx(folder: Path, name: str) -> str:
    """ONNX by onnxruntime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(folder / f"{name}.onnx", providers=["CPUExecutionProvider"])
    told = json.loads(session.get_modelmeta().custom_metadata_map["napari-apprentice"])
    if told != json.loads((folder / f"{name}.json").read_text(encoding="utf-8")):
        raise ValueError("what is told inside differs from the file beside it")
    return _compared(folder, name, "linear", lambda image: session.run(None, {"image": image})[0], 1e-5)


def torchscript(folder: Path, name: str) -> str:
    """TorchScript by torch alone."""
    import torch

    net = torch.jit.load(folder / f"{name}.pt")
    return _compared(folder, name, "linear", lambda image: net(torch.from_numpy(image)).detach().numpy(), 1e-5)


def core(folder: Path, name: str) -> str:
    """A package by bioimageio.core: its own test, and images in other sizes."""
    from importlib import import_module

    bioimageio, digest = import_module("bioimageio.core"), import_module("bioimageio.core.digest_spec")
    told: Any = bioimageio.load_model_description(folder / f"{name}.zip")
    for form in ("onnx", "torchscript"):
        summary = bioimageio.test_model(told, weight_format=form)
        if summary.status != "passed":
            raise ValueError(f"its own test of {form} says {summary.status}")

    def run(image: Any) -> Any:
        """As its test does: else it mirrors the image by the halo, and what is near the border sees that."""
        sample = digest.create_sample_for_model(told, inputs={"image": image})
        with bioimageio.create_prediction_pipeline(told) as pipeline:
            whole = {"skip_input_padding": True, "skip_output_cropping": True}
            return np.asarray(pipeline.predict_sample_without_blocking(sample, **whole).members["maps"].data.data)

    return f"its own test, with both weights; {_compared(folder, name, 'image', run, 1e-4)}"


def _compared(folder: Path, name: str, what: str, run: Callable[[Any], Any], most: float) -> str:
    worst = 0.0
    for path in sorted(folder.glob(f"{name}-*.npz")):
        with np.load(path) as found:
            given, expected = found[what], found["maps"]
        worst = max(worst, float(np.abs(run(given) - expected).max()))
    if worst > most:
        raise ValueError(f"maps differ by {worst:.1e}")
    return f"maps of two sizes, largest difference {worst:.0e} ({name})"


READERS: tuple[tuple[str, str, Callable[[Path, str], str]], ...] = (
    ("ONNX", "onnxruntime", onnx),
    ("TorchScript", "torch", torchscript),
    ("bioimage.io package", "bioimageio.core", core),
)


def read_all(folder: Path) -> Iterator[Row]:
    """A row for each program and model."""
    for form, package, reader in READERS:
        for path in sorted(folder.glob("*.onnx")):
            row: Row = {"format": form, "written by": "napari-apprentice", "read by": package}
            try:
                row["read by"] = f"{package} {metadata.version(package)}"
                row |= {"compared": reader(folder, path.stem), "equal": "yes"}
            except (ImportError, metadata.PackageNotFoundError) as error:
                row |= {"compared": f"not installed: {error}", "equal": "not tried"}
            except Exception as error:  # a reader that gives up is a row of the table
                row |= {"compared": f"{type(error).__name__}: {error}"[:300], "equal": "no"}
            yield row


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        json.dump(list(read_all(Path(sys.argv[1]))), out)
