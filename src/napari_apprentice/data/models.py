"""The header of a model file, readable without torch.

A model is one safetensors file: tensors, and in its metadata one JSON document, `ModelHeader`. Reading it
executes no code. The tensors are read by `engine/checkpoint`.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import FailFast, Field, ValidationError, model_validator
from pydantic_core import from_json
from safetensors import SafetensorError, safe_open

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.representations import (
    NUMBER,
    USUAL,
    Meaning,
    Representation,
    elsewhere,
    representation,
)
from napari_apprentice.errors import UserError
from napari_apprentice.settings import ClassName, DecodeSettings, FiniteSettings, ModelKind, NormalizeSettings

METADATA_KEY = "napari-apprentice"
_MOST_NAMED = 6  # channels in a sentence
_PREFIX = 8  # bytes that say how long the header is
_LARGEST_HEADER = 4_000_000  # bytes; that of the largest bundled model has 12,416
_FORMAT = 3  # a network made elsewhere; 2: a model with what Live learned; all others are of format 1
_ONLY_ELSEWHERE: Any = {
    "elsewhere": True,
    "net": {"reach"},
    "normalize": {"by", "together", "scale", "offset", "clip", "mends"},
}
_LEARNED_FORM = 1
_MOST_CLASSES = 255
_MOST_CHANNELS = 4096
_LARGEST_ZOOM = 1000.0
_LARGEST_DIAMETER = 1e6  # network pixels
_LARGEST_EDGE = 1 << 16  # voxels of what a network takes at once
_Step = Annotated[float, Field(gt=0)]
_Size = Annotated[int, Field(ge=1, le=_LARGEST_EDGE)]
_Steps = Annotated[int, Field(ge=0, le=_LARGEST_EDGE)]
_CUT_SHORT = ("incomplete metadata", "invalid header length")  # safetensors' words for bytes that are missing


class LearnedLive(FiniteSettings):
    """What *Live* learned, and the model proposes, in place of what its network says: see `engine/learned`.

    ``values`` are the classes told apart, 0 being background; of objects 0 and 1. The first ``colours`` channels of an
    image are seen by filters; with ``from_gray`` the network sees the luminance of all three. ``kind``,
    ``representation`` and ``decode`` are those of the network by itself.
    """

    form: Annotated[int, Field(ge=1, le=_LEARNED_FORM)] = _LEARNED_FORM
    values: Annotated[
        tuple[Annotated[int, Field(ge=0, le=_MOST_CLASSES)], ...],
        Field(min_length=2, max_length=_MOST_CLASSES + 1),
        FailFast(),
    ]
    colours: Annotated[int, Field(ge=1, le=4)] = 1
    from_gray: bool = False
    kind: ModelKind
    representation: str
    decode: DecodeSettings

    @model_validator(mode="after")
    def _is_ascending(self) -> Self:
        if list(self.values) != sorted(set(self.values)):
            raise ValueError("classes are not in ascending order")
        return self


class MadeElsewhere(FiniteSettings):
    """A network that was made elsewhere: its ONNX graph lies in the model file, and is run as it is.

    ``input`` and ``output`` are their names in the graph, ``axes`` and ``output_axes`` theirs (b, c, z, y, x in any
    order). An axis (z, y, x) is ``smallest`` long, or that and any number of ``steps`` more (0: never); the graph gives
    ``lost`` fewer. ``activation`` is still to be done to its channels. ``takes`` says of each channel of ours which of
    theirs it is, and whether 1 minus it; -1 is the mean of those of ``offsets`` of one step. ``offsets`` are those of
    affinities.
    """

    input: str
    output: str
    axes: Annotated[str, Field(pattern=r"^[bczyx]{3,5}$")]
    output_axes: Annotated[str, Field(pattern=r"^[bczyx]{3,5}$")]
    channels: Annotated[int, Field(ge=1, le=_MOST_CHANNELS)]
    smallest: tuple[_Size, _Size, _Size]
    steps: tuple[_Steps, _Steps, _Steps]
    lost: tuple[_Steps, _Steps, _Steps] = (0, 0, 0)
    activation: Literal["none", "sigmoid", "softmax"] = "none"
    takes: Annotated[tuple[tuple[int, bool], ...], Field(min_length=1, max_length=_MOST_CHANNELS), FailFast()]
    offsets: Annotated[tuple[tuple[int, int, int], ...], Field(max_length=_MOST_CHANNELS), FailFast()] = ()


class ModelHeader(FiniteSettings):
    """What a model is, where it comes from and how well it does.

    ``representation`` names how it says what is where (`data/representations`); files from before it was written down
    have the usual one of their ``kind``.
    ``zoom`` is network pixels per image pixel (y and x) for an image of ``spacing``; ``spacing`` (z, y, x) in
    ``unit`` is None when the model was taught on images without a physical pixel size.
    ``object_diameter`` is the typical diameter in network pixels. A model that ``measures`` learned objects of this
    size only: how large those of an image are is measured before it begins. ``channels`` are the names of the image
    channels that it was taught on, in their order; () where they had none.
    It ``learned_from_all``, or a model that it was taught from did: of corrections of images that it was ``trained_on``
    none are left that are surely new to it, so that they flatter it, and cannot judge what goes on from it.
    With ``live`` the model proposes what *Live* learned: ``kind``, ``classes``, ``representation`` and ``decode`` are
    of that, ``net`` is the network below it. Of a network that was made ``elsewhere`` the parts are not known, and it
    cannot be taught.
    """

    format: Annotated[int, Field(ge=1, le=_FORMAT)] = 1
    id: str
    name: str
    kind: ModelKind = "instances"
    representation: str = ""
    classes: Annotated[tuple[ClassName, ...], Field(max_length=_MOST_CLASSES), FailFast()] = ()
    net: NetSettings
    normalize: NormalizeSettings = NormalizeSettings()
    decode: DecodeSettings = DecodeSettings()
    live: LearnedLive | None = None
    elsewhere: MadeElsewhere | None = None
    image_channels: Annotated[int, Field(ge=1)] = 1
    channels: Annotated[tuple[str, ...], Field(max_length=_MOST_CHANNELS), FailFast()] = ()
    zoom: Annotated[float, Field(ge=1 / _LARGEST_ZOOM, le=_LARGEST_ZOOM)] = 1.0
    spacing: tuple[_Step, _Step, _Step] | None = None
    unit: str = "pixel"
    object_diameter: Annotated[float, Field(gt=0, le=_LARGEST_DIAMETER)] | None = None
    measures: bool = False
    parent: str | None = None
    trained_on: Annotated[tuple[str, ...], FailFast()] = ()
    learned_from_all: bool = False
    scores: dict[str, float] = {}
    licence: str = ""
    created: str = ""
    notes: str = ""

    @model_validator(mode="before")
    @classmethod
    def _is_of_before(cls, told: Any) -> Any:
        if not isinstance(told, dict) or told.get("representation"):
            return told
        kind = told.get("kind", "instances")
        return {**told, "representation": USUAL.get(kind, kind)}

    @model_validator(mode="after")
    def _has_what_elsewhere_needs(self) -> Self:
        there, takes = self.elsewhere is not None, () if self.elsewhere is None else self.elsewhere.takes
        if there != (self.net.decoder == "elsewhere") or (there and (len(takes) != self.net.out_channels or self.live)):
            raise ValueError("what is told of a network made elsewhere does not fit the model")
        return self

    @model_validator(mode="after")
    def _has_what_live_needs(self) -> Self:
        if self.live is None:
            return self
        objects, colours = self.kind == "instances", self.live.colours
        fits = (
            self.kind in ("instances", "classes"),
            self.kind not in USUAL or self.representation == USUAL[self.kind],
            self.net.dims == 2,
            not objects or (self.live.values == (0, 1) and self.object_diameter is not None),
            self.image_channels == colours == 3 if self.live.from_gray else self.image_channels >= colours,
        )
        if not all(fits):
            raise ValueError("what Live learned does not fit the model")
        return self


def representation_of(header: ModelHeader) -> Representation:
    """How a model says what is where. Raises `UserError` where that is not known here, or cannot be."""
    outputs = outputs_of(header)
    of = header.elsewhere
    known = None if of is None else elsewhere(header.representation, header.net.dims, of.offsets)
    known = known or representation(header.representation, header.net.dims, outputs)
    if known.kind != header.kind or len(known.channels) > outputs:
        raise UserError(
            f"The model {header.name} cannot say {header.kind} by {header.representation} with "
            f"{outputs} outputs: choose another model."
        )
    return known


def outputs_of(header: ModelHeader) -> int:
    """How many channels a prediction of the model has."""
    if header.live is None:
        return header.net.out_channels
    return 2 if header.kind == "instances" else 1 + header.live.values[-1]


def without_live(header: ModelHeader) -> ModelHeader:
    """The header of a model's network by itself, without what *Live* learned."""
    live = header.live
    if live is None:
        return header
    by_itself = {name: getattr(live, name) for name in ("kind", "representation", "decode")}
    channels = 1 if live.from_gray else header.image_channels
    return header.model_copy(update={**by_itself, "format": 1, "live": None, "image_channels": channels})


