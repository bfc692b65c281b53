"""Run by another Python than ours: programs that are not ours write files, and read those that we wrote.

``python exchange_readers.py write FOLDER`` writes what we are to read; ``python exchange_readers.py read FOLDER`` reads
what we wrote there and prints a JSON list of rows. Nothing of the product is imported. What is expected lies in
``expected.npz`` (labels by name) and ``expected.json``.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

Row = dict[str, Any]
_MM = 1e-3  # NIfTI says micrometers, and ITK makes millimeters of all that says so
_SPACING = {"flat": (1.0, 0.5, 0.5), "volume": (2.0, 0.5, 0.25), "series": (2.0, 0.5, 0.5)}


class Unequal(Exception):
    """What was read is not what was written; the text says how."""


def same(found: Any, expected: Any, what: str) -> None:
    """Raise `Unequal` unless two arrays, or values, are the same."""
    if isinstance(expected, np.ndarray):
        if np.shape(found) != expected.shape:
            raise Unequal(f"{what}: shape {np.shape(found)} for {expected.shape}")
        if not np.array_equal(np.asarray(found), expected):
            raise Unequal(f"{what}: {int((np.asarray(found) != expected).sum())} values differ")
    elif isinstance(expected, tuple) and expected and isinstance(expected[0], float):
        if not np.allclose(found, expected, rtol=1e-6):
            raise Unequal(f"{what}: {tuple(found)} for {expected}")
    elif found != expected:
        raise Unequal(f"{what}: {found!r} for {expected!r}")


# reading


def tiff(folder: Path, expected: Any) -> str:
    """OME-TIFF by tifffile: ids, axes, pixel size."""
    import tifffile

    for name, axes in (("flat", "YX"), ("volume", "ZYX"), ("series", "TZYX")):
        with tifffile.TiffFile(folder / f"{name}.tif") as file:
            series = file.series[0]
            same(series.axes, axes, "axes")
            same(series.asarray().squeeze(), expected[name].squeeze(), "ids")
            said = tifffile.xml2dict(str(file.ome_metadata))["OME"]["Image"]["Pixels"]
            same((said["PhysicalSizeY"], said["PhysicalSizeX"]), _SPACING[name][1:], "pixel size")
    return "ids, axes, pixel size (2D, volume, time series)"


def ome_xml(folder: Path, expected: Any) -> str:
    """The OME-XML in it by ome-types: valid, and the annotation that says where the labels come from."""
    import ome_types

    for name in ("flat", "volume", "series"):
        told = ome_types.from_tiff(folder / f"{name}.tif")
        notes = told.structured_annotations
        texts = [one.value for one in notes if str(one.namespace) == "napari-apprentice"] if notes else []
        same(len(texts), 1, "annotations")
        same(json.loads(texts[0])["product"], "napari-apprentice", "product")
    return "valid OME-XML, provenance as a structured annotation"


def itk_tiff(folder: Path, expected: Any) -> str:
    """OME-TIFF by SimpleITK."""
    import SimpleITK as itk

    same(itk.GetArrayFromImage(itk.ReadImage(str(folder / "flat.tif"))), expected["flat"][0, 0], "ids")
    return "ids (2D)"


def nibabel_nifti(folder: Path, expected: Any) -> str:
    """NIfTI by nibabel."""
    import nibabel

    for name in ("volume", "series"):
        image: Any = nibabel.load(folder / f"{name}.nii.gz")
        same(np.asarray(image.dataobj).T.reshape(expected[name].shape), expected[name], "ids")
        same(tuple(map(float, image.header.get_zooms()[:3])), _SPACING[name][::-1], "voxel size")
    return "ids, voxel size (volume, time series)"


def itk_nifti(folder: Path, expected: Any) -> str:
    """NIfTI by SimpleITK."""
    return _itk(folder / "volume.nii.gz", expected, _MM)


def itk_nrrd(folder: Path, expected: Any) -> str:
    """NRRD by SimpleITK."""
    return _itk(folder / "volume.nrrd", expected)


def _itk(path: Path, expected: Any, unit: float = 1.0) -> str:
    import SimpleITK as itk

    image = itk.ReadImage(str(path))
    same(itk.GetArrayFromImage(image), expected["volume"][0], "ids")
    same(image.GetSpacing(), tuple(unit * step for step in _SPACING["volume"][::-1]), "voxel size")
    return "ids, voxel size (volume)"


def zarr_labels(folder: Path, expected: Any) -> str:
    """OME-Zarr labels of an image by ome-zarr: found beside the image, with colours and properties."""
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Reader

    nodes = list(Reader(parse_url(str(folder / "image.ome.zarr")))())
    found = [node for node in nodes if node.zarr.basename() == "cells"]
    same(len(found), 1, "labels of the image")
    same(np.asarray(found[0].data[0]).reshape(expected["flat"].shape), expected["flat"], "ids")
    ids = {int(one) for one in np.unique(expected["flat"]) if one}
    same(set(found[0].metadata["color"]) - {0}, ids, "ids with a colour")
    properties = found[0].metadata.get("properties", {})
    same({one: properties[one]["confirmed"] for one in ids}, _json(folder)["confirmed"], "confirmed share")
    return "labels found with their image, ids, a colour and the confirmed share of each"


def zarr_valid(folder: Path, expected: Any) -> str:
    """OME-Zarr by ome-zarr-models: valid."""
    from ome_zarr_models import open_ome_zarr

    kind = type(open_ome_zarr(str(folder / "image.ome.zarr" / "labels" / "cells"))).__name__
    same("Label" in kind, True, f"kind {kind}")
    return f"valid by its models ({kind})"


def zarr_plain(folder: Path, expected: Any) -> str:
    """OME-Zarr by zarr: arrays and scale."""
    import zarr

    for name in ("flat", "volume", "series"):
        group: Any = zarr.open_group(folder / f"{name}.zarr", mode="r")
        same(group["0"][:].reshape(expected[name].shape), expected[name], "ids")
        scale = group.attrs["ome"]["multiscales"][0]["datasets"][0]["coordinateTransformations"][0]["scale"]
        same(tuple(map(float, scale[-2:])), _SPACING[name][1:], "scale")
    return "ids, scale (2D, volume, time series)"


def roi_masks(folder: Path, expected: Any) -> str:
    """Fiji ROI set by roifile, filled by scikit-image: masks, and where ImageJ looks for them."""
    import roifile
    from skimage.draw import polygon2mask

    for name in ("flat", "volume", "series"):
        truth = expected[name]
        found = np.zeros(truth.shape, np.int64)
        rois: Any = roifile.roiread(folder / f"{name}.zip")
        for roi in rois:
            place = (roi.position, roi.c_position, roi.z_position, roi.t_position)
            t, z = _place(name, place)
            corners = roi.coordinates()[:, ::-1] - 0.5
            inside = polygon2mask(truth.shape[2:], corners)
            value = int(roi.name.split("-")[0])
            found[t, z][inside] = np.where(found[t, z][inside] == value, 0, value)  # a ring in a ring is a hole
        same(found, truth.astype(np.int64), "masks")
    return "masks; position in a stack; channel, slice, frame in a hyperstack (2D, volume, series of two channels)"


def _place(name: str, place: tuple[int, int, int, int]) -> tuple[int, int]:
    """Frame and slice of a ROI, as ImageJ's RoiManager takes it: by one of two ways, never both."""
    position, channel, z, t = place
    if name == "series":
        same((position, channel), (0, 0), "position and channel in a hyperstack")
        return t - 1, z - 1
    same((channel, z, t), (0, 0, 0), "channel, slice and frame in a plain stack")
    same(position > 0, name == "volume", "position in a plain stack")
    return 0, max(0, position - 1)


