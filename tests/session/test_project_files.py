"""Every file of a project in the place of which lies something else, and records in which anything may stand."""

from __future__ import annotations

import json
import os
import resource
import shutil
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from tests.session.test_broken_models import model

from napari_apprentice.data.files import read_image
from napari_apprentice.errors import UserError
from napari_apprentice.project.versions import Version
from napari_apprentice.runners import InlineRunners
from napari_apprentice.session import Session, SessionOptions

LARGEST_S = 1.0  # of computing, whatever else this machine does
LARGEST_BYTES = 1_000_000_000


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A project with all that projects have: a small image with a snapshot, one that is open by region, a version."""
    folder = tmp_path_factory.mktemp("whole")
    random = np.random.default_rng(0)
    tifffile.imwrite(folder / "small.tif", random.integers(0, 250, (64, 64)).astype(np.uint8))
    tifffile.imwrite(folder / "large.tif", random.integers(0, 250, (1200, 1100)).astype(np.uint8))
    with Session.create(folder / "p", InlineRunners()) as session:
        entry = session.add_image(read_image(folder / "small.tif"))
        session.paint(np.arange(64), 1)
        entry.keep_snapshot()
        session.paint(np.arange(64, 128), 2)
        session.options = SessionOptions(largest_whole=1_000_000)
        large = session.add_image(read_image(folder / "large.tif"))
        session.paint(np.arange(100), 1)
        large.keep_snapshot()
        session.paint(np.arange(1100, 1200), 2)
        versions = session.project.path / "versions"
        versions.mkdir(exist_ok=True)
        model(versions / "v1.safetensors")
        session.project.lineage.add(Version(id="v1", parent="", created="today", images=(entry.id,)))
        session.choose_model("v1")
    return folder / "p"


def files(project: Path) -> list[Path]:
    return sorted(path.relative_to(project) for path in project.rglob("*") if path.is_file())


def used(path: Path) -> list[str]:
    """Open a project twice and work on each image; what was said. `UserError` when it does not open."""
    said: list[str] = []
    for value in (7, 8):
        with Session.open(path, InlineRunners()) as session:
            said += session.images.complaints
            for entry in list(session.entries):
                try:
                    session.choose_image(entry)
                    session.paint(np.arange(200, 210) + value, value)
                    session.undo()
                    session.redo()
                except UserError as error:
                    said.append(str(error))
            session.models.all()
            said.append(session.why_not_segment())
            session.pump()
    return said


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_pipe_in_place_of_any_file_keeps_nobody_waiting(project, tmp_path):
    for number, file in enumerate(files(project)):
        copy = Path(shutil.copytree(project, tmp_path / str(number)))
        (copy / file).unlink()
        os.mkfifo(copy / file)
        used(copy)


def test_what_a_link_in_place_of_any_file_leads_to_is_never_written(project, tmp_path):
    for number, file in enumerate(files(project)):
        copy = Path(shutil.copytree(project, tmp_path / str(number)))
        outside = tmp_path / f"{number}-outside"
        shutil.move(copy / file, outside)
        (copy / file).symlink_to(outside)
        before = outside.read_bytes()
        used(copy)
        assert outside.read_bytes() == before, file


def test_a_snapshot_that_claims_more_than_the_image_is_set_aside_at_once(project, tmp_path):
    """A header of 10^12 voxels, and 64 MB of zeros in a small file."""
    copy = Path(shutil.copytree(project, tmp_path / "p"))
    (state,) = copy.glob("entries/*/state-*.npz")
    header = (
        b"\x93NUMPY\x01\x00\x76\x00" + b"{'descr': '<u4', 'fortran_order': False, 'shape': (1, 1, 1000000, 1000000), }"
    )
    for content in (header.ljust(128, b" "), bytes(1 << 26)):
        with zipfile.ZipFile(state, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in ("labels", "vouched", "taught"):
                archive.writestr(f"{name}.npy", content)
        fresh = Path(shutil.copytree(copy, tmp_path / str(len(content))))
        with_limits(lambda path=fresh: used(path))
        assert list(fresh.glob("entries/*/state-*.damaged"))


VALUES: dict[str, Any] = {
    "nothing": None,
    "negative": -1,
    "too large a float": 1e308,
    "not a number": float("nan"),
    "empty text": "",
    "a way out": "../../x",
    "a text that no path can be": "a\0b\nc",
    "an empty list": [],
    "an empty record": {},
    "many digits": 9**400,
    "a million of millions": 10**12,
    "another type": True,
    "many": list(range(20_000)),
    "deep": "@deep@",
}


def places(document: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every value in a JSON document; of a list the first."""
    yield at
    if isinstance(document, dict):
        for name, value in document.items():
            yield from places(value, (*at, name))
    elif isinstance(document, list) and document:
        yield from places(document[0], (*at, 0))


