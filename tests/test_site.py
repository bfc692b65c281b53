"""What the site says must be there: public names, and places that pages outside of it point at."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import napari_apprentice

ROOT = Path(__file__).parents[1]
OUTSIDE = ("README.md", "CONTRIBUTING.md")  # what lies in docs is checked when the site is built


@pytest.mark.parametrize("name", napari_apprentice.__all__)
def test_every_public_name_is_explained(name: str) -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs/api").glob("*.md"))
    assert re.search(rf"^\.\. auto\w+:: {name}(\(\))?$", pages, re.MULTILINE)


@pytest.mark.parametrize("page", OUTSIDE)
def test_headings_that_are_pointed_at_from_outside_are_there(page: str) -> None:
    for target, heading in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", (ROOT / page).read_text(encoding="utf-8")):
        assert heading in headings(ROOT / (target or page)), f"{page} points at {target}#{heading}"


def headings(page: Path) -> set[str]:
    """The names by which headings are linked to, as GitHub and the site make them."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in found}
