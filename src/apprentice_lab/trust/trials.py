"""Every trial there is, in the order they run."""

from __future__ import annotations

from apprentice_lab.trust import damage, disk, memory
from apprentice_lab.trust.trial import Trial

TRIALS: tuple[Trial, ...] = (damage.TRIAL, disk.TRIAL, memory.TRIAL)