def roi_read(folder: Path, expected: Any) -> str:
    """Fiji ROI set by read-roi: the stack position of each."""
    from read_roi import read_roi_zip

    found = read_roi_zip(str(folder / "volume.zip"))
    slices = {int(name.split("-")[0]): set() for name in found}  # type: dict[int, set[int]]
    for name, roi in found.items():
        slices[int(name.split("-")[0])].add(int(roi["position"]))
    truth = expected["volume"][0]
    there = {int(one): {z + 1 for z in range(len(truth)) if (truth[z] == one).any()} for one in np.unique(truth) if one}
    same(slices, there, "slices of each id")
    return "slices of each id (volume)"


def geojson(folder: Path, expected: Any) -> str:
    """GeoJSON by json and shapely: masks, and what QuPath asks of a detection."""
    import shapely

    for name in ("flat", "series"):
        truth = expected[name]
        found = np.zeros(truth.shape, np.int64)
        features = json.loads((folder / f"{name}.geojson").read_text(encoding="utf-8"))["features"]
        ids = set()
        y, x = np.mgrid[: truth.shape[2], : truth.shape[3]] + 0.5
        for one in features:
            shape, said = shapely.from_geojson(json.dumps(one["geometry"])), one["properties"]
            plane = one["geometry"].get("plane", {"z": 0, "t": 0})
            found[plane["t"], plane["z"]][shapely.contains_xy(shape, x, y)] = int(said["name"])
            same(said["objectType"], "detection", "objectType")
            pixels = int((truth[plane["t"]] == int(said["name"])).sum())
            same(said["measurements"]["pixels"], float(pixels), "measured pixels")
            ids.add(str(uuid.UUID(one["id"])))
        same(found, truth.astype(np.int64), "masks")
        same(len(ids), len(features), "ids that differ")
    said = [
        one["properties"] for one in json.loads((folder / "classes.geojson").read_text(encoding="utf-8"))["features"]
    ]
    same(
        {one["classification"]["name"]: one["classification"]["color"] for one in said},
        _json(folder)["classes"],
        "classes",
    )
    return "masks, plane, detections with UUID and measurements; classes with colour"


