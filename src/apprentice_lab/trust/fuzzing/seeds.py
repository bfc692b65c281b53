"""Small inputs to begin with: files of the set of formats, and files written here of what it lacks."""

from __future__ import annotations

import io
import json
import pickle
import struct
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from apprentice_lab.trust.fuzzing import packings
from apprentice_lab.trust.fuzzing.targets import Target

LARGEST = 1 << 16  # bytes; larger ones are slow to change and to read


def seeds_of(target: Target, formats: Path) -> Iterator[bytes]:
    """Inputs of a target, each at most `LARGEST` bytes long."""
    for pattern in target.seeds:
        for path in sorted(formats.glob(pattern)):
            content = _of_folder(path) if target.is_folder else path.read_bytes() if path.is_file() else b""
            if 0 < len(content) <= LARGEST:
                yield content
    make = _MADE.get(target.title)
    if make is not None:
        yield from (content for content in make() if len(content) <= LARGEST)


def _of_folder(path: Path, most: int = 6) -> bytes:
    """The files of a folder; of a series of slices the first ones."""
    if not path.is_dir():
        return b""
    files = [one for one in sorted(path.rglob("*")) if one.is_file()]
    slices = [one for one in files if one.suffix == ".dcm"]
    return packings.zipped({one.relative_to(path).as_posix(): one.read_bytes() for one in slices[:most] or files})


def _pixels(*shape: int, dtype: type = np.uint16) -> NDArray[Any]:
    return np.random.default_rng(0).integers(0, 255, shape).astype(dtype)


