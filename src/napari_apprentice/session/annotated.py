"""Images with annotations: which masks belong to which image, and both read together.

This is the only place that knows how programs name masks after images.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.files import is_image, is_there, read_image, stem_of, suffix_of
from napari_apprentice.data.files.formats import SUFFIXES
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.masks import (
    OUTLINES,
    Masks,
    are_masks,
    are_outlines,
    file_numbers_objects,
    read_masks,
)
from napari_apprentice.errors import UserError
from napari_apprentice.session.batch import images_in
from napari_apprentice.settings import ClassName, Kind, MaskSettings

_BY_ILASTIK = ("_object identities", "_simple segmentation", "_object predictions")  # cells-data_Object Identities, too
# what programs add to the name of an image for its masks; of several the first is taken
_ADDED = (
    *("", "_cp_masks", "_masks", "_mask", "_labels", "_label", "_seg", "-masks", "-mask", "-labels", "-label"),
    *_BY_ILASTIK,
    *("_roiset", "-roiset", "_rois", "-rois", "_roi", "-roi", "_annotations", "_annotation", "_gt"),
)
# and for what is no mask
_OTHER = ("_flows", "_cp_flows", "_cp_output", "_outlines", "_cp_outlines", "_probabilities", "_uncertainty")
_INNER = (".ome", ".nii")  # first suffixes of two, that programs do not take off
_OF_IMAGES = ("_img", "_image", "_raw", "-img", "-image", "-raw")  # cells_img.tif, cells_masks.tif
_IMAGE_FOLDERS = ("images", "image", "imgs", "img", "raw")
_MASK_FOLDERS = ("masks", "mask", "labels", "label", "annotations", "rois", "gt", "ground_truth", "groundtruth")
_ALONE = ("roiset", "rois", "roi set")  # beside a single image


@dataclass(frozen=True)
class Annotated:
    """An image and the file with its masks."""

    image: Path
    labels: Path

    @property
    def name(self) -> str:
        """Of the image, without suffix."""
        return stem_of(self.image)

    def read(self) -> tuple[Volume, NDArray[np.uint32]]:
        """The image and its labels as they are numbered (T, Z, Y, X); `UserError` when they do not belong together."""
        volume, masks = self.read_masks(settings=MaskSettings(meaning="numbers"))
        return volume, masks.labels

    def read_masks(
        self,
        kind: Kind = "instances",
        classes: Sequence[ClassName] = (),
        settings: MaskSettings = MaskSettings(),  # noqa: B008 (frozen)
    ) -> tuple[Volume, Masks]:
        """The image and its masks, as `data.masks.read_masks` understands them."""
        volume = read_image(self.image)
        return volume, read_masks(self.labels, volume, kind, classes, settings)


@dataclass(frozen=True)
class Pairing:
    """Images with masks, and what is left over.

    ``alone`` are images without masks, ``unmatched`` masks without an image, ``unused`` further masks of images that
    have some.
    """

    pairs: tuple[Annotated, ...]
    alone: tuple[Path, ...] = ()
    unmatched: tuple[Path, ...] = ()
    unused: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """Of the folder in which the images lie, or of that which holds ``images/``."""
        folder = self.pairs[0].image.absolute().parent
        return (folder.parent if folder.name.casefold() in _IMAGE_FOLDERS else folder).name or "annotated"

    @property
    def words(self) -> list[str]:
        """What is left out, one sentence each."""
        left = (
            ("Images without masks", self.alone),
            ("Masks without an image", self.unmatched),
            ("Further masks of the same images", self.unused),
        )
        return [f"{what}, left out: {_listed(paths)}." for what, paths in left if paths]

    def settings(self, asked: MaskSettings, kind: Kind) -> MaskSettings:
        """What the numbers in all these masks say: where one of them numbers objects, all do."""
        if (
            asked.meaning != "auto"
            or kind == "classes"
            or not any(_numbers_objects(one.labels, asked) for one in self.pairs)
        ):
            return asked
        return asked.model_copy(update={"meaning": "numbers"})


def annotated_in(images: Path, labels: Path | None = None) -> Pairing:
    """Each image with its masks.

    Two files belong together; in folders those of one name do, also where a program added to it for masks, as
    ``cells_masks.tif``, ``cells_seg.npy`` or ``cells.tif.geojson``. Of one folder alone the masks lie in it, or in a
    folder in it, such as ``images/`` and ``masks/``. Raises `UserError` where there are none.
    """
    for path in (images, *([] if labels is None else [labels])):
        if not is_there(path):
            raise UserError(f"{path} does not exist: check the path.")
    is_one = is_image(images)
    if labels is not None and _is_one(labels):
        if not is_one:
            raise UserError(
                f"{images} is a folder and {labels} is one file: give the folder with the masks of its images."
            )
        return Pairing((Annotated(images, labels),))
    if labels is None:
        images, labels = (images, images.parent) if is_one else _folders_in(images)
    found = _pair(images_in(images), labels)
    if not found.pairs:
        raise UserError(
            f"No masks in {labels} have the name of an image in {images}: name them alike, such as cells.tif in both "
            "folders, or cells.tif and cells_masks.tif in one."
        )
    return found


def are_masks_of(path: Path, image: str) -> bool:
    """Whether a file is outlines, which are masks of something, or named as masks of an image of this name."""
    return are_outlines(path) or (is_image(path) and _is_made_from(_key(path), [_key(Path(image)), _plain(image)]))


def _is_one(path: Path) -> bool:
    return is_image(path) or not path.is_dir()


def _folders_in(folder: Path) -> tuple[Path, Path]:
    """Where images and masks lie."""
    inside = {path.name.casefold(): path for path in folder.iterdir() if path.is_dir() and not is_image(path)}
    images = next((inside[name] for name in _IMAGE_FOLDERS if name in inside), folder)
    masks = next((inside[name] for name in _MASK_FOLDERS if name in inside), images)
    return images, masks


def _pair(images: Sequence[Path], folder: Path) -> Pairing:
    """Each of these images with what lies in a folder."""
    masks = sorted(path for path in folder.iterdir() if not path.name.startswith(".") and are_masks(path))
    together = {image.resolve() for image in images} & {path.resolve() for path in masks}
    names = {_key(image) for image in images}
    if together:  # masks lie beside their images, and look like images themselves
        images = [image for image in images if not _is_made_from(_key(image), names)]
        real = {image.resolve() for image in images}
        masks = [path for path in masks if path.resolve() not in real and _says_masks(path)]
        doubtful = [image for image in images if any(added and _key(image).endswith(added) for added in _ADDED)]
    else:
        doubtful = []
    of_name: defaultdict[str, list[tuple[int, Path]]] = defaultdict(list)
    for path in masks:
        for rank, name in _images_of(_key(path)):
            of_name[name].append((rank, path))
    pairs, alone, unused = [], [], set[Path]()
    for image in images:
        known = [one for name in _names_of(_key(image)) for one in sorted(of_name.get(name, []))]
        if known:
            pairs.append(Annotated(image, known[0][1]))
            unused |= {path for _, path in known[1:]}
        elif image not in doubtful:
            alone.append(image)
    used = {pair.labels for pair in pairs}
    unmatched = [path for path in masks if path not in used | unused]
    if len(alone) == 1 and not pairs:
        set_of_all = [path for path in unmatched if _key(path) in _ALONE]
        if set_of_all:
            pairs, alone = [Annotated(alone[0], set_of_all[0])], []
            unmatched.remove(set_of_all[0])
    return Pairing(tuple(pairs), tuple(alone), (*unmatched, *doubtful), tuple(sorted(unused - used)))


def _key(path: Path) -> str:
    """A file's name without suffixes, in small letters; of ``cells.tif.geojson`` cells."""
    if path.suffix.lower() not in OUTLINES:
        return _plain(stem_of(path))
    inner = Path(path.name[: -len(path.suffix)])
    return _plain(stem_of(inner) if suffix_of(inner) in SUFFIXES else inner.name)


