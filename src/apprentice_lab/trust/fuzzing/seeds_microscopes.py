"""Small images as microscopes write them, chunk by chunk where no library does."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from apprentice_lab.trust.fuzzing.writing import random_pixels, written


def czis() -> Iterator[bytes]:
    """Two scenes of two channels."""
    if find_spec("pylibCZIrw") is None:
        return
    from pylibCZIrw import czi  # type: ignore[import-not-found,import-untyped,unused-ignore]

    def write(path: Path) -> None:
        with czi.create_czi(str(path)) as file:
            for scene, channel in np.ndindex(2, 2):
                place, plane = (500 * scene, 0), {"T": 0, "C": channel, "Z": 0}
                file.write(random_pixels(20, 30)[..., None], location=place, plane=plane, scene=scene)
            file.write_metadata("cells", channel_names={0: "DAPI", 1: "GFP"}, scale_x=0.25e-6, scale_y=0.25e-6)

    yield written("x.czi", write)


def lifs() -> Iterator[bytes]:
    """An image of two channels."""
    pixels = random_pixels(2, 6, 5, dtype=np.uint8)
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


def nd2s() -> Iterator[bytes]:
    """Two frames over time."""

    def value(name: str, told: Any) -> str:
        if isinstance(told, dict):
            return f'<{name} runtype="CLxListVariant">{"".join(value(*one) for one in told.items())}</{name}>'
        kind = {bool: "bool", int: "lx_int32", float: "double", str: "CLxStringW"}[type(told)]
        return f'<{name} runtype="{kind}" value="{str(told).lower()}"/>'

    def xml(told: dict[str, Any]) -> bytes:
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><variant version="1.0">{value("no_name", told)}</variant>'.encode()
        )

    frames = random_pixels(2, 6, 8, 1)
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
