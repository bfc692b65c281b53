"""How likely each proposed place of each image is wrong, by its doubt and by what was answered in this session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_apprentice.data.labels.chances import TRAITS, Chances, Traits, traits_of
from napari_apprentice.data.labels.doubts import DOUBTFUL, Doubts
from napari_apprentice.session.answers import OPEN, WRONG, Answers, Verdict
from napari_apprentice.session.project_image import ProjectImage

_LAST = 20  # answers by which the expectation is corrected, and that are told of
_EVEN = 1.0  # so many wrong ones that were expected and found besides, so that few answers say little
_SOON = 10  # places that come next
_HARDLY = 0.5  # of them wrong: so few are not worth looking for


@dataclass(frozen=True)
class Outlook:
    """How much is likely still wrong: about ``wrong`` of ``left`` places, and ``soon`` of the ten that come next.

    Of the last ``answered`` ones ``found`` were wrong.
    """

    wrong: float
    left: int
    soon: float
    found: int
    answered: int

    @property
    def may_stop(self) -> bool:
        """Whether going on is hardly worth it."""
        return self.soon < _HARDLY

    @property
    def words(self) -> str:
        """Such as "about 4 of 120 left may be wrong · 1 of the last 20 was"; "" when none are left."""
        if not self.left:
            return ""
        about = f"about {self.wrong:.0f} of {self.left:,} left may be wrong"
        if self.may_stop:
            return f"{about}: you may stop here"
        if not self.answered:
            return about
        return f"{about} · {self.found} of the last {self.answered} {'was' if self.found == 1 else 'were'}"


class LikelyWrong:
    """The places of each image with how likely they are wrong in place of their doubt, which every answer changes."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._chances = Chances()
        self._learned = answers.version
        self._expected: dict[Verdict, float] = {}  # how likely each answered place was wrong, when it was answered
        self._traits: dict[str, tuple[Doubts, Traits]] = {}  # by image, of a proposal
        self._every: dict[str, tuple[Doubts, Doubts]] = {}  # the same places as found, and by all answers so far
        self._ordered: dict[str, tuple[Doubts, Doubts]] = {}  # all places, and the doubtful ones in order

    def all_in(self, entry: ProjectImage) -> Doubts:
        """All objects that were proposed for an image, and gaps; none where nothing is known."""
        kept = entry.doubts
        if kept is None:
            return Doubts.none()
        self._learn()
        known = self._every.get(entry.id)
        if known is None or known[0] is not kept.doubts:
            chances = self._chances.of(self._traits_of(entry.id, kept.doubts, entry.shape))
            known = self._every[entry.id] = (kept.doubts, replace(kept.doubts, values=chances))
        return known[1]

    def doubtful_in(self, entry: ProjectImage) -> Doubts:
        """Those that deserve a look, in the order they are shown: answers make the list longer, not shorter."""
        every = self.all_in(entry)
        if not len(every):
            return every
        known = self._ordered.get(entry.id)
        if known is None or known[0] is not every:
            doubtful = every.only(np.maximum(self._every[entry.id][0].values, every.values) >= DOUBTFUL)
            known = (every, doubtful.only(doubtful.order(entry.folder.image.spacing)))
            self._ordered[entry.id] = known
        return known[1]

    def outlook(self, entries: Iterable[ProjectImage]) -> Outlook:
        """What is left in these images; where labels are not read, all that was proposed counts as left.

        As many more or fewer are expected as the last answers had than they were expected to have.
        """
        self._learn()
        chances = [np.zeros(0)]
        for entry in entries:
            every = self.all_in(entry)
            chances.append(every.values[entry.still_open(every)] if entry.is_read else every.values)
        left = np.concatenate(chances)
        last = self._answers.order[-_LAST:]
        found = sum(self._answers.is_wrong(one) for one in last)
        off = (found + _EVEN) / (sum(self._expected[one] for one in last) + _EVEN)
        soon = np.minimum(off * np.sort(left)[-_SOON:], 1)
        return Outlook(min(off * float(left.sum()), len(left)), len(left), float(soon.sum()), found, len(last))

    def clear(self) -> None:
        """Forget the images."""
        for known in (self._expected, self._traits, self._every, self._ordered):
            known.clear()

    def _traits_of(self, name: str, doubts: Doubts, shape: Sequence[int]) -> Traits:
        known = self._traits.get(name)
        if known is None or known[0] is not doubts:
            known = self._traits[name] = (doubts, traits_of(doubts, shape))
        return known[1]

    def _learn(self) -> None:
        """Take in what was answered meanwhile."""
        if self._learned == self._answers.version:
            return
        self._learned = self._answers.version
        now, before = self._answers, self._expected
        self._expected = {one: before[one] for one in now.order if one in before}
        traits, wrong = [np.zeros((0, TRAITS))], [np.zeros(0, bool)]
        for name, told in now.told.items():
            answered = told.said != OPEN
            traits.append(self._traits_of(name, told.doubts, told.shape)[answered])
            for row, chance in zip(np.flatnonzero(answered).tolist(), self._chances.of(traits[-1]), strict=True):
                if (name, row) not in before:
                    self._expected[name, row] = float(chance)
            wrong.append(told.said[answered] == WRONG)
        self._chances.learn(np.concatenate(traits), np.concatenate(wrong))
        self._every.clear()
