"""Two versions of a model on what no correction touched: the rest of the image, and other images of the set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apprentice_lab.sets import Picture
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND
from napari_apprentice.data.labels.gains import Tally, gain_of, objects_tally
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session

Labels = NDArray[np.uint32]
_AP_50 = (0.5,)
_SCORE = (0.5, 0.6, 0.7, 0.8)  # what Teach goes by


@dataclass
class Judge:
    """Compares new versions with the one model that is taught, which looks at every image once."""

    runners: InlineRunners
    beside: Sequence[Picture]
    _before: dict[str, Tally] = field(default_factory=dict, init=False)
    _seen: dict[str, Labels] = field(default_factory=dict, init=False)

    def found_before(self, model: str, image: Picture) -> Labels:
        """What the model that is taught finds in an image."""
        if image.name not in self._seen:
            self._seen = {image.name: self.found(model, image.read()[0])}
        return self._seen[image.name]

    def found(self, model: str, volume: Volume) -> Labels:
        """What a model finds in an image (T, Z, Y, X) of which nothing is confirmed."""
        with Session.temporary(self.runners) as session:
            entry = session.add_image(volume)
            session.choose_model(model)
            session.segment()
            session.run_until_idle()
            return np.array(entry.labels)

    def compared(self, image: Picture, rest: NDArray[np.uint8], before: Labels, old: str, new: str) -> dict[str, Any]:
        """AP .50 and the score of Teach on the ``rest`` of the image; the gain of AP .50 there and on the others.

        ``before`` is what the ``old`` model found in the image; the ends are those of the 90 % interval over objects.
        """
        volume, truth = image.read()
        after = self.found(new, volume)
        here = tallies = [objects_tally(truth, found, rest, _AP_50, sections=False) for found in (before, after)]
        for other in self.beside:
            if other.name not in self._before:
                self._before[other.name] = self._tally(old, other)
            tallies = [tallies[0] + self._before[other.name], tallies[1] + self._tally(new, other)]
        gain = gain_of(*tallies)
        scores = [objects_tally(truth, found, rest, _SCORE, sections=False).score for found in (before, after)]
        return {
            "ap_before": here[0].score,
            "ap_after": here[1].score,
            "fine_before": scores[0],
            "fine_after": scores[1],
            "judged_on": len(tallies[0].every) - 1 - len(self.beside),  # a row of each image lies on no object
            "gain": gain.value,
            "gain_low": gain.low,
            "gain_high": gain.high,
        }

    def _tally(self, model: str, image: Picture) -> Tally:
        volume, truth = image.read()
        everywhere = np.where(truth > 0, AS_LABELLED, BACKGROUND).astype(np.uint8)
        return objects_tally(truth, self.found(model, volume), everywhere, _AP_50, sections=False)
