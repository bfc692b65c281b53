"""Every trial there is, in the order they run."""

from __future__ import annotations

from apprentice_lab.trust.trial import Trial
from apprentice_lab.trust.window.trial import TRIAL as WINDOW

TRIALS: tuple[Trial, ...] = (WINDOW,)
