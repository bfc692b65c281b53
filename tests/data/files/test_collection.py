"""Every file of the collection opens as its index says, or is one clear sentence at once."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.data.files import parts_of, read_image
from napari_apprentice.errors import UserError

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "formats"
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not FOLDER.exists(), reason="needs the files in ../shared/data/formats"),
    pytest.mark.filterwarnings("ignore"),  # what the libraries think of such files
]
NO_PIXELS = ("no_meta.dcm", "rtstruct.dcm", ".hdr", ".raw")
ONE_AXIS = ("test1d_ascii.nrrd", "test_customFields.nrrd")


def _told() -> dict[str, str]:
    """What the index says of each file that lies by itself."""
    if not FOLDER.exists():
        return {}
    with (FOLDER / "index.csv").open(newline="") as file:
        rows = {row["file"]: row["what it is"] for row in csv.DictReader(file)}
    return {name: text for name, text in rows.items() if "zarr" not in name and not name.startswith("dicom_series")}


TOLD = _told()
TIFFS = [name for name, text in TOLD.items() if text.startswith("tifffile") and not name.startswith("corrupt")]
NIFTIS = [name for name, text in TOLD.items() if text.startswith("nibabel") and not name.startswith("corrupt")]
NRRDS = [name for name, text in TOLD.items() if text.startswith("nrrd") and not name.endswith(ONE_AXIS)]
DICOMS = [
    n for n, text in TOLD.items() if text.startswith("pydicom") and n.startswith("dicom/") and not n.endswith(NO_PIXELS)
]
BAD = [
    name
    for name, text in TOLD.items()
    if name.startswith("corrupt") or text.startswith("ERROR") or name.endswith((*NO_PIXELS, *ONE_AXIS))
]


@pytest.mark.parametrize("name", TIFFS)
def test_tiff(name: str) -> None:
    told = re.match(r"tifffile: (?:\w+ )*?(\w*)\(([\d, ]+)\) (\w+)", TOLD[name])
    assert told is not None
    lengths = dict(zip(told[1], (int(n) for n in told[2].split(",")), strict=True))
    volume = read_image(parts_of(FOLDER / name)[0])
    t, c, z, y, x = volume.pixels.shape
    assert (y, x) == (lengths["Y"], lengths["X"])
    assert (t, z) == (lengths.get("T", 1), lengths.get("Z", 1))
    if "Q" not in lengths and "I" not in lengths:
        samples = {3: 3, 4: 3, 2: 1, 1: 1}[lengths.get("S", 1)]
        assert c in (lengths.get("C", samples), 1)
    assert volume.pixels.dtype == ("uint8" if told[3] == "bool" else told[3])
    assert np.asarray(volume.pixels).any()


@pytest.mark.parametrize("name", NIFTIS)
def test_nifti_and_its_relatives(name: str) -> None:
    told = re.match(r"nibabel: \w+ \((.*?)\) (\S+|\[.*?\]) zooms=\[(.*?)\] axes=(\w+)", TOLD[name])
    assert told is not None
    x, y, z, *rest = (int(re.sub(r"np\.int32\((\d+)\)", r"\1", n)) for n in told[1].split(", "))
    steps = [float(n) for n in told[3].split(", ")]
    volume = read_image(FOLDER / name)
    letters = told[4]
    if name.endswith(".mnc"):  # z comes first in these
        (x, y, z), steps, letters = (z, y, x), steps[2::-1], letters[::-1]
    assert volume.pixels.shape[2:] == (z, y, x)
    assert volume.pixels.shape[0] == (rest[0] if rest else 1)
    assert volume.spacing == pytest.approx(steps[2::-1], rel=1e-2)
    assert volume.metadata["orientation"] == letters


@pytest.mark.parametrize("name", NRRDS)
def test_nrrd(name: str) -> None:
    told = re.match(r"nrrd: \(([\d, ]+)\) (\w+)", TOLD[name])
    assert told is not None
    volume = read_image(FOLDER / name)
    assert [n for n in volume.pixels.shape if n > 1] == [int(n) for n in told[1].split(",") if int(n) > 1][::-1]
    assert volume.pixels.dtype == told[2]
    if "Ball" in name:
        whole = read_image(FOLDER / "nrrd" / "BallBinary30x30x30.nii.gz")
        np.testing.assert_array_equal(volume.pixels, whole.pixels)
        np.testing.assert_allclose(volume.metadata["affine"], whole.metadata["affine"])


@pytest.mark.parametrize("name", DICOMS)
def test_dicom(name: str) -> None:
    told = re.match(r"pydicom: (\w+) (\d+)x(\d+) frames=(\d+)", TOLD[name])
    assert told is not None
    kind, rows, columns, frames = told[1], int(told[2]), int(told[3]), int(told[4])
    volume = read_image(FOLDER / name)
    t, _c, z, y, x = volume.pixels.shape
    if kind == "SM" or "_sm_" in name:  # tiles of one image
        assert y * x == 50 * 50
    else:
        assert (y, x) == (rows, columns)
        assert kind == "SEG" or t * z == frames
    assert volume.metadata["modality"] == kind


def test_the_same_image_in_six_compressions() -> None:
    plain = read_image(FOLDER / "dicom/MR_small.dcm")
    for other in ("bigendian", "RLE", "jp2klossless", "jpeg_ls_lossless", "implicit", "padded"):
        np.testing.assert_array_equal(read_image(FOLDER / f"dicom/MR_small_{other}.dcm").pixels, plain.pixels)


def test_a_ct_in_hounsfield_units() -> None:
    pixels = read_image(FOLDER / "dicom/CT_small.dcm").pixels
    assert pixels.dtype == np.int16
    assert (pixels.min(), pixels.max()) == (-896, 1167)


def test_a_dose_is_scaled_and_has_its_slices() -> None:
    volume = read_image(FOLDER / "dicom/rtdose.dcm")
    assert volume.pixels.shape == (1, 1, 15, 10, 10)
    assert volume.spacing == (5.0, 10.0, 10.0)


@pytest.mark.parametrize(
    ("name", "shape", "unit"),
    [
        ("bioformats2raw_data.zarr", (1, 3, 1, 167, 439), "pixel"),
        ("blobs_image_v04.ome.zarr", (1, 3, 1, 12, 12), "pixel"),
        ("blobs_image_v05.ome.zarr", (1, 3, 1, 12, 12), "pixel"),
        ("image-02.zarr", (1, 1, 1, 200, 200), "um"),
        ("image-03.zarr", (1, 1, 2, 100, 100), "um"),
        ("image-04.zarr", (1, 1, 2, 64, 64), "um"),
        ("input9_v3_zyx.zarr", (1, 1, 2, 100, 100), "um"),
        ("input10_v3_cyx.zarr", (1, 2, 1, 64, 64), "pixel"),
    ],
)
def test_ome_zarr(name: str, shape: tuple[int, ...], unit: str) -> None:
    volume = read_image(FOLDER / "ome_zarr" / name)
    assert (volume.pixels.shape, volume.unit) == (shape, unit)


def test_a_series_of_slices_is_sorted_by_place() -> None:
    volume = read_image(FOLDER / "dicom_series" / "PGBM-002_HCropVolume_32")
    assert volume.pixels.shape == (1, 1, 32, 51, 35)
    second = read_image(FOLDER / "dicom_series" / "PGBM-002_HCropVolume_32" / "2.dcm")
    np.testing.assert_array_equal(volume.pixels[0, 0, 1], second.pixels[0, 0, 0])
    assert (volume.spacing, volume.metadata["orientation"]) == ((1.0, 1.0, 1.0), "LPS")


def test_a_dataset_is_chosen_by_its_path() -> None:
    with pytest.raises(UserError, match=r"holds 2 datasets \(label, raw\): choose one, such as .*label"):
        read_image(FOLDER / "hdf5/sample_ovule.h5")
    volume = read_image(FOLDER / "hdf5/sample_ovule.h5/raw")
    assert (volume.pixels.shape, volume.spacing, volume.unit) == ((1, 1, 32, 128, 128), (0.235, 0.15, 0.15), "um")
    with pytest.raises(UserError, match="has no rwa: choose one of label, raw"):
        read_image(FOLDER / "hdf5/sample_ovule.h5/rwa")


def test_an_image_of_several_is_chosen_by_its_number() -> None:
    assert len(parts_of(FOLDER / "ome_tiff/multiseries.ome.tiff")) == 6
    with pytest.raises(UserError, match="holds 6 images"):
        read_image(FOLDER / "ome_tiff/multiseries.ome.tiff")
    third = read_image(FOLDER / "ome_tiff/multiseries.ome.tiff/2")
    assert third.source == str(FOLDER / "ome_tiff/multiseries.ome.tiff/2")
    assert not np.array_equal(third.pixels, read_image(FOLDER / "ome_tiff/multiseries.ome.tiff/0").pixels)


def test_a_slide_has_its_pixel_size() -> None:
    volume = read_image(FOLDER / "pyramid/CMU-1-Small-Region.svs")
    assert (volume.pixels.shape, volume.spacing[1:], volume.unit) == ((1, 3, 1, 2967, 2220), (0.499, 0.499), "um")


_WATCHED = """
import re, resource, sys, time
from pathlib import Path
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
from napari_apprentice.data.files import read_image
from napari_apprentice.errors import UserError
for path in sys.argv[1:]:
    start = time.process_time()
    try:
        read_image(path)
        said = "it was read"
    except UserError as error:
        said = str(error)
    # not ru_maxrss, which begins with that of the process that started this one
    megabytes = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024
    print(f"{time.process_time() - start:.2f}|{megabytes}|{path}|{said!r}")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the most memory since a program began")
def test_whatever_is_no_image_is_one_sentence_at_once() -> None:
    assert len(BAD) >= 45
    paths = [str(FOLDER / name) for name in BAD]
    told = subprocess.run([sys.executable, "-W", "ignore", "-c", _WATCHED, *paths], capture_output=True, text=True)
    lines = [line for line in told.stdout.splitlines() if line.count("|") >= 3]
    assert len(lines) == len(paths), told.stderr
    for line in lines:
        seconds, megabytes, path, said = line.split("|", 3)
        assert float(seconds) < 5, line
        assert int(megabytes) < 1000, line
        assert Path(path).name in said, line
        assert "\\n" not in said, line
        assert "it was read" not in said, line