def cellpose(folder: Path, expected: Any) -> str:
    """Cellpose's file by the steps of cellpose.gui.io._load_seg and _masks_to_gui."""
    for name in ("flat", "volume"):
        told = np.load(folder / f"{name}_seg.npy", allow_pickle=True).item()
        masks, truth = told["masks"], expected[name][0]
        masks = masks if masks.ndim == 3 else masks[None]
        same(masks.dtype, np.dtype(np.uint16), "type of masks")
        same(len(np.unique(masks)), int(masks.max()) + 1, "numbers without gaps")  # or Cellpose renumbers
        names = np.concatenate([[0], told["apprentice_ids"]])
        same(names[masks].astype(truth.dtype), truth, "ids")
        outlines = np.asarray(told["outlines"]).reshape(masks.shape)
        same(bool(((outlines == 0) | (outlines == masks)).all() and outlines.any()), True, "outlines lie in masks")
        count = int(masks.max())
        same((len(told["colors"]), len(told["ismanual"]), len(told["chan_choose"])), (count, count, 2), "lengths")
        for key in ("filename", "manual_changes", "est_diam", "diameter"):
            same(key in told, True, key)
        flows = told["flows"]
        try:
            flows[0].shape  # noqa: B018 (as in Cellpose)
        except AttributeError:
            same(len(flows[0]), 0, "flows")
    return "masks, outlines, colours, flags (2D, volume), by the documented steps of its loader; its window needs torch"


def cellprofiler(folder: Path, expected: Any) -> str:
    """CellProfiler's tables by pandas: joined by ImageNumber."""
    import pandas as pd

    for name in ("flat", "series"):
        objects = pd.read_csv(folder / f"{name}.cellprofiler.csv")
        images = pd.read_csv(folder / f"{name}.cellprofiler_image.csv")
        joined = objects.merge(images, on="ImageNumber", validate="many_to_one")
        same(len(joined), len(objects), "rows with an image")
        truth = expected[name]
        for number, frame in enumerate(truth, 1):
            ids, voxels = np.unique(frame[frame > 0], return_counts=True)
            rows = joined[joined["ImageNumber"] == number]
            same(rows["ObjectNumber"].to_numpy(), ids.astype(np.int64), "ObjectNumber")
            area = "AreaShape_Area" if truth.shape[1] == 1 else "AreaShape_Volume"
            same(rows[area].to_numpy().astype(np.int64), voxels.astype(np.int64), area)
            same(int(images.set_index("ImageNumber").loc[number, "Count_Objects"]), len(ids), "Count_Objects")
            middles = [np.argwhere(frame == one)[:, -1].mean() for one in ids]
            same(tuple(rows["AreaShape_Center_X"]), tuple(map(float, middles)), "AreaShape_Center_X")
    return "ImageNumber, ObjectNumber, area or volume, centre, Count_Objects (2D, time series)"


def table(folder: Path, expected: Any) -> str:
    """Measurements by pandas."""
    import pandas as pd

    found = pd.read_csv(folder / "flat.csv")
    ids, voxels = np.unique(expected["flat"][expected["flat"] > 0], return_counts=True)
    same(found["label"].to_numpy(), ids.astype(np.int64), "label")
    same(found["pixels"].to_numpy(), voxels.astype(np.int64), "pixels")
    shares = {int(id_): float(one) for id_, one in zip(found["label"], found["confirmed"], strict=True)}
    same(shares, _json(folder)["confirmed"], "confirmed")
    return "ids, pixels, confirmed share"


def parquet(folder: Path, expected: Any) -> str:
    """Measurements by pandas and pyarrow."""
    import pandas as pd

    if not (folder / "flat.parquet").exists():
        raise ImportError("pyarrow, where the file is written")
    found = pd.read_parquet(folder / "flat.parquet")
    ids = np.unique(expected["flat"][expected["flat"] > 0])
    same(found["label"].to_numpy().astype(np.int64), ids.astype(np.int64), "label")
    return "ids"


def _json(folder: Path) -> Any:
    told = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return {**told, "confirmed": {int(one): share for one, share in told["confirmed"].items()}}


