"""The one object that both faces drive: no Qt, no torch, no threads.

`Session` is made of parts that are handed to each other: `choices` (the project and what is chosen in it), `images`
(what is open), `regions` (the open part of a large image), `models` (which network), `edits` (corrections and undo),
`compute` (where jobs run), `queue` (jobs under way), `saving` (what the disk makes of it) and `verbs` (segment, teach,
click, ...: one file each).
"""

from napari_apprentice.session.catalog import FRESH, ModelChoice
from napari_apprentice.session.options import SessionOptions
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.session import Session
from napari_apprentice.session.suitability import Suited
from napari_apprentice.session.tried import Trial
from napari_apprentice.session.verbs.compare import Comparison
from napari_apprentice.session.verbs.evaluate import ModelEvaluation
from napari_apprentice.session.verbs.look_inside import InsideMap
from napari_apprentice.session.verbs.map_objects import ObjectMap

__all__ = [
    "FRESH",
    "Comparison",
    "InsideMap",
    "ModelChoice",
    "ModelEvaluation",
    "ObjectMap",
    "ProjectImage",
    "Session",
    "SessionOptions",
    "Suited",
    "Trial",
]