def meanings_of(header: ModelHeader) -> tuple[Meaning, ...]:
    """What each output of a model's network means, before which it has yet to be made of it."""
    if header.elsewhere is not None or header.kind in ("values", "prompts"):
        return (NUMBER,) * header.net.out_channels
    return representation_of(header).meanings


def header_of(metadata: dict[str, str], path: str | Path) -> ModelHeader:
    """The header inside a safetensors file's metadata; `UserError` when there is none of ours."""
    if METADATA_KEY not in metadata:
        raise UserError(f"{path} is a safetensors file but not a napari-apprentice model: choose another model.")
    try:
        return ModelHeader.model_validate_json(metadata[METADATA_KEY])
    except ValidationError as error:
        if _is_newer(metadata[METADATA_KEY]):
            why = f"The model {path} was made by a newer version of napari-apprentice: update it to use this model."
            raise UserError(why) from error
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UserError(
            f"The model {path} has a header this version cannot read ({where}: {first['msg']}): "
            "update napari-apprentice or choose another model."
        ) from error


def _is_newer(header: str) -> bool:
    try:
        told = from_json(header)
    except ValueError:
        return False
    form = told.get("format") if isinstance(told, dict) else None
    return isinstance(form, int) and form > _FORMAT


def read_header(path: str | Path) -> ModelHeader:
    """Read a model's header without torch; `UserError` for a missing, truncated or foreign file, or what is no file.

    How long it claims to be is looked at first: what safetensors itself allows, a crafted file fills for seconds and a
    gigabyte.
    """
    path = Path(path)
    damaged = f"{path} is not a model file or is damaged: choose a .safetensors file made by apprentice."
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would keep us waiting
            raise UserError(damaged)
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_PREFIX), "little")
            size = file.seek(0, os.SEEK_END)
        if length > _LARGEST_HEADER:
            raise UserError(damaged)
        with safe_open(str(path), framework="np") as opened:
            metadata = opened.metadata() or {}
    except SafetensorError as error:
        if any(words in str(error) for words in _CUT_SHORT):
            raise UserError(f"The model file {path} is cut short ({size} bytes): copy it again.") from error
        raise UserError(damaged) from error
    except OSError as error:
        why = error.strerror or error
        raise UserError(f"The model file {path} cannot be read ({why}): check the path.") from error
    return header_of(metadata, path)


