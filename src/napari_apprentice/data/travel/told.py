"""What another program has to know to use a network as it is used here: told once, in whatever format it travels."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from napari_apprentice import __version__
from napari_apprentice.data.models import ModelHeader, representation_of
from napari_apprentice.data.storage.side_files import refuse_others
from napari_apprentice.settings import ClassName, DecodeSettings, FiniteSettings, NormalizeSettings, Triple

KEY = "napari-apprentice"  # in the metadata of an ONNX file, and in the config of a package
INPUT, OUTPUT = "image", "maps"
OWN = "model.safetensors"  # our own file in a package: what comes back from there is this model
_TOLD_BESIDE = (".onnx", ".pt")
CEILING = 4.0  # linear values are not above it (`engine.normalize`)

_HOW: dict[str, str] = {
    "log-distance": "Voxels whose foreground is at least decode.foreground (and whose log-distance is at least "
    "decode.edge) are inside objects. Each basin of log-distance around a peak that rises above the pass to the next "
    "peak by decode.prominence is an object. Objects of fewer than decode.min_size voxels, or with a mean foreground "
    "below decode.confidence, are dropped.",
    "affinities": "Voxels whose foreground is at least decode.foreground are inside objects. The mutex watershed parts "
    "them: pairs of neighbours attract by their affinity times 2 * (1 - decode.split), pairs further apart repel by "
    "(1 - affinity) times 2 * decode.split. Objects of fewer than decode.min_size voxels, or with a mean foreground "
    "below decode.confidence, are dropped.",
    "classes": "The most probable channel of each voxel is its class, and the first channel is none of them; where "
    "there is one channel only, it is that class from a probability of 0.5.",
    "values": "The maps are the image as the network repeats it: linear values, then their logarithms.",
}


class OutputTold(FiniteSettings):
    """A channel of ``maps``. ``meaning`` is "probability", "class" (they add up to 1) or "number"."""

    name: str
    meaning: str


class TilingTold(FiniteSettings):
    """Sizes (z, y, x) of what the network is given at once.

    It takes every ``multiple``, or only ``size``. Tiles of ``block`` that overlap by ``halo`` to each side and are
    blended say what is said here; beyond ``reach`` of a border of the tile nothing depends on where it lies.
    """

    multiple: Triple
    size: Triple | None
    block: Triple
    halo: Triple
    reach: Triple


class ResolutionTold(FiniteSettings):
    """How large pixels are that the network sees (z, y, x), and objects in such pixels, where that is known.

    ``zoom``: it sees so many pixels for one of an image with ``image_spacing``, or of any where that is not known.
    """

    spacing: tuple[float, float, float] | None
    image_spacing: tuple[float, float, float] | None
    zoom: float
    unit: str
    object_diameter: float | None
    measures: bool
    words: str


class Told(FiniteSettings):
    """Everything beside the network itself.

    ``axes`` are those of input and output: b(atch), c(hannel), z, y, x. ``normalize`` says how intensities become
    the input, in words and in numbers. ``decode`` are the numbers that ``labels`` tells of.
    """

    format: Literal[1] = 1
    made_by: str
    name: str
    id: str
    kind: str
    weights: str
    licence: str
    parent: str | None
    axes: str
    channels: int
    channel_names: tuple[str, ...]
    normalize: NormalizeSettings
    input: str
    outputs: tuple[OutputTold, ...]
    representation: str
    labels: str
    decode: DecodeSettings
    classes: tuple[ClassName, ...]
    tiling: TilingTold
    resolution: ResolutionTold

    def text(self) -> str:
        """As a file beside the network has it."""
        return self.model_dump_json(indent=2)


def told_beside(path: Path) -> Path:
    """Where it lies beside a file that holds the network."""
    return path.with_suffix(".json")


def refuse_told_of_others(path: Path, weights: str) -> None:
    """`UserError` where what would be told beside ``path`` is there already, and of something else.

    That of an export before, of whatever model, is written anew with its network; where it also tells of a network that
    stays, such as an ONNX file beside a new TorchScript, it has to be of the same ``weights``.
    """
    others = [one for suffix in _TOLD_BESIDE if (one := path.with_suffix(suffix)) != path and one.exists()]

    def is_ours(side: Path) -> bool:
        told = Told.model_validate_json(side.read_text(encoding="utf-8"))
        return told.weights == weights or not others

    refuse_others(told_beside(path), path, is_ours)


def told_of(header: ModelHeader, weights: str, *, block: Triple, halo: Triple) -> Told:
    """What is to be told of a model; ``weights`` is their SHA-256, ``block`` and ``halo`` how they are tiled here."""
    net = header.net
    return Told(
        made_by=f"napari-apprentice {__version__}",
        name=header.name,
        id=header.id,
        kind=header.kind,
        weights=weights,
        licence=header.licence,
        parent=header.parent,
        axes="bcyx" if net.dims == 2 else "bczyx",
        channels=header.image_channels,
        channel_names=header.channels,
        normalize=header.normalize,
        input=_input_words(header.normalize),
        outputs=_outputs(header),
        representation=header.representation,
        labels=_HOW.get(header.representation, ""),
        decode=header.decode,
        classes=header.classes,
        tiling=TilingTold(
            multiple=net.multiple,
            size=net.size,
            block=block,
            halo=halo,
            reach=net.receptive_radius,
        ),
        resolution=_resolution(header),
    )


def _outputs(header: ModelHeader) -> tuple[OutputTold, ...]:
    if header.kind == "values":
        return tuple(OutputTold(name=f"value {i}", meaning="number") for i in range(header.net.out_channels))
    channels = representation_of(header).channels
    names = {one.value: one.name for one in header.classes}
    return tuple(OutputTold(name=names.get(_class_of(one.name), one.name), meaning=one.meaning) for one in channels)


def _class_of(channel: str) -> int:
    word, _, number = channel.partition(" ")
    return int(number) if word == "class" and number.isdigit() else 0


def _input_words(of: NormalizeSettings) -> str:
    words = (
        f"Of each channel of the whole image (never of a tile), the percentile {of.low:g} becomes 0 and the percentile "
        f"{of.high:g} becomes 1, linearly: (v - low) / (high - low). NaN and infinity become 0. The network itself "
        f"takes hot pixels out, clips to 0 to {CEILING:g}"
    )
    words += " and adds the logarithm of each channel." if of.gain > 0 else "."
    if of.noise > 0:
        words += (
            f" napari-apprentice smooths images whose noise has a standard deviation of more than {of.noise:g} of that "
            "range before; the network does not."
        )
    return words


def _resolution(header: ModelHeader) -> ResolutionTold:
    spacing, words = None, "The network sees the image at its own resolution."
    if header.spacing is not None:
        z, y, x = header.spacing
        spacing = (z, y / header.zoom, x / header.zoom)
        words = f"Bring the image to pixels of {spacing[2]:.4g} {header.unit} in the plane first."
    if header.measures and header.object_diameter is not None:
        words = (
            f"The network knows objects of about {header.object_diameter:g} pixels: bring the image to that size "
            "first. napari-apprentice measures how large they are."
        )
    elif header.spacing is None and header.zoom != 1:
        words = f"Bring the image to {header.zoom:g} times its resolution in the plane first."
    return ResolutionTold(
        spacing=spacing,
        image_spacing=header.spacing,
        zoom=header.zoom,
        unit=header.unit,
        object_diameter=header.object_diameter,
        measures=header.measures,
        words=words,
    )
