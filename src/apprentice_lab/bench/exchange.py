"""Whether files go from here to other programs and back: small labels worked by hand, written, read, compared.

The other programs run in an environment of their own. Programs in Java (ImageJ, QuPath, CellProfiler's window) are not
run: that a ROI lies where ImageJ looks for it, and that GeoJSON has what QuPath reads, is compared with their sources.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from apprentice_lab.bench import exchange_models, exchange_models_readers, exchange_readers, report
from napari_apprentice.data.exports import read_provenance, write_labels
from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.provenance import MaskSource, ModelNote, Provenance
from napari_apprentice.errors import UserError
from napari_apprentice.settings import Settings

_PACKAGES = (
    "tifffile", "imagecodecs", "ome-types", "zarr", "ome-zarr", "nibabel", "SimpleITK", "roifile", "read-roi",
    "shapely", "pandas", "pyarrow", "scikit-image",
)  # fmt: skip
_SUFFIXES = (".tif", ".zarr", ".nii.gz", ".nrrd", ".zip", ".geojson", ".csv", ".cellprofiler.csv")
_HEAD = ("format", "written by", "read by", "compared", "equal")
_CLASSES = {2: ("gland", "#c80000"), 300: ("vessel", "#0050ff")}
_PARQUET = importlib.util.find_spec("pyarrow") is not None


class ExchangeSettings(Settings):
    """Which Python has the other programs."""

    python: Annotated[
        Path | None, Field(description="A Python that has the readers; empty: one is made in --out, with pip.")
    ] = None
    models: Annotated[
        Path | None,
        Field(
            description="A Python that has torch, onnxruntime and bioimageio.core, which run exported models; empty: "
            "models are left out."
        ),
    ] = None


def run(out: Path, settings: ExchangeSettings) -> Iterator[str]:
    """Write ``files/``, ``results.json`` and ``table.md``; yields the table. `UserError` when pip gets no reader."""
    files = out / "files"
    files.mkdir(parents=True, exist_ok=True)
    python = settings.python or _environment(out / "environment")
    labels = hand_worked()
    _expect(files, labels)
    theirs = _ask(python, "write", files)
    _write(files, labels)
    rows = [*_ask(python, "read", files), *_ours(files, labels), *(_read_here(files, row, labels) for row in theirs)]
    if settings.models is not None:
        rows += [*_models(settings.models, files), *exchange_models.ours(files)]
    report.write(out, {"rows": rows, "python": str(python)})
    table = report.markdown(_HEAD, [[str(row[name]) for name in _HEAD] for row in rows])
    (out / "table.md").write_text(table + "\n", encoding="utf-8")
    yield table
    wrong = sum(row["equal"] == "no" for row in rows)
    yield f"{len(rows)} rows, {sum(row['equal'] == 'yes' for row in rows)} equal, {wrong} not equal."


def hand_worked() -> dict[str, np.ndarray]:
    """Labels (T, Z, Y, X): flat, with a hole, an object in two parts and a large id; a volume; a series of volumes."""
    flat = np.zeros((1, 1, 12, 16), np.uint32)
    flat[0, 0, 1:5, 1:6], flat[0, 0, 2:4, 3] = 2, 0
    flat[0, 0, 6:9, 2:5] = flat[0, 0, 6:8, 9:15] = 7
    flat[0, 0, 10:12, 12:16] = 300
    volume = np.zeros((1, 3, 8, 10), np.uint32)
    volume[0, :2, 1:4, 1:5], volume[0, 1:, 5:8, 4:9] = 1, 4
    series = np.zeros((2, 3, 8, 10), np.uint32)
    series[0, :2, 1:4, 1:5] = series[1, :2, 2:5, 2:6] = 3
    series[1, 2, 5:8, 6:9] = 5
    return {"flat": flat, "volume": volume, "series": series}


def _images(labels: dict[str, np.ndarray]) -> dict[str, Volume]:
    spacing = {"flat": (1.0, 0.5, 0.5), "volume": (2.0, 0.5, 0.25), "series": (2.0, 0.5, 0.5)}
    channels = {"flat": 1, "volume": 1, "series": 2}
    made = {}
    for name, array in labels.items():
        t, z, y, x = array.shape
        pixels = np.arange(t * channels[name] * z * y * x, dtype=np.uint16).reshape(t, channels[name], z, y, x)
        made[name] = Volume(pixels, spacing[name], "um", name=name)
    return made


def _confirmed(labels: np.ndarray) -> np.ndarray:
    """Object 2 as a whole, and the first row of object 300."""
    return np.where((labels == 2) | ((labels == 300) & (np.arange(labels.shape[2])[:, None] == 10)), 2, 0).astype(
        np.uint8
    )


def _expect(files: Path, labels: dict[str, np.ndarray]) -> None:
    np.savez(files / "expected.npz", **labels)  # type: ignore[arg-type]
    colors = {name: [int(color[i : i + 2], 16) for i in (1, 3, 5)] for name, color in _CLASSES.values()}
    told = {"confirmed": {"2": 1.0, "7": 0.0, "300": 0.5}, "classes": colors}
    (files / "expected.json").write_text(json.dumps(told), encoding="utf-8")


def _provenance(name: str) -> Provenance:
    model = ModelNote(name="by hand", weights="0" * 64, scores={"AP .50": 1.0}, licence="CC0-1.0")
    return Provenance(image=name, masks=(MaskSource(by="segment", model=model, settings={"diameter": 20.0}),))


def _write(files: Path, labels: dict[str, np.ndarray]) -> None:
    for name, image in _images(labels).items():
        suffixes = (*_SUFFIXES, *((".parquet",) if _PARQUET else ()), *(("_seg.npy",) if name != "series" else ()))
        for suffix in suffixes:
            write_labels(
                files / f"{name}{suffix}",
                labels[name],
                like=image,
                confirmed=_confirmed(labels[name]),
                provenance=_provenance(name),
            )
    flat, image = labels["flat"], _images(labels)["flat"]
    if (files / "image.ome.zarr").exists():
        beside = files / "image.ome.zarr" / "labels" / "cells"
        write_labels(beside, flat, like=image, confirmed=_confirmed(flat), provenance=_provenance("flat"))
    classes = np.where(np.isin(flat, list(_CLASSES)), flat, 0).astype(np.uint32)
    names, colors = ({value: one[i] for value, one in _CLASSES.items()} for i in (0, 1))
    write_labels(files / "classes.geojson", classes, like=image, names=names, colors=colors)


def _ours(files: Path, labels: dict[str, np.ndarray]) -> Iterator[dict[str, str]]:
    """What every file says of where it comes from, read back."""
    for suffix in (*_SUFFIXES, *((".parquet",) if _PARQUET else ()), "_seg.npy"):
        wanted = _provenance("flat").counted(labels["flat"], _confirmed(labels["flat"]))
        found = read_provenance(files / f"flat{suffix}")
        yield {
            "format": f"provenance in {suffix}",
            "written by": "napari-apprentice",
            "read by": "napari-apprentice",
            "compared": "product, version, model, settings, confirmed share of each object",
            "equal": "yes" if found == wanted else "no",
        }


def _read_here(files: Path, row: dict[str, Any], labels: dict[str, np.ndarray]) -> dict[str, str]:
    """A file of another program, read by us."""
    told = {"format": row["format"], "written by": row["written by"], "read by": "napari-apprentice"}
    if not row["file"]:
        return {**told, "compared": f"not installed: {row['why']}", "equal": "not tried"}
    image = read_image(files / row["file"])
    found = np.asarray(image.pixels)[:, 0]
    if "flat" in (wanted := _wanted(row["file"], labels)):
        expected, what = wanted["flat"], "values (2D)"
        equal = np.array_equal(found, expected)
    else:
        expected, what = labels["volume"], "ids, voxel size (volume)"
        equal = np.array_equal(found, expected) and np.allclose(image.spacing, (2.0, 0.5, 0.25))
    return {**told, "compared": what, "equal": "yes" if equal else "no"}


def _wanted(name: str, labels: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    flat = labels["flat"]
    if name == "image.ome.zarr":
        return {"flat": flat * 3}
    return {"flat": np.unique(flat, return_inverse=True)[1].reshape(flat.shape)} if name == "theirs_seg.npy" else {}


def _environment(folder: Path) -> Path:
    """A Python with the readers in a folder of its own, made once."""
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not python.exists():
        venv.create(folder, with_pip=True)
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *_PACKAGES],
        check=False, capture_output=True, text=True, encoding="utf-8", errors="replace",
    )  # fmt: skip
    if done.returncode:
        why = done.stderr.strip()[-200:]
        raise UserError(f"The readers cannot be installed ({why}): give a Python that has them with --python.")
    return python


def _models(python: Path, files: Path) -> list[dict[str, Any]]:
    """Rows of exported models; what other programs print on the way is theirs."""
    exchange_models.write(files)
    answer = files / "models.json"
    _run(python, exchange_models_readers.__file__, str(files), str(answer), what="the models", option="--models")
    rows: list[dict[str, Any]] = json.loads(answer.read_text(encoding="utf-8"))
    return rows


def _ask(python: Path, what: str, files: Path) -> list[dict[str, Any]]:
    said = _run(python, exchange_readers.__file__, what, str(files), what="the readers", option="--python")
    found: list[dict[str, Any]] = json.loads(said.strip().splitlines()[-1])
    return found


def _run(python: Path, script: str, *arguments: str, what: str, option: str) -> str:
    """What a script prints in another Python; `UserError` when it cannot be run, or fails."""
    command = [str(python), "-I", script, *arguments]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, encoding="utf-8", errors="replace")
    except OSError as error:
        raise UserError(f"{python} cannot run {what} ({error.strerror}): give another Python with {option}.") from error
    if done.returncode:
        raise UserError(f"{python} cannot run {what}: {done.stderr.strip()[-400:]}")
    return done.stdout
