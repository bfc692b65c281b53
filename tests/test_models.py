"""Every model that is given away: its size, its card, and what it may have learned from."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_apprentice.data.models import read_header
from napari_apprentice.session.catalog import bundled_files

CARDS = Path(__file__).parents[1] / "docs" / "models"
FILES = dict(bundled_files().values())
NEVER = ("hippocampus", "ct_multiorgan", "ecoli", "bbbc007")


def test_all_together_are_small() -> None:
    assert {"nuclei-2d", "nuclei-3d", "cells-2d", "cells-3d", "membranes-2d", "membranes-3d"} <= set(FILES)
    assert sum(path.stat().st_size for path in FILES.values()) <= 25e6


@pytest.mark.parametrize("name", FILES)
def test_a_model_is_small_says_what_it_learned_and_has_a_card(name: str) -> None:
    header = read_header(FILES[name])
    assert header.net.parameters <= 3_500_000
    assert header.licence
    assert header.trained_on
    assert not any(forbidden in one for one in header.trained_on for forbidden in NEVER)
    card = (CARDS / f"{name}.md").read_text()
    assert f"apprentice train {name}" in card
    for part in ("## Training data", "## Scores", "## Good and bad cases", "## What it does not do well"):
        assert part in card
    assert "](../images/" in card
