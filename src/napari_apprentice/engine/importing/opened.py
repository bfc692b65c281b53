"""A package from a stranger, opened in memory: nothing is unpacked, unpickled or run, and sizes are looked at."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path, PurePosixPath

from napari_apprentice.errors import UserError

_MOST_FILES = 10_000
_LARGEST = 4_000_000_000  # bytes of weights
_LARGEST_TEXT = 4_000_000
_DESCRIPTIONS = ("rdf.yaml", "bioimageio.yaml", "model.yaml")


class Package:
    """A zip with a description."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with zipfile.ZipFile(path) as archive:
                entries = archive.infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise UserError(f"{path} cannot be opened as a package (zip): get it again.") from error
        if len(entries) > _MOST_FILES:
            raise UserError(f"{path} holds {len(entries)} files, more than any model: choose another package.")
        self._sizes = {entry.filename: entry.file_size for entry in entries}
        found = [name for name in self._sizes if _is_description(name)]
        if not found:
            raise UserError(f"{path} has no description (rdf.yaml): choose a package of bioimage.io, or an ONNX file.")
        self._description = min(found, key=len)

    @property
    def description(self) -> bytes:
        """The text that describes the model."""
        return self._bytes(self._description, _LARGEST_TEXT)

    def read(self, source: str, sha256: str = "") -> bytes:
        """A file of the package, by its name in the description; `UserError` when it is not there or another one."""
        if "://" in source:
            raise UserError(
                f"{self.path.name} does not hold its weights but says where they lie: download the whole model."
            )
        name = str(PurePosixPath(self._description).parent / source)
        content = self._bytes(name, _LARGEST)
        if sha256 and hashlib.sha256(content).hexdigest() != sha256.lower():
            raise UserError(
                f"{source} in {self.path.name} is not the file that its description names: get the package again."
            )
        return content

    def has(self, source: str) -> bool:
        """Whether a file is there."""
        return str(PurePosixPath(self._description).parent / source) in self._sizes

    def _bytes(self, name: str, most: int) -> bytes:
        if name not in self._sizes:
            raise UserError(f"{self.path.name} names {name}, which is not in it: get the package again.")
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(name) as file:
                content = file.read(most + 1)
        except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError) as error:
            raise UserError(f"{name} in {self.path.name} is damaged: get the package again.") from error
        if len(content) > most:
            raise UserError(f"{name} in {self.path.name} is larger than {most // 1_000_000} MB: it is not opened.")
        return content


def _is_description(name: str) -> bool:
    plain = name.rsplit("/", 1)[-1]
    return name.count("/") < 2 and (plain in _DESCRIPTIONS or plain.endswith((".rdf.yaml", ".bioimageio.yaml")))