def changed(document: Any, at: tuple[str | int, ...], value: Any) -> str:
    """The document as text, with another value at a place."""
    found = json.loads(json.dumps(document))
    around = {"": found}
    inside: Any = around
    for key in ("", *at[:-1]) if at else ():
        inside = inside[key]
    inside["" if not at else at[-1]] = value
    return json.dumps(around[""]).replace('"@deep@"', "[" * 50_000 + "]" * 50_000)


def with_limits(run: Any) -> None:
    """Run what may end in a `UserError` of one sentence, in little time and memory."""
    began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sentence = ""
    try:
        run()
    except UserError as error:
        sentence = str(error)
    assert "\n" not in sentence
    assert time.process_time() - began < 4 * LARGEST_S  # opened twice, and worked on
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < LARGEST_BYTES


CASES = 25  # of about 4,000, others at each seed


@pytest.mark.parametrize("seed", [0])
def test_whatever_stands_in_a_record_the_project_opens_or_says_why_not(project, tmp_path, seed):
    documents = [file for file in files(project) if file.suffix == ".json"]
    every = [
        (file, at, name)
        for file in documents
        for at in places(json.loads((project / file).read_text(encoding="utf-8")))
        for name in VALUES
    ]
    for number in np.random.default_rng(seed).choice(len(every), CASES, replace=False):
        file, at, name = every[number]
        copy = Path(shutil.copytree(project, tmp_path / str(number)))
        document = json.loads((project / file).read_text(encoding="utf-8"))
        (copy / file).write_text(changed(document, at, VALUES[name]), encoding="utf-8")
        with_limits(lambda path=copy: used(path))
        shutil.rmtree(copy)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("reading", {"order": [0, 0, 2]}),
        ("reading", {"order": [9**400, 1, 2]}),
        ("reading", {"channels": [-1]}),
        ("spacing", [0, 1, 1]),
        ("channels", list(range(100_000))),
    ],
)
def test_what_an_image_cannot_be_is_left_out_of_its_record_and_said_once(project, tmp_path, name, value):
    copy = Path(shutil.copytree(project, tmp_path / "p"))
    (state,) = copy.glob("entries/*/state-*.npz")
    file = state.parent / "entry.json"
    file.write_text(json.dumps({**json.loads(file.read_text(encoding="utf-8")), name: value}), encoding="utf-8")
    said: list[str] = []
    with_limits(lambda: said.extend(used(copy)))
    assert [sentence for sentence in said if "cannot be understood" in sentence] == [
        sentence for sentence in said if f"cannot be understood ({name})" in sentence
    ]
    assert sum("cannot be understood" in sentence for sentence in said) == 1
    with Session.open(copy, InlineRunners()) as session:
        labels = next(entry.labels for entry in session.entries if entry.folder.path == state.parent)
        np.testing.assert_array_equal(labels[0, 0, :2, 0], [1, 2])


def test_an_image_that_claims_to_be_larger_than_memory_is_a_sentence(project, tmp_path):
    copy = Path(shutil.copytree(project, tmp_path / "p"))
    (state,) = copy.glob("entries/*/state-*.npz")
    file = state.parent / "entry.json"
    told = {**json.loads(file.read_text(encoding="utf-8")), "shape": [1, 1, 1_000_000, 1_000_000, 1_000_000]}
    file.write_text(json.dumps(told), encoding="utf-8")
    with Session.open(copy, InlineRunners()) as session:
        entry = next(one for one in session.entries if one.folder.path == state.parent)
        with pytest.raises(UserError, match="is not the image it was"):
            session.choose_image(entry)
        with pytest.raises(UserError, match="do not fit into memory"):
            _ = entry.labels
        assert session.current.labels.any()
