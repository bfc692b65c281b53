"""*Copy methods*: what was done in a project as a paragraph for a paper, with what to cite. It says what was noted.

Models come from what is kept of each image (`mask_sources`), versions from the list of the project, counts from labels
as they are now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata

from napari_apprentice import __version__
from napari_apprentice.architecture import PRESETS
from napari_apprentice.data.image.units import PIXEL
from napari_apprentice.data.objects.summary import ObjectsOfOne
from napari_apprentice.data.provenance import MaskSource, ModelNote
from napari_apprentice.project.versions import Version
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.settings import Kind

_SAYS = {
    "log-distance": "the probability of foreground and the logarithm of the distance to the boundary of the object, "
    "from which objects were separated by a watershed",
    "affinities": "the probability of foreground and affinities between neighbouring voxels, "
    "from which objects were joined",
    "classes": "the probability of each class",
    "prompts": "the object that was clicked",
}
_DID = {
    "segment": "proposed masks of whole images",
    "use": "proposed masks of whole images",
    "live": "proposed masks of whole images from corrections that it learned on the way (Live)",
    "try": "proposed masks of parts of images",
    "click": "proposed single objects that were clicked and then accepted by hand",
}
_CITED = {
    "napari": "napari contributors, napari: a multi-dimensional image viewer for Python, doi:10.5281/zenodo.3555620",
    "torch": "Paszke et al., PyTorch: an imperative style, high-performance deep learning library, NeurIPS 2019",
    "scikit-image": "van der Walt et al., scikit-image: image processing in Python, PeerJ 2:e453, 2014",
}
_WEIGHTS = 12  # letters of a hash that name a model


@dataclass(frozen=True)
class Done:
    """What a paragraph is about: images with their ``counts`` (None for classes), and versions by their model's id."""

    kind: Kind
    classes: Sequence[str]
    images: Sequence[ProjectImage]
    counts: Sequence[ObjectsOfOne] | None
    versions: Sequence[Version] = field(default_factory=tuple)


def methods(done: Done) -> str:
    """A paragraph, and the list of what it cites by number."""
    cited = _Cited()
    sources = list(dict.fromkeys(_key(source) for one in done.images for source in one.mask_sources))
    by_key = {_key(source): source for one in done.images for source in one.mask_sources}
    viewer, torch, skimage = (
        f"{_version(one)}{cited.number(_CITED[one])}" for one in ("napari", "torch", "scikit-image")
    )
    sentences = [
        f"{_images(done.images)} segmented into {_what(done)} with napari-apprentice {__version__}, a plugin of napari "
        f"{viewer}, with PyTorch {torch} and scikit-image {skimage}."
    ]
    if not sources:
        sentences.append("No model is noted that proposed masks; they were drawn by hand or came with the images.")
    known: dict[str, ModelNote] = {}
    for key in sources:
        sentences += _of_source(by_key[key], known, done, cited)
    if done.counts is not None:
        sentences += _counts(done.counts)
    return " ".join(sentences) + "\n\n" + "\n".join(cited.lines())


class _Cited:
    """What is cited, in the order in which it first is."""

    def __init__(self) -> None:
        self._all: dict[str, int] = {}

    def number(self, words: str) -> str:
        """Such as " [2]"."""
        return f" [{self._all.setdefault(words, len(self._all) + 1)}]"

    def lines(self) -> Iterator[str]:
        return (f"[{number}] {words}." for words, number in self._all.items())


def _of_source(source: MaskSource, known: dict[str, ModelNote], done: Done, cited: _Cited) -> Iterator[str]:
    """What a model is, unless that was said, and what it did with which settings."""
    model, did = source.model, _DID.get(source.by, _DID["segment"])
    version = next((one for one in done.versions if one.id in (model.id, model.name)), None)
    if model.weights not in known:
        is_described = version is not None and version.parent in {one.id for one in known.values()}
        yield from () if is_described else _of_model(model, version, cited)
        if version is not None:
            yield _taught(version, model, {one.id: one.name for one in known.values()})
    known[model.weights] = model
    settings = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in source.settings.items())
    how = f" with {settings}, all else as usual" if settings else " with the usual settings"
    yield f"{_called(model, version)} {did}{'' if source.by == 'click' else how}."


