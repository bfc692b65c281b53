"""docs/networks.md says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from napari_apprentice.architecture import PRESETS, preset

PAGE = Path(__file__).parents[1] / "docs" / "networks.md"


@pytest.mark.parametrize("name", PRESETS)
def test_the_table_has_every_network_with_its_numbers(name: str) -> None:
    row = next(line for line in PAGE.read_text().splitlines() if line.startswith(f"| `{name}` |"))
    _, _, paper, words, parameters, sees, multiple, _ = (part.strip() for part in row.split("|"))
    known = PRESETS[name]
    net = preset(name, dims=known.dims[0])
    assert (paper, words) == (known.paper, known.words)
    assert int(parameters.replace(",", "")) == net.parameters
    assert (int(sees), int(multiple)) == (2 * net.receptive_radius[2] + 1, net.multiple[2])


def test_the_network_composed_on_the_page_can_be_composed() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    composed = next(block for block in blocks if "NetSettings(" in block)
    scope: dict[str, object] = {}
    exec(composed, scope)
    exec(next(block for block in blocks if "build(settings)" in block), scope)
    assert tuple(scope["logits"].shape) == (1, 2, 8, 32, 32)
    assert "gate 2" in scope["maps"]