def header_text(header: ModelHeader) -> str:
    """As a file has it: what only networks made elsewhere have is left out of others, which older versions read."""
    return header.model_dump_json(exclude=None if header.elsewhere is not None else _ONLY_ELSEWHERE)


def why_not_known(header: ModelHeader | None, what: str) -> str:
    """One sentence when something needs the parts of a network, and it was made elsewhere; ``what`` cannot be done."""
    if header is None or header.elsewhere is None:
        return ""
    why = f"{header.name} was made elsewhere and is run as it is, so that {what}"
    return f"{why}: choose another model, or a fresh network."


def why_not_masks(header: ModelHeader) -> str:
    """One sentence when a model gives images back instead of proposing masks, or proposes them in a way not known."""
    if header.kind == "prompts":
        return f"{header.name} finds the one object that is clicked, not all of them: choose another model."
    if header.kind != "values":
        try:
            return representation_of(header).why_not()
        except UserError as error:
            return str(error)
    return (
        f"{header.name} is an auto-encoder, which repeats images and proposes no masks: "
        "start a fresh network with it as the encoder, or choose another model."
    )


def why_not_fits(
    header: ModelHeader, shape: tuple[int, ...], *, title: str = "", image: str = "", channels: tuple[str, ...] = ()
) -> str:
    """One sentence when a model cannot propose masks for pixels (T, C, Z, Y, X); "" when it can.

    A 2D model looks at a volume slice by slice; a 3D model needs a volume.

    Parameters
    ----------
    title, image
        What the model and the image are called in the sentence; "": as the header says, and "this image".
    channels
        Names of the image's channels, where they are known.
    """
    if problem := why_not_masks(header):
        return problem
    title, image, there = title or f"The model {header.name}", image or "this image", shape[1]
    if there != header.image_channels:
        return (
            f"{title} takes {_counted(header.image_channels, header.channels)} and {image} has "
            f"{_counted(there, channels)}: {_which_channels(header, there)}."
        )
    if header.net.dims == 3 and shape[2] == 1:
        return f"{title} is a 3D model and {image} is 2D: choose a 2D model."
    return ""


def _which_channels(header: ModelHeader, there: int) -> str:
    """What to do about an image with another number of channels (``there``) than the model takes."""
    if there < header.image_channels:
        return "choose another model"
    if header.image_channels == 1:
        return "choose which channel to use, or another model"
    return f"choose {header.image_channels} channels in the order of the model, or another model"


def _counted(count: int, names: tuple[str, ...]) -> str:
    """How many, and what they are called when that is known and short."""
    words = "one channel" if count == 1 else f"{count} channels"
    return f"{words} ({', '.join(names)})" if len(names) == count <= _MOST_NAMED and all(names) else words
