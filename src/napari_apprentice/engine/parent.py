"""The model that is taught, as it was before: how good it is on what it never learned from, and what it is sure of."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence

from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.representations import Representation
from napari_apprentice.engine import judging, replay
from napari_apprentice.engine.evaluator import Evaluator, Precision
from napari_apprentice.engine.first_look import FirstLook
from napari_apprentice.engine.guard import Guard
from napari_apprentice.engine.judging import EvaluationCase
from napari_apprentice.engine.windows import TrainingWindow
from napari_apprentice.events import Event
from napari_apprentice.settings import DecodeSettings

_FEWEST_NEW = 4  # objects that a parent never learned from; with fewer its earlier score says more
_AS_OBJECTS = 5
AFTER, BEFORE = "set-aside corrections", "parent, on corrections new to it"  # scores that a header keeps


class Parent:
    """What the old model knew, which teaches too as far as it does well (`replay`), and must not be lost (`guard`)."""

    def __init__(
        self,
        header: ModelHeader | None,
        representation: Representation,
        evaluator: Evaluator,
        seen: FirstLook | None = None,
    ) -> None:
        self._header = header
        self._seen = seen
        self._representation = representation
        self._evaluator = evaluator
        self.known = Precision(0, 0.0, 0.0)
        self.guard = Guard(representation)

    def look(
        self,
        lessons: Sequence[Sequence[TrainingWindow]],
        new: Sequence[EvaluationCase],
        decode: DecodeSettings,
        *,
        replays: bool,
        guards: bool,
        is_late: Callable[[], bool],
    ) -> Generator[Event, None, list[list[TrainingWindow]]]:
        """Look at the windows before anything is learned, until it gets late; the windows that teach.

        All ``lessons`` are of the same windows, and ``new`` are cases that it never learned from.
        """
        found = yield from self._evaluator.precision(new, decode)
        self.known = self._weighed(self._known(found, {window.name for window in lessons[0]}))
        trust = replay.trust_in(self.known.score) if replays else 0.0
        looked = [list(windows) for windows in lessons]
        for i, window in enumerate(lessons[0] if trust > 0 or guards else ()):
            if is_late():
                break
            predicted = yield from self._evaluator.predict_cases(
                [judging.whole_window(window)], "Looking at what the model knew"
            )
            if guards:
                self.guard.remember(window, predicted.predictions[0], decode)
            for windows in looked if trust > 0 else ():
                windows[i] = replay.with_parent(windows[i], predicted.predictions[0], self._representation, trust)
        return looked

    def compare(self, decode: DecodeSettings) -> Iterator[Event]:
        """Look at what it was sure of again, after the network has learned."""
        for place, (window, _) in enumerate(self.guard.known):
            predicted = yield from self._evaluator.predict_cases(
                [judging.whole_window(window)], "Looking at what the old model was sure of"
            )
            self.guard.compare(place, predicted.predictions[0], decode)

    @property
    def right_elsewhere(self) -> float:
        """What share of its objects is right where nobody corrected.

        Of images that it knows at least what it expects: who mends only what is wrong says nothing of the rest.
        """
        if self._seen is None or not self._seen.knows:
            return self.known.right
        return max(self.known.right, self._seen.expected)

    def _known(self, found: Precision | None, images: set[str]) -> Precision:
        """How good it is on corrections new to it; where there are too few, what it was when it learned the images.

        That was measured on several objects, so it counts as much as what it expects of the images itself (`_weighed`).
        Of other images it says nothing.
        """
        if found is not None and found.objects >= _FEWEST_NEW:
            return found
        told, known = ({}, ()) if self._header is None else (self._header.scores, self._header.trained_on)
        score = told.get(AFTER, told.get(BEFORE))
        if score is not None and (self._seen is None or images.intersection(known)):
            return Precision(_AS_OBJECTS, score, score)
        return found if found is not None and found.objects else Precision(0, 0.0, 0.0)

    def _weighed(self, found: Precision) -> Precision:
        """With what it expects itself, which counts as so many objects: corrections are often of mistakes alone."""
        if self._seen is None:
            return found
        share = found.objects / (found.objects + _AS_OBJECTS)
        score, right = (share * one + (1 - share) * self._seen.expected for one in (found.score, found.right))
        return Precision(found.objects, score, right)
