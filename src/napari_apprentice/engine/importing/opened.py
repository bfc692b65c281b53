"""A package from a stranger, opened in memory: nothing is unpacked, unpickled or run, and sizes are looked at."""

from __future__ import annotations

import hashlib
import lzma
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from napari_apprentice.data.travel.described import is_description
from napari_apprentice.errors import UserError

_MOST_FILES = 10_000
_LARGEST = 2_000_000_000  # bytes of weights, as many as ONNX has in one file
_LARGEST_TEXT = 1_000_000
_SURELY_FINE = 100_000_000  # bytes, however much they were packed
_MOST_PACKED = 100  # times; weights are hardly packed at all
_DAMAGED = (
    zipfile.BadZipFile,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    zlib.error,
    lzma.LZMAError,
)


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
        self._entries = {entry.filename: entry for entry in entries}
        found = [name for name in self._entries if is_description(name)]
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
        return str(PurePosixPath(self._description).parent / source) in self._entries

    def _bytes(self, name: str, most: int) -> bytes:
        if name not in self._entries:
            raise UserError(f"{self.path.name} names {name}, which is not in it: get the package again.")
        size, packed = self._entries[name].file_size, self._entries[name].compress_size
        if size > most:
            raise UserError(f"{name} in {self.path.name} is larger than {most // 1_000_000} MB: it is not opened.")
        if size > max(_SURELY_FINE, _MOST_PACKED * packed):
            raise UserError(f"{name} in {self.path.name} is packed as no weights are: it is not opened.")
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(name) as file:
                return file.read(size)  # a zip gives no more than it says
        except _DAMAGED as error:
            raise UserError(f"{name} in {self.path.name} is damaged: get the package again.") from error
