"""Small inputs to begin with: files of the set of formats, and files written here of what it lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from apprentice_lab.trust.fuzzing import seeds_images, seeds_microscopes, seeds_outlines, seeds_own
from apprentice_lab.trust.fuzzing.targets import Target
from apprentice_lab.trust.fuzzing.writing import of_folder

LARGEST = 1 << 16  # bytes; larger ones are slow to change and to read


def seeds_of(target: Target, formats: Path) -> Iterator[bytes]:
    """Inputs of a target, each at most `LARGEST` bytes long."""
    for pattern in target.seeds:
        for path in sorted(formats.glob(pattern)):
            content = of_folder(path) if target.is_folder else path.read_bytes() if path.is_file() else b""
            if 0 < len(content) <= LARGEST:
                yield content
    make = _MADE.get(target.title)
    if make is not None:
        yield from (content for content in make() if len(content) <= LARGEST)


_MADE: dict[str, Callable[[], Iterator[bytes]]] = {
    "tiff": seeds_images.tiffs,
    "ome-tiff": seeds_images.ome_tiffs,
    "ome-zarr": seeds_images.zarrs,
    "nifti": seeds_images.nifti("x.nii", "Nifti1Image"),
    "nifti-gz": seeds_images.nifti("x.nii.gz", "Nifti1Image"),
    "mgh": seeds_images.nifti("x.mgz", "MGHImage"),
    "nrrd": seeds_images.nrrds,
    "mrc": seeds_images.mrcs,
    "hdf5": seeds_images.hdf5,
    "czi": seeds_microscopes.czis,
    "lif": seeds_microscopes.lifs,
    "nd2": seeds_microscopes.nd2s,
    "npy": seeds_images.npys,
    "cellpose": seeds_images.cellpose,
    "png": seeds_images.pictures(".png"),
    "jpeg": seeds_images.pictures(".jpg"),
    "gif": seeds_images.pictures(".gif"),
    "fiji-roi": seeds_outlines.rois,
    "fiji-rois": seeds_outlines.sets,
    "geojson": seeds_outlines.geojson,
    "model": seeds_own.models,
    "journal": seeds_own.of_project(".bin"),
    "snapshot": seeds_own.of_project(".npz"),
    "project": seeds_own.projects,
    "frames": seeds_own.frames,
}
