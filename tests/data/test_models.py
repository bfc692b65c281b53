"""What a header says of how its model says what is where, also one from before that was written down."""

from __future__ import annotations

import json

import pytest

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import (
    METADATA_KEY,
    ModelHeader,
    header_of,
    meanings_of,
    representation_of,
    why_not_masks,
)
from napari_apprentice.errors import UserError


def header(**fields: object) -> ModelHeader:
    return ModelHeader(**{"id": "a", "name": "Cells", "net": NetSettings(), **fields})


@pytest.mark.parametrize(
    ("kind", "outputs", "name", "meanings"),
    [
        ("instances", 2, "log-distance", ("probability", "number")),
        ("classes", 3, "classes", ("class",) * 3),
        ("classes", 1, "classes", ("probability",)),
        ("values", 4, "values", ("number",) * 4),
    ],
)
def test_a_header_from_before_has_what_was_usual(kind: str, outputs: int, name: str, meanings: tuple[str, ...]) -> None:
    told = json.loads(header(kind=kind, net=NetSettings(out_channels=outputs)).model_dump_json())
    del told["representation"]
    found = header_of({METADATA_KEY: json.dumps(told)}, "a.safetensors")
    assert found.representation == name
    assert meanings_of(found) == meanings


def test_a_header_is_read_as_it_was_written() -> None:
    wrote = header(representation="affinities", net=NetSettings(dims=3, pools=((1, 2, 2),) * 4, out_channels=12))
    found = header_of({METADATA_KEY: wrote.model_dump_json()}, "a.safetensors")
    assert found == wrote
    assert len(representation_of(found).channels) == 12
    assert why_not_masks(found) == ""


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"representation": "tea-leaves"}, "no representation 'tea-leaves'"),
        ({"representation": "affinities"}, "with 2 outputs"),
        ({"representation": "classes"}, "cannot say instances by classes"),
    ],
)
def test_what_a_model_cannot_mean_is_one_sentence(fields: dict[str, str], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        representation_of(header(**fields))
    assert sentence in why_not_masks(header(**fields))


def test_a_model_that_needs_what_is_not_installed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_apprentice.data.representations.affinities.mutex_watershed", None)
    model = header(representation="affinities", net=NetSettings(out_channels=9))
    assert "bioimage-cpp" in why_not_masks(model)
    assert why_not_masks(header()) == ""
