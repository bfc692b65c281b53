"""Every trial there is, in the order they run."""

from __future__ import annotations

from apprentice_lab.trust import fuzz, kill, power, soak
from apprentice_lab.trust.trial import Trial

TRIALS: tuple[Trial, ...] = (kill.TRIAL, kill.WINDOW_TRIAL, soak.TRIAL, power.TRIAL, fuzz.TRIAL)
