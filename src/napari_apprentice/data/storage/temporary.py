"""Folders for files on their way, which go with the process that made them, however it ends."""

from __future__ import annotations

import tempfile
import weakref
from pathlib import Path

from napari_apprentice.data.storage import claims, disk
from napari_apprentice.data.storage.claims import Claim
from napari_apprentice.errors import UserError


class TemporaryFolder:
    """A new folder among the system's temporary files (``TMPDIR``); `UserError` when there is no room for one.

    It is removed by `close`, else when Python ends, else at the next start after the process died.
    """

    def __init__(self) -> None:
        try:
            self.path = Path(tempfile.mkdtemp(prefix=disk.TEMPORARY))
        except OSError as error:
            if tempfile.tempdir is None:
                why = "No folder for temporary files can be written to: set TMPDIR to one that can and start again."
                raise UserError(why) from error
            raise disk.refusal(error, Path(tempfile.tempdir) / "folder") from error
        self._remove = weakref.finalize(self, _removed, self.path, Claim(self.path))

    def close(self) -> None:
        """Remove it; more than once does no harm."""
        self._remove()


def _removed(path: Path, claim: Claim) -> None:
    claims.remove_all(path)
    if not path.exists():  # Windows keeps what is mapped: then it goes at the next start
        claim.release()
