"""Every command in the documentation runs, or says why it is not run here (`tests/documented.py`)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.documented import Reader, blocks_of

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
RUN = [page for page in PAGES if any(not block.not_run for block in blocks_of(page))]
LONG = ("nuclei-in-fluorescence", "cells-of-your-own-kind", "a-volume-from-three-slices", "tissue-classes")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT).with_suffix(""))


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "page",
    [pytest.param(page, id=name_of(page), marks=pytest.mark.slow if page.stem in LONG else ()) for page in RUN],
)
def test_what_a_page_says_can_be_done(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Reader(tmp_path).follow(page)
