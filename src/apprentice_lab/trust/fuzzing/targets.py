"""What is fuzzed: which door, under which name the input lies there, what is instrumented, and where seeds are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from apprentice_lab.trust.fuzzing import doors

_FILES = "napari_apprentice.data"


@dataclass(frozen=True)
class Target:
    """``name`` ends the file's name, "" for a folder, whose inputs are zip files of what is in it.

    ``modules`` are imported with instrumentation; ``seeds`` are patterns below the folder of formats. ``listed_in`` is
    the module whose ``TARGETS`` has it, by which processes find it.
    """

    title: str
    door: Callable[[Path], None]
    name: str
    modules: tuple[str, ...]
    seeds: tuple[str, ...] = ()
    listed_in: str = __name__

    @property
    def is_folder(self) -> bool:
        """Whether the door takes a folder."""
        return not self.name

    @property
    def packing(self) -> str:
        """The name by which `packings` knows how to take inputs apart."""
        return self.name or ".zip"


_TIFF = (f"{_FILES}.files", f"{_FILES}.files.tiff", "tifffile")
_NIBABEL = (f"{_FILES}.files", f"{_FILES}.files.nifti", "nibabel")
_DICOM = (f"{_FILES}.files", f"{_FILES}.files.dicom", "pydicom", "pydicom.pixels")
_PROJECT = ("napari_apprentice.project.folder", "napari_apprentice.session.session")

TARGETS: tuple[Target, ...] = (
    Target("tiff", doors.image, "x.tif", _TIFF, ("tiff/*.tif*", "corrupt/*.tif", "png_tif_modes/*.tif")),
    Target("ome-tiff", doors.image, "x.ome.tif", _TIFF, ("ome_tiff/*.tif*",)),
    Target("ome-zarr", doors.image, "", (f"{_FILES}.files", f"{_FILES}.files.omezarr", "zarr"), ("ome_zarr/*",)),
    Target("nifti", doors.image, "x.nii", _NIBABEL, ("nifti/*.nii",)),
    Target("nifti-gz", doors.image, "x.nii.gz", _NIBABEL, ("nifti/*.nii.gz", "corrupt/*.nii.gz")),
    Target("mgh", doors.image, "x.mgz", _NIBABEL, ("nifti/*.mgz",)),
    Target("minc", doors.image, "x.mnc", _NIBABEL, ("nifti/*.mnc",)),
    Target("nrrd", doors.image, "x.nrrd", (f"{_FILES}.files", "nrrd"), ("nrrd/*.nrrd", "corrupt/*.nrrd")),
    Target("mrc", doors.image, "x.mrc", (f"{_FILES}.files", "mrcfile")),
    Target("hdf5", doors.image, "x.h5", (f"{_FILES}.files", "h5py"), ("hdf5/*.h5",)),
    Target("dicom", doors.image, "x.dcm", _DICOM, ("dicom/*.dcm", "corrupt/*.dcm")),
    Target("dicom-seg", doors.image, "x.dcm", _DICOM, ("dicom/highdicom_seg*.dcm",)),
    Target("dicom-series", doors.image, "", _DICOM, ("dicom_series/*",)),
    Target("czi", doors.image, "x.czi", (f"{_FILES}.files", "pylibCZIrw.czi")),
    Target("nd2", doors.image, "x.nd2", (f"{_FILES}.files", "nd2")),
    Target("lif", doors.image, "x.lif", (f"{_FILES}.files", "liffile")),
    Target("npy", doors.image, "x.npy", (f"{_FILES}.files", f"{_FILES}.files.arrays")),
    Target("cellpose", doors.image, "x_seg.npy", (f"{_FILES}.files", f"{_FILES}.files.pickled")),
    Target("png", doors.image, "x.png", (f"{_FILES}.files", f"{_FILES}.files.picture"), ("png_tif_modes/*.png",)),
    Target("jpeg", doors.image, "x.jpg", (f"{_FILES}.files", "imageio.v3", "PIL.JpegImagePlugin")),
    Target("gif", doors.image, "x.gif", (f"{_FILES}.files", "imageio.v3", "PIL.GifImagePlugin")),
    Target("fiji-roi", doors.outlines, "x.roi", (f"{_FILES}.masks.fiji", "roifile")),
    Target("fiji-rois", doors.outlines, "x.zip", (f"{_FILES}.masks.fiji", "roifile")),
    Target("geojson", doors.outlines, "x.geojson", (f"{_FILES}.masks.qupath", f"{_FILES}.masks.sections")),
    Target("model", doors.model_header, "x.safetensors", (f"{_FILES}.models", "napari_apprentice.architecture")),
    Target("journal", doors.journal, "journal-0.bin", ("napari_apprentice.project.replay", f"{_FILES}.labels.deltas")),
    Target("snapshot", doors.snapshot, "state-1.npz", ("napari_apprentice.project.snapshots",)),
    Target("project", doors.project, "", _PROJECT),
    Target("frames", doors.frames, "x.frames", ("napari_apprentice.runners.messages", "napari_apprentice.events")),
)
