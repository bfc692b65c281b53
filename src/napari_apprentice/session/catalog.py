"""Which networks can be chosen, and which of them fit an image. No torch: a header says it all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from napari_apprentice.architecture import PRESETS, FreshSettings
from napari_apprentice.data.image.channels import fits
from napari_apprentice.data.image.units import micrometers
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.models import ModelHeader, read_header, why_not_fits, why_not_masks
from napari_apprentice.data.travel.described import is_description
from napari_apprentice.errors import UserError
from napari_apprentice.project.versions import Lineage
from napari_apprentice.settings import ClassName, Kind

FRESH = "fresh"
FOREIGN = (".zip", ".onnx")
_MOSTLY = "nuclei"
ASKED = "click-2d"  # finds the one object that is clicked
_IN_COLOUR = ("nuclei-2d",)  # bundled models that learned from images in colour too, as luminance
_OTHER = "choose another model, or a fresh network and teach it"
_COARSER = 4.0  # times as large as those that a model learned from, and pixels do not show what it looks for


@dataclass(frozen=True)
class ModelChoice:
    """One line in the list of models. ``key`` is a bundled name, a version id, a path or ``"fresh"``."""

    key: str
    title: str
    header: ModelHeader | None = None
    file: Path | None = None

    @property
    def is_fresh(self) -> bool:
        """Whether this is a network that knows nothing yet."""
        return self.key == FRESH


class Catalog:
    """Reads headers once per state of a file."""

    def __init__(self) -> None:
        self._headers: dict[tuple[Path, int, int], ModelHeader] = {}

    def all(self, lineage: Lineage | None, fresh: ModelChoice) -> list[ModelChoice]:
        """Bundled models, this project's versions (newest first), files added, and a ``fresh`` network.

        Those that are asked for single objects are no choice: a click uses them by itself.
        """
        choices = [one for one in self._readable(bundled_files()) if not is_asked(one)]
        if lineage is not None:
            versions = reversed(lineage.versions)
            choices += self._readable({v.id: (v.title, lineage.file(v.id)) for v in versions})
            choices += self._readable({path: (Path(path).stem, Path(path)) for path in lineage.added})
        return [*choices, fresh]

    def find(self, key: str, lineage: Lineage | None) -> ModelChoice:
        """The choice with this key; a path to any model file is a key. `UserError` says what there is instead."""
        bundled = bundled_files()
        if key in bundled:
            title, path = bundled[key]
            return ModelChoice(key, title, self.header(path), path)
        version = None if lineage is None else lineage.get(key)
        if lineage is not None and version is not None:
            return ModelChoice(key, version.title, self.header(lineage.file(key)), lineage.file(key))
        path = Path(key)
        if not path.is_file():
            names = ", ".join([*bundled, *([v.id for v in lineage.versions] if lineage else []), FRESH])
            raise UserError(f"There is no model {key}: choose one of {names}, or a .safetensors file.")
        if path.suffix.lower() in FOREIGN:
            raise UserError(foreign(path))
        path = path.absolute()
        return ModelChoice(str(path), path.stem, self.header(path), path)

    def header(self, path: Path) -> ModelHeader:
        """A model file's header."""
        try:
            state = path.stat()
        except (OSError, ValueError) as error:  # a NUL in its name
            raise UserError(f"The model file {path} is missing: restore it or choose another model.") from error
        at = (path, state.st_mtime_ns, state.st_size)
        if at not in self._headers:
            self._headers[at] = read_header(path)
        return self._headers[at]

    def _readable(self, files: dict[str, tuple[str, Path]]) -> Iterator[ModelChoice]:
        for key, (title, path) in files.items():
            try:
                yield ModelChoice(key, title, self.header(path), path)
            except UserError:
                continue  # choosing it by name says what is wrong with it


def foreign(path: Path) -> str:
    """One sentence on a file that holds a model of another program."""
    return f"{path.name} is a model of another program: make it one of this with apprentice import."


def holds_foreign(path: Path) -> bool:
    """Whether a file is a model of another program: ONNX, or a package of bioimage.io."""
    if path.suffix.lower() != ".zip":
        return path.suffix.lower() in FOREIGN
    try:
        with ZipFile(path) as archive:
            return any(is_description(name) for name in archive.namelist())
    except (OSError, ValueError, BadZipFile):
        return False


