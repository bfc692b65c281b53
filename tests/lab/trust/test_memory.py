from __future__ import annotations

from pathlib import Path

from apprentice_lab.trust.apart import Apart
from apprentice_lab.trust.memory import Way, attempt
from apprentice_lab.trust.sentences import is_said_well


def test_memory_that_runs_out_ends_well_or_with_a_sentence(tmp_path: Path) -> None:
    ways = [Way("segment", "raise", when) for when in (0.1, 0.5, 0.9)] + [Way("teach", "raise", 0.5)]
    with Apart(100) as apart:
        assert apart(attempt, tmp_path, ways, False) == []


def test_an_engine_that_speaks_nonsense_or_is_killed_is_one_sentence(tmp_path: Path) -> None:
    # killed early: a job that is done is not interrupted
    ways = [Way("segment", "a list", 0.5), Way("segment", "killed", 0.1)]
    with Apart(100) as apart:
        assert apart(attempt, tmp_path, ways, True) == []


def test_a_sentence_is_known_from_a_traceback() -> None:
    assert is_said_well("The disk is full: free some space there.")
    assert not is_said_well("Traceback (most recent call last):\n  File")
    assert not is_said_well("KeyError: 'number'")
    assert not is_said_well("Something went wrong in the program (KeyError): please report it with the details.")
