"""What a header says of how its model says what is where, also one from before that was written down."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import (
    METADATA_KEY,
    ModelHeader,
    header_of,
    meanings_of,
    read_header,
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


def crafted(path: Path, header: bytes, claimed: int | None = None) -> Path:
    path.write_bytes((len(header) if claimed is None else claimed).to_bytes(8, "little") + header)
    return path


@pytest.mark.parametrize(
    ("content", "claimed"),
    [
        (b'{"__metadata__":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001, None),
        (b"[" * 3_000_000, None),
        (b'{"a":' + b" " * 5_000_000 + b"1}", None),
        (b'{"a":1}', 10**15),
        (b"[]", None),
        (b'{"__metadata__":{"napari-apprentice":5}}', None),
        (b"", 5),
    ],
    ids=["deep metadata", "deep", "long", "longer than the file", "a list", "a number", "nothing"],
)
def test_a_crafted_file_is_one_sentence_at_once(tmp_path: Path, content: bytes, claimed: int | None) -> None:
    path = crafted(tmp_path / "a.safetensors", content, claimed)
    began = time.monotonic()
    with pytest.raises(UserError, match=r"is not a model file or is damaged|is cut short"):
        read_header(path)
    assert time.monotonic() - began < 1


def test_a_file_without_metadata_is_of_another_program(tmp_path: Path) -> None:
    for told in (b'{"__metadata__":null}', b"{}"):
        with pytest.raises(UserError, match="not a napari-apprentice model"):
            read_header(crafted(tmp_path / "a.safetensors", told))


@pytest.mark.parametrize(
    ("net", "sentence"),
    [
        ({"convolutions": 10**9}, r"cannot read \(net\.convolutions"),
        ({"convolutions": [10**9] * 5}, "less than or equal to 64"),
        ({"pools": [[1, 1, 1]] * 20_000, "widths": [1] * 20_001}, "at most 16"),
        ({"pools": [[1, 10**9, 10**9]], "widths": [1, 1]}, "at most 4096"),
        ({"pools": [[1, 0, 0]], "widths": [1, 1]}, "greater than or equal to 1"),
        ({"bottleneck": "dilated", "dilations": [1] * 100_000}, "at most 64"),
    ],
)
def test_a_network_that_nobody_could_build_is_one_sentence_at_once(net: dict[str, object], sentence: str) -> None:
    told = json.dumps({"id": "a", "name": "Huge", "net": net})
    began = time.monotonic()
    with pytest.raises(UserError, match=sentence):
        header_of({METADATA_KEY: told}, "a.safetensors")
    assert time.monotonic() - began < 1


def test_the_largest_network_that_a_header_may_name_is_added_up_at_once() -> None:
    began = time.monotonic()
    largest = NetSettings(widths=(8,) * 16, pools=((1, 1, 1),) * 15, convolutions=64, block="dense", skip="nested")
    assert largest.parameters > 1_000_000
    assert time.monotonic() - began < 1
