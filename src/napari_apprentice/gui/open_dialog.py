"""Dialogs for files, among them *Open with Apprentice*: for any suffix, whichever plugin that belongs to."""

from __future__ import annotations

from pathlib import Path

from napari.layers import Layer
from napari.utils.notifications import show_warning
from napari.viewer import Viewer
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_apprentice.errors import UserError
from napari_apprentice.gui.opening import open_paths

_FILES = "Open with Apprentice"
_FOLDER = "Open an OME-Zarr or a folder of DICOM with Apprentice"

_MASKS = "Masks for this image"
_KINDS_OF_MASKS = "Masks: images, Fiji ROIs, GeoJSON (*);;Fiji ROIs (*.zip *.roi);;GeoJSON of QuPath (*.geojson)"


def open_files(viewer: Viewer) -> None:
    """The command of the menu for files."""
    _or_warn(viewer, ask_files(None))


def open_folder(viewer: Viewer) -> None:
    """The command of the menu for images that are folders."""
    _or_warn(viewer, ask_folder(None))


def ask_files(parent: QWidget | None) -> list[str]:
    """Paths that the user chooses; [] when they think better of it."""
    paths, _ = QFileDialog.getOpenFileNames(parent, _FILES)
    return list(paths)


def ask_folder(parent: QWidget | None) -> list[str]:
    """A folder that the user chooses; [] when they think better of it."""
    path = QFileDialog.getExistingDirectory(parent, _FOLDER)
    return [path] if path else []


def ask_masks(parent: QWidget | None) -> str:
    """A file of masks that the user chooses; "" when they think better of it."""
    path, _ = QFileDialog.getOpenFileName(parent, _MASKS, "", _KINDS_OF_MASKS)
    return str(path)


def refuse_unasked(target: str, chosen: str) -> None:
    """`UserError` for a file that is there, where the dialog for saving asked about another name."""
    if target != chosen and Path(target).exists():
        raise UserError(f"{target} is there already: choose another name.")


def _or_warn(viewer: Viewer, paths: list[str]) -> list[Layer]:
    try:
        return open_paths(viewer, paths)
    except UserError as error:
        show_warning(str(error))
        return []
