"""Every trial there is, in the order they run."""

from __future__ import annotations

from apprentice_lab.trust import damage, disk, fuzz, kill, memory, power, soak
from apprentice_lab.trust.trial import Trial
from apprentice_lab.trust.window.trial import TRIAL as WINDOW

TRIALS: tuple[Trial, ...] = (
    kill.TRIAL,
    kill.WINDOW_TRIAL,
    WINDOW,
    damage.TRIAL,
    disk.TRIAL,
    memory.TRIAL,
    soak.TRIAL,
    power.TRIAL,
    fuzz.TRIAL,
)
