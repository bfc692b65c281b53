"""What can be asked of a network, and of labels. A verb is a file of its own, with an entry in `Verbs`.

It says what it misses (``why_not``), makes its job, takes the result in unless it is stale, and says what goes when
the job broke off. The kind of job (`jobs`) says where it runs; the engine has an entry for it in `engine.plans`.
"""

from napari_apprentice.session.parts import SessionParts
from napari_apprentice.session.verbs.click import Click
from napari_apprentice.session.verbs.compare import Compare
from napari_apprentice.session.verbs.describe import Describe
from napari_apprentice.session.verbs.evaluate import Evaluate
from napari_apprentice.session.verbs.export import Export
from napari_apprentice.session.verbs.keep_live import KeepLive
from napari_apprentice.session.verbs.live import Live
from napari_apprentice.session.verbs.look_inside import LookInside
from napari_apprentice.session.verbs.map_objects import MapObjects
from napari_apprentice.session.verbs.segment import Segment
from napari_apprentice.session.verbs.segment_all import SegmentAll
from napari_apprentice.session.verbs.suggest import Suggest
from napari_apprentice.session.verbs.teach import Teach
from napari_apprentice.session.verbs.teach_clicks import TeachClicks
from napari_apprentice.session.verbs.travel import Travel
from napari_apprentice.session.verbs.try_models import TryModels
from napari_apprentice.session.verbs.versions import Versions


class Verbs:
    """The verbs of a session."""

    def __init__(self, parts: SessionParts) -> None:
        self.segment = Segment(parts)
        self.segment_all = SegmentAll(parts, self.segment)
        self.compare = Compare(parts)
        self.versions = Versions(parts, self.segment, self.compare)
        self.try_models = TryModels(parts)
        self.teach = Teach(parts, self.versions)
        self.click = Click(parts)
        self.teach_clicks = TeachClicks(parts)
        self.suggest = Suggest(parts)
        self.keep_live = KeepLive(parts)
        self.live = Live(parts, self.segment, self.keep_live)
        self.look_inside = LookInside(parts)
        self.evaluate = Evaluate(parts)
        self.describe = Describe(parts)
        self.map_objects = MapObjects(parts, self.describe)
        self.export = Export(parts)
        self.travel = Travel(parts)
