"""File > Open Sample > Apprentice: images that come with the package."""

from __future__ import annotations

from napari.types import LayerData

from napari_apprentice.data import samples
from napari_apprentice.gui.opening import layer_data


def sample(name: str) -> list[LayerData]:
    """One sample as layer data, with its pixel size; classes it has come along."""
    volume, _ = samples.load(name)
    data, options, kind = layer_data(volume)
    about = samples.describe_sample(name)
    if about.classes:
        options["metadata"]["apprentice_classes"] = [one.model_dump() for one in about.classes]
    return [(data, options, kind)]


def nuclei_2d() -> list[LayerData]:
    """Nuclei in a culture, fluorescence, 2D."""
    return sample("nuclei_2d")


def cells_2d() -> list[LayerData]:
    """Whole cells, cytoplasm stain, 2D."""
    return sample("cells_2d")


def nuclei_3d() -> list[LayerData]:
    """A confocal stack of nuclei, 3D, anisotropic."""
    return sample("nuclei_3d")


def tissue_2d() -> list[LayerData]:
    """Tissue classes, H&E, RGB."""
    return sample("tissue_2d")
