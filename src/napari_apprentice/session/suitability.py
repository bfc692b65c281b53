"""What each model is for, and how well it suits an image: which comes first in a list, and why others come last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from napari_apprentice.data.image.light import Light, light_of
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.image.zoom import pixel_micrometers
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.project.versions import Version
from napari_apprentice.session.catalog import FRESH, Catalog, ModelChoice, why_not_in_project, why_unlikely
from napari_apprentice.settings import Kind


@dataclass(frozen=True)
class Purpose:
    """What a model is for: in words, how images were ``lit`` that it learned from, or that electrons made them."""

    words: str
    lit: tuple[Light, ...] = ()
    electrons: bool = False


BUNDLED: Mapping[str, Purpose] = {
    "nuclei-2d": Purpose("nuclei: fluorescence, stained sections", ("dark", "colour")),
    "nuclei-3d": Purpose("nuclei: fluorescence stacks", ("dark",)),
    "cells-2d": Purpose("whole cells: phase contrast", ("even",)),
    "cells-3d": Purpose("whole cells: stacks with bright walls", ("dark",)),
    "membranes-2d": Purpose("membranes: electron microscopy", electrons=True),
    "membranes-3d": Purpose("membranes: stacks, electron microscopy", electrons=True),
}
_FINEST = 0.015  # um: smaller pixels are of electron microscopy
_LIT: Mapping[Light, str] = {
    "dark": "bright objects on dark ground",
    "even": "grey ground, as in phase contrast",
    "colour": "stained tissue in colour",
}


@dataclass(frozen=True)
class Suited:
    """A model beside the current image.

    ``purpose`` is what it is for, in a few words. ``why_not`` is a sentence when it cannot work on the image, and
    ``why_unlikely`` one when it can, but learned from images of another sort: such a model is never chosen by itself.
    ``why_doubtful`` is one when the image only looks to be of another sort, by its grey values.
    """

    choice: ModelChoice
    purpose: str
    why_not: str = ""
    why_unlikely: str = ""
    why_doubtful: str = ""

    @property
    def fits(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reason

    @property
    def may_be_chosen(self) -> bool:
        """Whether it may be used unasked."""
        return not self.why_not and not self.why_unlikely

    @property
    def reason(self) -> str:
        """What speaks against it."""
        return self.why_not or self.why_unlikely or self.why_doubtful


def bundled_for(volume: Volume) -> list[Suited]:
    """The bundled models beside an image that is in no project, of objects and of classes, the likely best first."""
    found, light = [], light_of(volume)
    for choice in Catalog().all(None, ModelChoice(FRESH, FRESH))[:-1]:
        header = choice.header
        if header is not None:
            kind: Kind = "classes" if header.kind == "classes" else "instances"
            why_not = why_not_in_project(choice, volume, kind, header.classes)
            told = (why_not, "" if why_not else why_unlikely(choice, volume, ()), why_doubtful(choice, volume, light))
            found.append(Suited(choice, purpose_of(choice), *told))
    return in_order(found, used="", versions=(), is_3d=volume.is_3d)


def why_doubtful(choice: ModelChoice, volume: Volume, light: Light | None) -> str:
    """One sentence when an image was made or lit in another way than those that a bundled model learned from."""
    known = BUNDLED.get(choice.key)
    if known is None or known.electrons:
        return ""
    pixel = pixel_micrometers(volume.spacing, volume.unit)
    if pixel is not None and pixel < _FINEST:
        return (
            f"{choice.title} learned from light microscopy; pixels of {1000 * pixel:.3g} nm are of electron microscopy."
        )
    if light is None or light in known.lit:
        return ""
    learned = " or ".join(_LIT[one] for one in known.lit)
    return f"{choice.title} learned from {learned}; this image has {_LIT[light]}."


def purpose_of(choice: ModelChoice, version: Version | None = None) -> str:
    """What a model is for, in at most 40 letters where we name it: a bundled one, a ``version`` taught here, a file."""
    if choice.is_fresh:
        return "knows nothing yet: you teach it"
    if version is not None:
        parent = version.parent if version.parent in BUNDLED else ""
        return f"taught here, from {parent}" if parent else "taught here"
    if choice.key in BUNDLED:
        return BUNDLED[choice.key].words
    return "" if choice.header is None else _of_file(choice.header)


def in_order(
    suited: Sequence[Suited],
    *,
    used: str,
    versions: Sequence[Version],
    is_3d: bool,
) -> list[Suited]:
    """The likely best first; those that do not fit come last, and those that cannot work on the image after them.

    What was taught here comes before what came with the program, but for versions that were put away or turned out
    worse; of volumes a model of volumes sees more than one of slices; then one that learned from images that were lit
    like this one. ``used`` is the key of the model in use: of versions it is the first.
    """
    ages = {version.id: age for age, version in enumerate(reversed(versions))}
    good = {one.id for one in versions if one.id == used or not (one.is_put_away or one.better is False)}

    def place(one: Suited) -> tuple[bool, bool, int, int, bool, bool]:
        choice, header = one.choice, one.choice.header
        group = 3 if choice.is_fresh else 0 if choice.key in good else 2 if choice.key in ages else 1
        age = -1 if choice.key == used else ages.get(choice.key, 0)
        flat = is_3d and header is not None and header.net.dims == 2
        against = bool(one.why_not), bool(one.why_unlikely)
        return *against, group, age if group != 1 else 0, flat, bool(one.why_doubtful)

    return sorted(suited, key=place)


def _of_file(header: ModelHeader) -> str:
    """What a file says of itself: that it finds objects, or which classes."""
    if header.kind == "classes":
        return ", ".join(one.name for one in header.classes)
    return "a file"
