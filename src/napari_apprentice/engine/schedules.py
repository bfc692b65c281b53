"""How the learning rate goes over a training: up within a warm-up, then down."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

from napari_apprentice.settings import ScheduleName


class Schedule(Protocol):
    """A learning rate for every moment."""

    def rate(self, used: float) -> float:
        """Learning rate when the share `used` (0 to 1) of the time, or of the steps, is gone."""

    def observe(self, loss: float) -> None:
        """A validation came to `loss`."""


@dataclass(frozen=True)
class Cosine:
    """Linear warm-up, then half a cosine to (almost) 0 (Loshchilov and Hutter, ICLR 2017)."""

    peak: float
    warmup: float = 0.06
    last: float = 0.02

    def rate(self, used: float) -> float:
        """Learning rate when the share `used` is gone."""
        if used < self.warmup:
            return _warming(self.peak, used / self.warmup)
        done = min(1.0, (used - self.warmup) / (1 - self.warmup))
        return self.peak * (self.last + (1 - self.last) * 0.5 * (1 + math.cos(math.pi * done)))

    def observe(self, loss: float) -> None:
        """Validations change nothing."""


@dataclass
class Lowest:
    """The lowest loss so far; only one lower by the share ``least`` is progress, else noise would be."""

    least: float = 0.01
    loss: float = math.inf

    def beaten_by(self, loss: float) -> bool:
        """Whether `loss` is progress, and then the one to beat; NaN never is."""
        if not loss < self.loss * (1 - self.least):
            return False
        self.loss = loss
        return True


@dataclass
class Plateau:
    """Linear warm-up, then a rate times ``factor`` after every ``wait`` validations in a row without progress."""

    peak: float
    wait: int = 2
    warmup: float = 0.06
    factor: float = 0.5
    _lowest: Lowest = field(default_factory=Lowest)
    _stale: int = 0
    _now: float = 1.0

    def rate(self, used: float) -> float:
        """Learning rate when the share `used` is gone."""
        return _warming(self.peak, used / self.warmup) if used < self.warmup else self.peak * self._now

    def observe(self, loss: float) -> None:
        """Count validations that were no better."""
        self._stale = 0 if self._lowest.beaten_by(loss) else self._stale + 1
        if self._stale == self.wait:
            self._now, self._stale = self._now * self.factor, 0


def schedule_for(name: ScheduleName, peak: float) -> Schedule:
    """The schedule that settings name."""
    return Cosine(peak) if name == "cosine" else Plateau(peak)


def _warming(peak: float, share: float) -> float:
    return peak * max(0.02, share)
