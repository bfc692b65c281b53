from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from apprentice_lab.trust.fair_clock import FairClock

pytestmark = pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="only Linux says how long one waits")
BUSY = "import os, sys\nos.sched_setaffinity(0, {int(sys.argv[1])})\nos.nice(int(sys.argv[2]))\nwhile True: pass"


def passed(clock: FairClock, seconds: float) -> float:
    """What passes for it in so many seconds."""
    begun = time.time()
    while time.time() < begun + seconds:
        time.sleep(0.05)
        clock.look()
    return clock.between(begun, begun + seconds)


def test_who_waits_for_a_processor_has_less_time_and_who_sleeps_has_all() -> None:
    core = str(min(os.sched_getaffinity(0)))
    with (
        subprocess.Popen([sys.executable, "-c", BUSY, core, "19"]) as patient,
        subprocess.Popen([sys.executable, "-c", BUSY, core, "0"]) as other,
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as asleep,
    ):
        try:
            time.sleep(1)
            assert passed(FairClock(patient.pid), 1) < 0.5
            assert passed(FairClock(asleep.pid), 1) > 0.9
        finally:
            for process in (patient, other, asleep):
                process.kill()
