"""The images that come with the package, each with its truth: rendered by a simulator, nothing downloaded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.resources import files as package_files
from pathlib import Path

from napari_apprentice.data.files import read_image, read_labels
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.corrections import Labels
from napari_apprentice.errors import UserError
from napari_apprentice.settings import ClassName, Kind


@dataclass(frozen=True)
class Sample:
    """One sample: what it shows. ``spacing`` (z, y, x) is in um."""

    name: str
    title: str
    kind: Kind
    axes: str
    spacing: tuple[float, float, float]
    classes: tuple[ClassName, ...] = ()


_GLAND_CLASSES = (
    ClassName(value=1, name="epithelium", color="#7b3294"),
    ClassName(value=2, name="stroma", color="#e377c2"),
    ClassName(value=3, name="lumen", color="#17becf"),
)
_SAMPLES = {
    sample.name: sample
    for sample in (
        Sample("nuclei_2d", "Nuclei, fluorescence (2D)", "instances", "YX", (1.0, 0.325, 0.325)),
        Sample("cells_2d", "Whole cells, cytoplasm stain (2D)", "instances", "YX", (1.0, 0.65, 0.65)),
        Sample("nuclei_3d", "Nuclei, confocal stack (3D, anisotropic)", "instances", "ZYX", (1.0, 0.25, 0.25)),
        Sample("tissue_2d", "Tissue classes, H&E (2D, RGB)", "classes", "YX", (1.0, 0.5, 0.5), _GLAND_CLASSES),
    )
}


def names() -> list[str]:
    """The names that `load` knows."""
    return list(_SAMPLES)


def describe_sample(name: str) -> Sample:
    """What a sample shows; `UserError` for an unknown name."""
    if name not in _SAMPLES:
        raise UserError(f"There is no sample {name}: choose one of {', '.join(_SAMPLES)}.")
    return _SAMPLES[name]


def load(name: str) -> tuple[Volume, Labels]:
    """A sample's image and its truth (T, Z, Y, X); `UserError` for an unknown name."""
    stem = describe_sample(name).name
    return replace(read_image(folder() / f"{stem}.tif"), name=stem), read_labels(folder() / f"{stem}_truth.tif")


def folder() -> Path:
    """Where the samples are."""
    return Path(str(package_files("napari_apprentice"))) / "sample_data"