def _plain(name: str) -> str:
    """In small letters, accents in one way: some disks write them as signs of their own."""
    return normalize("NFC", normalize("NFC", name).casefold())


def _names_of(key: str) -> Iterator[str]:
    """What masks of an image may be named after; of ``cells.ome.tif`` Cellpose makes ``cells.ome_seg.npy``."""
    for one in (key, *(f"{key}{inner}" for inner in _INNER)):
        yield one
        yield from (one.removesuffix(added) for added in _OF_IMAGES if one.endswith(added))


def _images_of(key: str) -> Iterator[tuple[int, str]]:
    """The images that masks may be of, by their names, with the rank of the way in which they are named."""
    for rank, added in enumerate(_ADDED):
        if key.endswith(added) and key != added:
            name = key.removesuffix(added)
            yield rank, name
            if added in _BY_ILASTIK and "-" in name:
                yield rank, name.rsplit("-", 1)[0]


def _is_made_from(key: str, names: Iterable[str]) -> bool:
    """Whether a file is what a program made from an image of one of these names."""
    known = {name for one in names for name in _names_of(one)}
    made = {name for _, name in _images_of(key)} | {key.removesuffix(one) for one in _OTHER if key.endswith(one)}
    return bool((made - {key}) & known)


def _says_masks(path: Path) -> bool:
    return path.suffix.lower() in OUTLINES or any(added and _key(path).endswith(added) for added in _ADDED)


def _numbers_objects(path: Path, asked: MaskSettings) -> bool:
    try:
        return file_numbers_objects(path, asked)
    except UserError:  # said where it is read
        return False


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(path.name for path in paths[:3]) + (f" and {len(paths) - 3} others" if len(paths) > 3 else "")
