"""What goes wrong with a file, at once or when it is read later, is one sentence; libraries are quiet meanwhile."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from napari_apprentice.data.image.lazy import LazyArray
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.storage import disk
from napari_apprentice.errors import Cancelled, UserError

log = logging.getLogger(__name__)


def guarded(volume: Volume, path: Path) -> Volume:
    """The image of a file, of which what is read later is read `in_one_sentence`."""
    reading = partial(in_one_sentence, path)
    return volume.through(lambda pixels: pixels.read_in(reading) if isinstance(pixels, LazyArray) else pixels)


@contextmanager
def in_one_sentence(path: Path) -> Iterator[None]:
    """Whatever goes wrong with a file becomes a `UserError` that names it."""
    try:
        with quietly():
            yield
    except UserError as error:
        if path.name in str(error):
            raise
        raise UserError(f"{path}: {error}") from error
    except Cancelled:
        raise
    except MemoryError as error:
        raise UserError(f"{path} does not fit into memory: close other programs and try again.") from error
    except PermissionError as error:
        raise UserError(f"{path} may not be read ({error.strerror}): change its permissions.") from error
    except Exception as error:  # decoders of damaged files raise anything from TypeError to struct.error
        if isinstance(error, FileNotFoundError) and not path.exists():
            raise UserError(f"{path} went away while it was read: put it back and try again.") from error
        if isinstance(error, OSError) and disk.gives_nothing(error):
            raise disk.unreadable(error, str(path)) from error
        raise UserError(f"{path} is damaged or not an image ({_short(error)}): get the file again.") from error


@contextmanager
def quietly() -> Iterator[None]:
    """Libraries that read a file do not write to the terminal what they make of it, nor does napari show it.

    Where somebody listens to logging, they hear it as before, and warnings as of this module.
    """
    silent = logging.NullHandler()
    logging.getLogger().addHandler(silent)  # else what nobody listens to is printed
    try:
        if threading.current_thread() is not threading.main_thread():  # filters of warnings are those of all threads
            yield
            return
        with warnings.catch_warnings(record=True) as caught:
            yield
        for one in caught:
            log.warning("%s: %s", one.category.__name__, one.message)
    finally:
        logging.getLogger().removeHandler(silent)


def _short(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 120 else text[:117] + "..."
