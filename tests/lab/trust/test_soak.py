"""A long day in short."""

from __future__ import annotations

import os

import pytest
from tests.lab.trust.test_kill import outcome

from apprentice_lab.trust import soak
from apprentice_lab.trust.soak import TRIAL
from apprentice_lab.trust.soak_work import Edited, Sample
from apprentice_lab.trust.trial import Extent

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs fork")


def test_a_short_day_keeps_no_memory_and_no_handles(tmp_path):
    found = outcome(TRIAL, tmp_path, Extent(share=0.01))
    assert (found.tried, found.numbers["teachings"]) == (100, 1)
    assert [failure for failure in found.failures if "slower" not in failure] == []  # too few edits to tell
    assert (tmp_path / "soak.png").stat().st_size > 10_000


def test_growth_and_slower_edits_are_failures():
    def sample(edits: int, memory_mb: float, handles: int) -> Sample:
        return Sample(edits, 0, memory_mb, edits / 1000, handles, 5, 1, 1.0)

    samples = [sample(100, 20.0, 9), sample(200, 50.0, 9), sample(1000, 90.0, 11)]
    took = [Edited(0.002, 0.001)] * 500 + [Edited(0.002, 0.0013)] * 500
    failures = soak._failures(samples, soak._measured(samples, took))
    assert failures == [
        "edits became slower: the 95th percentile went from 1.00 to 1.30 ms",
        "memory grew by 39 MB beside what can be undone",
        "handles went from 9 to 11",
    ]