def is_asked(choice: ModelChoice) -> bool:
    """Whether a model is asked for single objects."""
    return choice.header is not None and choice.header.kind == "prompts"


def bundled_files() -> dict[str, tuple[str, Path]]:
    """The models inside the package: key to title and file; the one that most images need comes first."""
    folder = Path(str(resources.files("napari_apprentice") / "bundled"))
    found = sorted(folder.glob("*.safetensors"), key=lambda path: (not path.stem.startswith(_MOSTLY), path.stem))
    return {path.stem: (path.stem, path) for path in found}


def fresh(settings: FreshSettings, *, three_d: bool) -> ModelChoice:
    """A network that knows nothing yet, of the image's dimensionality."""
    if settings.own is not None:
        return ModelChoice(FRESH, f"fresh network of your own ({settings.own.dims}D)")
    chosen = PRESETS[settings.network]
    dims = "" if len(chosen.dims) == 1 else " (3D)" if three_d else " (2D)"
    return ModelChoice(FRESH, f"fresh {chosen.title}{dims}")


def why_not_in_project(choice: ModelChoice, volume: Volume, kind: Kind, classes: tuple[ClassName, ...]) -> str:
    """One sentence when a model cannot propose masks for an image of this project; "" when it can.

    To `data.models.why_not_fits` are added what the project holds, and that RGB becomes luminance for one channel.
    """
    header = choice.header
    if header is None:
        return ""
    if is_asked(choice):
        return why_not_masks(header)
    if header.kind not in (kind, "values"):
        return (
            f"{choice.title} proposes {header.kind} but this project holds {kind}: "
            f"choose a model for {kind} or a fresh network."
        )
    t, channels, *plane = volume.pixels.shape
    seen = header.image_channels if fits(volume, header.image_channels) else channels
    misfit = why_not_fits(header, (t, seen, *plane), title=choice.title, image=volume.name, channels=volume.channels)
    if misfit:
        return misfit
    if kind == "classes" and {c.value for c in header.classes} != {c.value for c in classes}:
        known = ", ".join(c.name for c in header.classes)
        return f"{choice.title} knows other classes ({known}) than this project: choose a fresh network."
    return ""


def why_unlikely(choice: ModelChoice, volume: Volume, classes: tuple[ClassName, ...]) -> str:
    """One sentence when a model can work on an image, but learned from images of another sort; "" when it did not.

    Such a model is used only when a person chooses it.
    """
    header = choice.header
    if header is None:
        return ""
    if choice.key in bundled_files() and choice.key not in _IN_COLOUR and volume.metadata.get("rgb"):
        return f"{choice.title} learned from grey images and {volume.name} is in colour: {_OTHER}."
    known, here = _pixel(header.spacing, header.unit), _pixel(volume.spacing, volume.unit)
    if known is not None and here is not None and here > _COARSER * known:
        return (
            f"{choice.title} learned from pixels of {_length(known)} and those of {volume.name} are {_length(here)}: "
            f"{_OTHER}."
        )
    names = {one.value: one.name.casefold() for one in classes}
    differ = header.kind == "classes" and any(names.get(c.value) != c.name.casefold() for c in header.classes)
    if differ and not (are_unnamed(classes) and known is not None and here is not None):
        taught = ", ".join(one.name for one in header.classes)
        return f"{choice.title} proposes {taught}: choose another model or a fresh network where that is not meant."
    return ""


def are_unnamed(classes: tuple[ClassName, ...]) -> bool:
    """Whether nobody has given classes a name yet: they are called "class 1" and so on."""
    return all(one.name == f"class {one.value}" for one in classes)


def _pixel(spacing: tuple[float, float, float] | None, unit: str) -> float | None:
    """How wide a pixel is in micrometers; None where that is not known."""
    factor = micrometers(unit)
    return None if spacing is None or factor is None else spacing[2] * factor


def _length(in_um: float) -> str:
    return f"{in_um:.3g} um" if in_um >= 0.1 else f"{1000 * in_um:.3g} nm"