def _of_model(model: ModelNote, version: Version | None, cited: _Cited) -> Iterator[str]:
    """What a network is, and where it learned if that was not here."""
    preset, _, dims = model.network.partition(" ")
    network = next((one for one in PRESETS.values() if one.name == preset), None)
    said = f"{_called(model, version)}{'' if version is not None else _weights(model)}"
    if network is None:
        said += " was used"
    else:
        numbers = "".join(cited.number(paper.strip()) for paper in network.paper.split(";"))
        said += f" is a {dims.upper()} {network.title.removeprefix('3D ')}{numbers}"
        said += f" that predicts {_SAYS[model.says]}" if model.says in _SAYS else ""
    if version is None and model.trained_on:
        said += f"; it learned from {', '.join(model.trained_on)}"
    yield said + (f" (licence: {model.licence})." if model.licence and version is None else ".")


def _called(model: ModelNote, version: Version | None) -> str:
    return f"The model {model.name}" if version is None else f"Version {version.id.removeprefix('v')}"


def _weights(model: ModelNote) -> str:
    return f" (weights SHA-256 {model.weights[:_WEIGHTS]})" if model.weights else ""


def _taught(version: Version, model: ModelNote, names: Mapping[str, str]) -> str:
    by = "learned from strokes (Live)" if version.by == "live" else "taught"
    parent = "a network that knew nothing" if version.parent == "fresh" else names.get(version.parent, version.parent)
    said = f"{_called(model, version)}{_weights(model)} was {by} in this project, from {parent}, on "
    said += f"{version.voxels:,} voxels" if version.objects is None else _number(version.objects, "object")
    said += " confirmed by hand"
    said += "" if version.images is None else f" in {_number(len(version.images), 'image')}"
    said += f", in {version.steps:,} steps" if version.steps else ""
    settings = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in version.settings.items())
    said += f", with {settings}" if settings else ""
    if version.score_after is not None:
        before = "" if version.score_before is None else f" ({version.score_before:.2f} before)"
        said += f"; on corrections set aside it scored {version.score_after:.2f}{before}"
    return said + "."


def _counts(counts: Sequence[ObjectsOfOne]) -> Iterator[str]:
    counted = [one for one in counts if one.sizes is not None]
    objects = sum(len(one.sizes) for one in counted if one.sizes is not None)
    whole, part = sum(one.confirmed for one in counted), sum(one.in_part for one in counted)
    where = "" if len(counted) == len(counts) else f" in the {_number(len(counted), 'image')} that could be counted"
    yield (
        f"There are {_number(objects, 'object')}{where}, of which {whole:,} were drawn, corrected or approved as a "
        f"whole by hand and {part:,} in part; the other {objects - whole - part:,} were not changed by hand."
    )


def _images(images: Sequence[ProjectImage]) -> str:
    shapes = {(one.shape[0] > 1, one.shape[1] > 1) for one in images}
    kinds = {(False, False): "2D image", (False, True): "volume", (True, False): "2D time series"}
    what = kinds.get(next(iter(shapes)), "time series of volumes") if len(shapes) == 1 else "image"
    sizes = {(one.volume.spacing, one.volume.unit) for one in images if one.is_read}
    pixel = ""
    if len(sizes) == 1:
        (z, y, x), unit = next(iter(sizes))
        if unit != PIXEL:
            steps = (z, y, x) if "volume" in what else (y, x)
            pixel = f" (pixel size {' x '.join(f'{step:.4g}' for step in steps)} {unit})"
    many = f"{_number(len(images), what)}{pixel}"
    return f"One {many.removeprefix('1 ')} was" if len(images) == 1 else f"{many} were"


def _what(done: Done) -> str:
    return "objects" if done.kind == "instances" else f"areas of classes ({', '.join(done.classes)})"


def _number(count: int, what: str) -> str:
    many = what if what.endswith("series") else f"{what}s" if not what.startswith("time series of") else what
    return f"{count:,} {what if count == 1 else many}"


def _key(source: MaskSource) -> tuple[str, str, str]:
    return source.by, source.model.weights or source.model.name, repr(sorted(source.settings.items()))


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "(not installed here)"
