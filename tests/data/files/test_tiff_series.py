"""Which image of a TIFF is meant, and what is said of planes that are left out or are not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import tifffile

from napari_apprentice.data.files import parts_of, read_image, tiff
from napari_apprentice.errors import UserError

IMAGE = np.random.default_rng(0).integers(1, 255, (64, 80), np.uint8)
STACK = np.random.default_rng(1).integers(1, 255, (5, 24, 30), np.uint8)


def _pages(path: Path, *pages: np.ndarray, thumbnail: int | None = None, **more: Any) -> Path:
    """A plain file of pages, of which one may be marked as a thumbnail (NewSubfileType 1)."""
    with tifffile.TiffWriter(path) as file:
        for number, page in enumerate(pages):
            file.write(page, metadata=None, subfiletype=int(number == thumbnail), **more)
    return path


def _says(path: Path, old: bytes, new: bytes, **more: Any) -> Path:
    """`STACK` in a file whose description then says something else of the same length."""
    tifffile.imwrite(path, STACK, metadata={"axes": "ZYX"}, **more)
    told = path.read_bytes()
    assert old in told
    path.write_bytes(told.replace(old, new))
    return path


def _set_of_files(folder: Path, images: int = 1, slices: int = 3) -> list[Path]:
    """An OME-TIFF of a file a slice; each pixel has the number of its file, from 1."""
    found = [(image, z) for image in range(images) for z in range(slices)]
    uuids = {one: f"urn:uuid:{UUID(int=number + 1)}" for number, one in enumerate(found)}
    names = {(image, z): f"i{image}_z{z}.ome.tif" for image, z in found}
    described = ""
    for image in range(images):
        data = "".join(
            f'<TiffData FirstZ="{z}" IFD="0" PlaneCount="1"><UUID FileName="{names[image, z]}">{uuids[image, z]}</UUID>'
            "</TiffData>"
            for z in range(slices)
        )
        described += (
            f'<Image ID="Image:{image}" Name="image {image}"><Pixels ID="Pixels:{image}" DimensionOrder="XYZCT" '
            f'Type="uint8" SizeX="30" SizeY="24" SizeZ="{slices}" SizeC="1" SizeT="1" PhysicalSizeX="{image + 1}" '
            f'PhysicalSizeY="{image + 1}"><Channel ID="Channel:{image}:0" SamplesPerPixel="1"/>{data}</Pixels></Image>'
        )
    space = 'xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"'
    for number, one in enumerate(found, 1):
        pixels = np.full((24, 30), number, np.uint8)
        xml = f'<?xml version="1.0" encoding="UTF-8"?><OME {space} UUID="{uuids[one]}">{described}</OME>'
        tifffile.imwrite(folder / names[one], pixels, description=xml, metadata=None)
    return [folder / names[one] for one in found]


@pytest.mark.parametrize("first", [True, False])
def test_a_thumbnail_is_not_the_image_wherever_it_lies(tmp_path: Path, first: bool) -> None:
    pages = (IMAGE[::8, ::8], IMAGE) if first else (IMAGE, IMAGE[::7, ::7])
    volume = read_image(_pages(tmp_path / "a.tif", *pages, thumbnail=0 if first else 1))
    np.testing.assert_array_equal(volume.pixels[0, 0, 0], IMAGE)
    size = "8 x 10" if first else "10 x 12"
    assert volume.metadata["notes"] == [f"Left out of a.tif: a page of {size} pixels that is marked as a thumbnail."]


def test_a_thumbnail_larger_than_its_image_is_still_none(tmp_path: Path) -> None:
    volume = read_image(_pages(tmp_path / "a.tif", IMAGE, IMAGE[:30, :30], thumbnail=0))
    np.testing.assert_array_equal(volume.pixels[0, 0, 0], IMAGE[:30, :30])


def test_of_pages_of_several_sizes_the_image_has_the_most_pixels_and_the_others_are_named(tmp_path: Path) -> None:
    path = _pages(tmp_path / "a.tif", IMAGE[:20, :20], IMAGE, IMAGE[:30, :25])
    volume = read_image(path)
    np.testing.assert_array_equal(volume.pixels[0, 0, 0], IMAGE)
    assert volume.metadata["notes"] == [
        "Left out of a.tif: 20 x 20 pixels (a.tif/0), 30 x 25 pixels (a.tif/2); to open one, give its path, such as "
        "a.tif/0."
    ]
    other = read_image(path / "2")
    np.testing.assert_array_equal(other.pixels[0, 0, 0], IMAGE[:30, :25])
    assert (other.name, other.source) == ("a 2", str(path / "2"))
    assert parts_of(path) == [str(path)]
    with pytest.raises(UserError, match="has no 7: choose one of 0, 1, 2"):
        read_image(path / "7")


def test_a_stack_beside_one_larger_page_is_the_image(tmp_path: Path) -> None:
    volume = read_image(_pages(tmp_path / "a.tif", IMAGE, *([IMAGE[:40, :40]] * 6)))
    assert volume.pixels.shape[-2:] == (40, 40)
    assert "64 x 80 pixels (a.tif/0)" in volume.metadata["notes"][0]


def test_levels_of_a_pyramid_are_not_left_out(tmp_path: Path) -> None:
    volume = read_image(_pages(tmp_path / "a.tif", IMAGE, IMAGE[::2, ::2], IMAGE[::4, ::4]))
    assert [level.shape[-2:] for level in volume.levels] == [(32, 40), (16, 20)]
    assert "notes" not in volume.metadata


@pytest.mark.parametrize("lazy", [False, True])
def test_a_file_of_a_set_that_is_gone_is_said_and_its_slice_is_black(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lazy: bool
) -> None:
    monkeypatch.setattr(tiff, "MAP_FROM", 0 if lazy else tiff.MAP_FROM)
    first, gone, _ = _set_of_files(tmp_path)
    assert "notes" not in read_image(first).metadata
    gone.unlink()
    volume = read_image(first)
    assert np.asarray(volume.pixels)[0, 0, :, 5, 5].tolist() == [1, 0, 3]
    assert volume.metadata["notes"] == [
        "i0_z0.ome.tif announces 3 planes, of which 1 (z 1, counted from 0) is not there: it is black. "
        "Missing files: i0_z1.ome.tif."
    ]


def test_a_file_of_a_set_that_is_damaged_is_said(tmp_path: Path) -> None:
    first, _, last = _set_of_files(tmp_path)
    last.write_bytes(b"no")
    (note,) = read_image(first).metadata["notes"]
    assert note == "i0_z0.ome.tif announces 3 planes, of which 1 (z 2, counted from 0) is not there: it is black."


def test_an_image_that_is_gone_as_a_whole_is_said_and_the_other_keeps_its_pixel_size(tmp_path: Path) -> None:
    files = _set_of_files(tmp_path, images=2, slices=1)
    assert [Path(one).name for one in parts_of(files[1])] == ["0", "1"]
    files[0].unlink()
    volume = read_image(files[1])
    assert (volume.pixels.max(), volume.spacing[1:]) == (2, (2.0, 2.0))
    assert volume.metadata["notes"] == [
        "i1_z0.ome.tif announces 2 images, of which 1 is not there. Missing files: i0_z0.ome.tif."
    ]


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize(
    ("name", "old", "new", "more"),
    [
        ("a.ome.tif", b'SizeZ="5"', b'SizeZ="7"', {"ome": True}),
        ("packed.ome.tif", b'SizeZ="5"', b'SizeZ="7"', {"ome": True, "compression": "zlib"}),
        ("imagej.tif", b"slices=5", b"slices=7", {"imagej": True, "compression": "zlib"}),
        ("shaped.tif", b'"shape": [5,', b'"shape": [7,', {"compression": "zlib"}),
    ],
)
def test_planes_that_are_announced_and_not_there_are_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    old: bytes,
    new: bytes,
    more: dict[str, Any],
    lazy: bool,
) -> None:
    monkeypatch.setattr(tiff, "MAP_FROM", 0 if lazy else tiff.MAP_FROM)
    volume = read_image(_says(tmp_path / name, old, new, **more))
    np.testing.assert_array_equal(np.asarray(volume.pixels)[0, 0], [*STACK, *np.zeros((2, 24, 30))])
    assert volume.metadata["notes"] == [
        f"{name} announces 7 planes, of which 2 (z 5; z 6, counted from 0) are not there: they are black."
    ]


@pytest.mark.parametrize(
    ("name", "old", "new", "more"),
    [
        ("imagej.tif", b"slices=5", b"slices=7", {"imagej": True}),
        ("shaped.tif", b'"shape": [5,', b'"shape": [7,', {}),
    ],
)
def test_pixels_in_one_piece_that_end_too_early_are_one_sentence(
    tmp_path: Path, name: str, old: bytes, new: bytes, more: dict[str, Any]
) -> None:
    with pytest.raises(UserError, match="is damaged"):
        read_image(_says(tmp_path / name, old, new, **more))


def test_planes_beyond_those_that_are_announced_are_said(tmp_path: Path) -> None:
    volume = read_image(_says(tmp_path / "a.ome.tif", b'SizeZ="5"', b'SizeZ="3"', ome=True))
    np.testing.assert_array_equal(volume.pixels[0, 0], STACK[:3])
    assert volume.metadata["notes"] == ["a.ome.tif has 2 planes more than it announces, which are left out."]


def test_a_file_that_another_one_describes_is_said_to_be_a_part(tmp_path: Path) -> None:
    for name, words in (("set.companion.ome", "is read."), ("first.ome.tif", ": open first.ome.tif for all of it.")):
        (tmp_path / "first.ome.tif").touch()
        xml = (
            '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:1">'
            f'<BinaryOnly MetadataFile="{name}" UUID="urn:uuid:2"/></OME>'
        )
        tifffile.imwrite(tmp_path / "a.ome.tif", IMAGE, description=xml, metadata=None)
        (note,) = read_image(tmp_path / "a.ome.tif").metadata["notes"]
        assert note.startswith(f"a.ome.tif is one file of a set that {name} describes")
        assert note.endswith(words)


def test_nothing_of_the_library_is_said_beside(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    first, gone, _ = _set_of_files(tmp_path)
    gone.unlink()
    parts_of(first)
    read_image(first)
    assert capfd.readouterr() == ("", "")