def _written(name: str, write: Callable[[Path], object]) -> bytes:
    """What ``write`` puts into a file of that name, or into a folder, as a zip file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        return _of_folder(path) if path.is_dir() else path.read_bytes()


def _tiffs() -> Iterator[bytes]:
    import tifffile

    many: tuple[dict[str, Any], ...] = (
        {"imagej": True, "metadata": {"axes": "ZCYX", "spacing": 2.0, "unit": "um"}, "resolution": (4.0, 4.0)},
        {"tile": (16, 16), "compression": "zlib", "predictor": True},
        {"bigtiff": True, "photometric": "minisblack"},
    )
    for settings in many:
        yield _written("x.tif", partial(tifffile.imwrite, data=_pixels(3, 2, 20, 24), **settings))


def _ome_tiffs() -> Iterator[bytes]:
    import tifffile

    told = {"axes": "TCYX", "PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm", "Channel": {"Name": ["DNA", "actin"]}}
    yield _written("x.ome.tif", lambda path: tifffile.imwrite(path, _pixels(3, 2, 20, 24), ome=True, metadata=told))


def _zarrs() -> Iterator[bytes]:
    import zarr

    def write(path: Path, version: int) -> None:
        group = zarr.open_group(path, mode="w", zarr_format=version)  # type: ignore[arg-type]
        for name, pixels in (("0", _pixels(2, 3, 16, 16)), ("1", _pixels(2, 3, 8, 8))):
            group.create_array(name, data=pixels, chunks=(1, 3, 8, 8))
        axes = [{"name": "c", "type": "channel"}, *({"name": a, "type": "space", "unit": "micrometer"} for a in "zyx")]
        levels = [
            {"path": str(i), "coordinateTransformations": [{"type": "scale", "scale": [1, 1, n, n]}]}
            for i, n in enumerate((0.5, 1.0))
        ]
        told: dict[str, Any] = {
            "multiscales": [{"version": "0.4", "axes": axes, "datasets": levels}],
            "omero": {"channels": [{"label": "a", "color": "00FF00"}, {"label": "b", "color": "FF0000"}]},
        }
        group.attrs.update(told if version == 2 else {"ome": {"version": "0.5", **told}})

    for version in (2, 3):
        yield _written("x.zarr", partial(write, version=version))


def _nifti(name: str, kind: str) -> Callable[[], Iterator[bytes]]:
    def make() -> Iterator[bytes]:
        import nibabel

        image = getattr(nibabel, kind)(_pixels(6, 5, 4, dtype=np.int16), np.diag([2.0, 2.0, 3.0, 1.0]))
        yield _written(name, lambda path: nibabel.save(image, path))

    return make


def _nrrds() -> Iterator[bytes]:
    import nrrd

    def write(path: Path, header: dict[str, Any]) -> None:
        nrrd.write(str(path), _pixels(6, 5, 4), header)

    told = {"space": "left-posterior-superior", "space directions": np.eye(3), "kinds": ["domain"] * 3}
    for encoding in ("raw", "gzip", "ascii"):
        header = {**told, "encoding": encoding}
        yield _written("x.nrrd", partial(write, header=header))


def _mrcs() -> Iterator[bytes]:
    import mrcfile

    def write(path: Path) -> None:
        with mrcfile.new(path) as file:
            file.set_data(_pixels(3, 6, 5, dtype=np.int16))
            file.voxel_size = 2.0

    yield _written("x.mrc", write)


def _hdf5() -> Iterator[bytes]:
    import h5py

    def write(path: Path) -> None:
        with h5py.File(path, "w") as file:
            raw = file.create_dataset("raw", data=_pixels(4, 16, 16), chunks=(2, 8, 8), compression="gzip")
            raw.attrs["element_size_um"] = (1.0, 0.5, 0.5)
            raw.attrs["axistags"] = '{"axes": [{"key": "z"}, {"key": "y"}, {"key": "x"}]}'
            file.create_dataset("more/labels", data=_pixels(16, 16, dtype=np.uint8))

    yield _written("x.h5", write)


def _czis() -> Iterator[bytes]:
    if find_spec("pylibCZIrw") is None:
        return
    from pylibCZIrw import czi  # type: ignore[import-not-found,import-untyped,unused-ignore]

    def write(path: Path) -> None:
        with czi.create_czi(str(path)) as file:
            for scene, channel in np.ndindex(2, 2):
                place, plane = (500 * scene, 0), {"T": 0, "C": channel, "Z": 0}
                file.write(_pixels(20, 30)[..., None], location=place, plane=plane, scene=scene)
            file.write_metadata("cells", channel_names={0: "DAPI", 1: "GFP"}, scale_x=0.25e-6, scale_y=0.25e-6)

    yield _written("x.czi", write)


def _lifs() -> Iterator[bytes]:
    pixels = _pixels(2, 6, 5, dtype=np.uint8)
    channels = "".join(
        f'<ChannelDescription DataType="0" ChannelTag="0" Resolution="8" Min="0" Max="1" Unit="" '
        f'NameOfMeasuredQuantity="" LUTName="Green" IsLUTInverted="0" BytesInc="{30 * c}" BitInc="0"/>'
        for c in range(2)
    )
    axes = "".join(
        f'<DimensionDescription DimID="{number}" NumberOfElements="{n}" Origin="0" Length="{n}.0e-6" Unit="m" '
        f'BytesInc="{step}" BitInc="0"/>'
        for number, n, step in ((1, 5, 1), (2, 6, 5))
    )
    xml = (
        '<LMSDataContainerHeader Version="2"><Element Name="project"><Children><Element Name="a" UniqueID="a"><Data>'
        f"<Image><ImageDescription><Channels>{channels}</Channels><Dimensions>{axes}</Dimensions></ImageDescription>"
        f'</Image></Data><Memory Size="{pixels.nbytes}" MemoryBlockID="a"/></Element></Children></Element>'
        "</LMSDataContainerHeader>"
    )
    text, block = xml.encode("utf-16-le"), "a".encode("utf-16-le")
    yield (
        struct.pack("<IIBI", 0x70, len(text) + 5, 0x2A, len(xml))
        + text
        + struct.pack("<IIBQBI", 0x70, len(block) + 14, 0x2A, pixels.nbytes, 0x2A, 1)
        + block
        + pixels.tobytes()
    )


def _nd2s() -> Iterator[bytes]:
    def value(name: str, told: Any) -> str:
        if isinstance(told, dict):
            return f'<{name} runtype="CLxListVariant">{"".join(value(*one) for one in told.items())}</{name}>'
        kind = {bool: "bool", int: "lx_int32", float: "double", str: "CLxStringW"}[type(told)]
        return f'<{name} runtype="{kind}" value="{str(told).lower()}"/>'

    def xml(told: dict[str, Any]) -> bytes:
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><variant version="1.0">{value("no_name", told)}</variant>'.encode()
        )

    frames = _pixels(2, 6, 8, 1)
    sizes = {"uiWidth": 8, "uiWidthBytes": 16, "uiHeight": 6, "uiComp": 1, "uiBpcInMemory": 16}
    attributes = {**sizes, "uiBpcSignificant": 16, "uiSequenceCount": 2, "eCompression": 2}
    probe = {"m_ExcitationSpectrum": {"uiCount": 1, "pPoint": {"Point0": {"dTValue": 1.0, "dWavelength": 488.0}}}}
    plane = {"sDescription": "DNA", "uiColor": 0xFF0000, "uiCompCount": 1, "pFluorescentProbe": probe}
    planes = {"uiCount": 1, "sPlaneNew": {"a0": plane}}
    loop = {"uiCount": 2, "dStart": 0.0, "dPeriod": 1500.0, "dDuration": 3000.0}
    chunks = {
        b"ImageAttributes!": xml(attributes),
        b"ImageMetadataSeq|0!": xml({"bCalibrated": True, "dCalibration": 0.25, "sPicturePlanes": planes}),
        b"ImageMetadata!": xml({"eType": 1, "uLoopPars": loop}),
        **{b"ImageDataSeq|%d!" % number: bytes(8) + frame.tobytes() for number, frame in enumerate(frames)},
    }
    magic = 0x0ABECEDA
    file = io.BytesIO()
    file.write(struct.pack("<IIQ32s64s", magic, 32, 64, b"ND2 FILE SIGNATURE CHUNK NAME01!", b"Ver2.1"))
    places = b""
    for name, data in chunks.items():
        file.write(bytes(-file.tell() % 4096))
        places += name + struct.pack("<QQ", file.tell(), len(data))
        file.write(struct.pack("<IIQ", magic, 4072, len(data)) + name.ljust(4072, b"\0") + data)
    file.write(bytes(-file.tell() % 4096))
    end = b"ND2 CHUNK MAP SIGNATURE 0000001!" + struct.pack("<Q", file.tell())
    mapped = b"ND2 FILEMAP SIGNATURE NAME 0001!"
    file.write(struct.pack("<IIQ", magic, len(mapped), len(places) + len(end)) + mapped + places + end)
    yield file.getvalue()


def _npys() -> Iterator[bytes]:
    for array in (_pixels(4, 6), _pixels(2, 5, 4, dtype=np.float32), np.asfortranarray(_pixels(4, 6, dtype=bool))):
        yield _written("x.npy", partial(np.save, arr=array))


def _cellpose() -> Iterator[bytes]:
    told = {
        "masks": _pixels(8, 9),
        "outlines": _pixels(8, 9),
        "chan_choose": [0, 0],
        "filename": "x.tif",
        "diameter": 30.0,
    }
    for saved in (np.array(told, dtype=object), np.array([told], dtype=object)):
        yield _written("x.npy", partial(np.save, arr=saved, allow_pickle=True))
    head = _written("x.npy", partial(np.save, arr=np.array({}, dtype=object), allow_pickle=True))[:128]
    yield head + pickle.dumps(told, protocol=4)


def _pictures(suffix: str) -> Callable[[], Iterator[bytes]]:
    def make() -> Iterator[bytes]:
        import imageio.v3 as imageio

        for pixels in (_pixels(12, 14, dtype=np.uint8), _pixels(12, 14, 3, dtype=np.uint8)):
            yield imageio.imwrite("<bytes>", pixels, extension=suffix)

    return make


def _models() -> Iterator[bytes]:
    from napari_apprentice.data.models import METADATA_KEY, read_header
    from napari_apprentice.session.catalog import bundled_files

    numbers = _pixels(8, dtype=np.float32).tobytes()
    tensors = {"__metadata__": {METADATA_KEY: ""}, "w": {"dtype": "F32", "shape": [8], "data_offsets": [0, 32]}}
    for _, path in bundled_files().values():
        header = read_header(path).model_dump_json().encode()
        yield packings.model({"header.json": header, "tensors.json": json.dumps(tensors).encode(), "numbers": numbers})


def _project_folder(path: Path) -> None:
    from napari_apprentice.data.image.volume import Volume
    from napari_apprentice.session import Session

    with Session.create(path) as session:
        entry = session.add_image(Volume(_pixels(1, 1, 2, 16, 16, dtype=np.uint8), name="cells"))
        session.paint([40, 41, 56, 57], 1)
        entry.keep_snapshot()
        session.paint([100, 101], 2)
        session.undo()
        session.paint([102, 103], 3)


def _projects() -> Iterator[bytes]:
    yield _written("project", _project_folder)


def _of_project(end: str) -> Callable[[], Iterator[bytes]]:
    def make() -> Iterator[bytes]:
        for content in _projects():
            yield from (one for name, one in packings.unzip(content).items() if name.endswith(end))

    return make


def _frames() -> Iterator[bytes]:
    from napari_apprentice import events

    told = (
        {"type": "devices", "devices": [{"name": "cpu", "words": "CPU, 2 threads"}]},
        {"type": "began", "number": 1},
        *(
            {"type": "event", "number": 1, "event": events.to_plain(event)}
            for event in (
                events.Started(device="CPU"),
                events.Progress(done=1, total=2, left_s=3.0),
                events.TileDone(region=((0, 1), (0, 1), (0, 8), (0, 8))),
                events.Validated(step=1, seconds=2.0, score=0.5),
                events.Note(text="few objects"),
                events.Failed(message="no", details="why"),
                events.WasCancelled(),
            )
        ),
    )
    yield packings.frames({str(number): msgpack.packb(message) for number, message in enumerate(told)})


_MADE: dict[str, Callable[[], Iterator[bytes]]] = {
    "tiff": _tiffs,
    "ome-tiff": _ome_tiffs,
    "ome-zarr": _zarrs,
    "nifti": _nifti("x.nii", "Nifti1Image"),
    "nifti-gz": _nifti("x.nii.gz", "Nifti1Image"),
    "mgh": _nifti("x.mgz", "MGHImage"),
    "nrrd": _nrrds,
    "mrc": _mrcs,
    "hdf5": _hdf5,
    "czi": _czis,
    "lif": _lifs,
    "nd2": _nd2s,
    "npy": _npys,
    "cellpose": _cellpose,
    "png": _pictures(".png"),
    "jpeg": _pictures(".jpg"),
    "gif": _pictures(".gif"),
    "model": _models,
    "journal": _of_project(".bin"),
    "snapshot": _of_project(".npz"),
    "project": _projects,
    "frames": _frames,
}