READERS: tuple[tuple[str, str, Callable[[Path, Any], str]], ...] = (
    ("OME-TIFF", "tifffile", tiff),
    ("OME-TIFF", "ome-types", ome_xml),
    ("OME-TIFF", "SimpleITK", itk_tiff),
    ("OME-Zarr labels", "ome-zarr", zarr_labels),
    ("OME-Zarr labels", "ome-zarr-models", zarr_valid),
    ("OME-Zarr labels", "zarr", zarr_plain),
    ("NIfTI", "nibabel", nibabel_nifti),
    ("NIfTI", "SimpleITK", itk_nifti),
    ("NRRD", "SimpleITK", itk_nrrd),
    ("Fiji ROI set", "roifile", roi_masks),
    ("Fiji ROI set", "read-roi", roi_read),
    ("GeoJSON (QuPath)", "shapely", geojson),
    ("Cellpose _seg.npy", "numpy", cellpose),
    ("CellProfiler tables", "pandas", cellprofiler),
    ("Measurements .csv", "pandas", table),
    ("Measurements .parquet", "pandas", parquet),
)


def read_all(folder: Path) -> Iterator[Row]:
    """A row for each program that reads what we wrote."""
    with np.load(folder / "expected.npz") as found:
        expected = {name: found[name] for name in found.files}
    for form, package, reader in READERS:
        row: Row = {"format": form, "written by": "napari-apprentice", "read by": package}
        try:
            row["read by"] = f"{package} {metadata.version(package)}"
            row |= {"compared": reader(folder, expected), "equal": "yes"}
        except (ImportError, metadata.PackageNotFoundError) as error:
            row |= {"compared": f"not installed: {error}", "equal": "not tried"}
        except Unequal as error:
            row |= {"compared": str(error), "equal": "no"}
        except Exception as error:  # a reader that gives up is a row of the table
            row |= {"compared": f"{type(error).__name__}: {error}", "equal": "no"}
        yield row


# writing


def write_all(folder: Path) -> Iterator[Row]:
    """Write labels with programs that are not ours, and the image that labels are added to; a row for each."""
    with np.load(folder / "expected.npz") as found:
        volume, flat = found["volume"][0].astype(np.uint16), found["flat"][0, 0].astype(np.uint16)
    for form, package, name, writer in WRITERS:
        row: Row = {"format": form, "written by": package, "file": name}
        try:
            writer(folder / name, flat, volume)
            row["written by"] = f"{package} {metadata.version(package)}"
        except (ImportError, metadata.PackageNotFoundError) as error:
            row |= {"file": "", "why": str(error)}
        yield row


def _write_tiff(path: Path, flat: Any, volume: Any) -> None:
    import tifffile

    told = {"axes": "ZYX", "PhysicalSizeX": 0.25, "PhysicalSizeY": 0.5, "PhysicalSizeZ": 2.0}
    tifffile.imwrite(path, volume, ome=True, metadata=told)


def _write_nifti(path: Path, flat: Any, volume: Any) -> None:
    import nibabel

    image = nibabel.Nifti1Image(volume.T, np.diag([0.25, 0.5, 2.0, 1.0]))
    image.header.set_xyzt_units("micron")
    nibabel.save(image, path)


def _write_nrrd(path: Path, flat: Any, volume: Any) -> None:
    import SimpleITK as itk

    image = itk.GetImageFromArray(volume)
    image.SetSpacing((0.25, 0.5, 2.0))
    itk.WriteImage(image, str(path))


def _write_zarr(path: Path, flat: Any, volume: Any) -> None:
    """The image that labels are added to."""
    import zarr
    from ome_zarr.writer import write_image

    group = zarr.open_group(path, mode="w")
    scale = [[{"type": "scale", "scale": [0.5, 0.5]}]]
    write_image(flat * 3, group, axes="yx", coordinate_transformations=scale, scaler=None)


def _write_seg(path: Path, flat: Any, volume: Any) -> None:
    """As Cellpose writes it: a pickled dictionary."""
    masks = np.unique(flat, return_inverse=True)[1].reshape(flat.shape).astype(np.uint16)
    told: Any = {"masks": masks, "outlines": masks, "ismanual": np.zeros(masks.max(), bool), "flows": [[]]}
    np.save(path, told)


WRITERS: tuple[tuple[str, str, str, Callable[[Path, Any, Any], None]], ...] = (
    ("OME-TIFF", "tifffile", "theirs.ome.tif", _write_tiff),
    ("NIfTI", "nibabel", "theirs.nii.gz", _write_nifti),
    ("NRRD", "SimpleITK", "theirs.nrrd", _write_nrrd),
    ("OME-Zarr", "ome-zarr", "image.ome.zarr", _write_zarr),
    ("Cellpose _seg.npy", "numpy", "theirs_seg.npy", _write_seg),
)


if __name__ == "__main__":
    todo = {"read": read_all, "write": write_all}[sys.argv[1]]
    print(json.dumps(list(todo(Path(sys.argv[2])))))  # noqa: T201 (the answer to the one who started it)
