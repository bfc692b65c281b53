from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import tried

from apprentice_lab.trust.apart import Apart


def test_what_is_tried_apart_gives_its_failures_and_a_new_process_follows_one_that_ended() -> None:
    with Apart(30) as apart:
        assert apart(tried.well) == []
        assert apart(tried.badly, "lost") == ["lost"]
        (traceback,) = apart(tried.raising)
        assert "ZeroDivisionError: by nothing" in traceback
        assert apart(tried.printing) == ["on stderr: a library's line"]
        (beside,) = apart(tried.raising_beside)
        assert "a thread raised ZeroDivisionError" in beside
        assert apart(tried.dying) == ["the process died (exit code 7)"]
        assert apart(tried.well) == []


@pytest.mark.slow
def test_what_hangs_is_a_failure() -> None:
    with Apart(10) as apart:
        assert apart(tried.hanging) == ["no answer within 10 s"]
        assert apart(tried.well) == []
