"""The one object that both faces drive: no Qt, no torch, no threads.

`Session` is built in layers, one file each: `state` (project, images, signals), `models` (which network),
`editing` (corrections and undo), `work` (jobs under way), `results` (what comes back), `jobs` (segment, teach, click),
`looking` (inside the network).
"""

from napari_apprentice.session.catalog import FRESH, ModelChoice
from napari_apprentice.session.entry import Entry
from napari_apprentice.session.looking import InsideMap
from napari_apprentice.session.session import Session

__all__ = ["FRESH", "Entry", "InsideMap", "ModelChoice", "Session"]
