"""Text is written and read in UTF-8, whatever the machine's own encoding is (Windows: a code page)."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from napari_apprentice.data.files import read_image
from napari_apprentice.processes import environment, start_child
from napari_apprentice.runners import InlineRunners
from napari_apprentice.session import Session
from napari_apprentice.session.batch import ImageOutcome, from_line, to_line

ROOT = Path(__file__).parents[1]
NAME, CHANNEL, CLASS = "Zählung 細胞", "α-チューブリン", "Ядро"
ARGUMENTS = {"read_text": 1, "write_text": 2}  # how many they have with an encoding
PROGRAM = f"""
import sys
from pathlib import Path
import numpy as np
import napari_apprentice as na
from napari_apprentice.data.exports import write_labels
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.runners import InlineRunners
from napari_apprentice.settings import ClassName

folder = Path(sys.argv[1])
image = na.read_image(folder / "i.ome.zarr")
labels = np.zeros((1, 1, 32, 32), np.uint32)
labels[0, 0, 5:20, 5:20] = 1
pixels = np.arange(32 * 32, dtype=np.uint16).reshape(1, 1, 1, 32, 32)
with na.Session.create(folder / "project", InlineRunners()) as session:
    session.add_image(Volume(pixels, (1, 0.5, 0.5), "um", ({CHANNEL!a},), {NAME!a}))
    session.choose_kind("classes", (ClassName(value=1, name={CLASS!a}),))
    session.edits.replace_labels(labels)
with na.Session.open(folder / "project", InlineRunners()) as session:
    (again,) = session.entries
    found = again.name, again.volume.channels, int((again.labels > 0).sum()), session.classes[0].name, again.complaint
    for suffix in ("csv", "geojson", "nrrd", "zip", "tif"):
        session.export_labels(folder / f"labels.{{suffix}}")
print(ascii((image.channels, image.spacing, image.unit, *found, sys.getfilesystemencoding())))
"""


def without_encoding(source: str) -> Iterator[ast.Call]:
    """Calls that open a file as text and do not say in which encoding."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or any(word.arg == "encoding" for word in node.keywords):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in ARGUMENTS:
            if len(node.args) < ARGUMENTS[name]:
                yield node
        elif name in ("open", "fdopen") and _is_of_text(node, 1 if isinstance(node.func, ast.Name) else name != "open"):
            yield node


def _is_of_text(node: ast.Call, place: int) -> bool:
    """Whether the mode of a call is one of text, or there is none and lines are spoken of."""
    told = {word.arg: word.value for word in node.keywords}
    mode = told.get("mode", node.args[place] if place < len(node.args) else None)
    if isinstance(mode, ast.Constant) and isinstance(mode.value, str):
        return set(mode.value) <= set("rwaxt+")
    return mode is None and "newline" in told


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("(a / b).read_text()", 1),
        ("(a / b).read_text('utf-8')", 0),
        ("a().write_text(text)", 1),
        ("a().write_text(text, encoding='utf-8')", 0),
        ("open(a, 'w')", 1),
        ("a.open('w')", 1),
        ("a.open('wb')", 0),
        ("a.open(newline='')", 1),
        ("session.open(project)", 0),
    ],
)
def test_a_call_without_an_encoding_is_seen(source: str, count: int) -> None:
    assert len(list(without_encoding(source))) == count


def test_all_text_has_an_encoding() -> None:
    """Also where the linter cannot tell that something is a path."""
    files = [path for folder in ("src", "docs") for path in (ROOT / folder).rglob("*.py")]
    assert len(files) > 300
    calls = ((path, node) for path in files for node in without_encoding(path.read_text(encoding="utf-8")))
    assert not [f"{path}:{node.lineno}" for path, node in calls]


@pytest.fixture(params=["en_US.CP1252", "zh_CN.GBK", "de_DE.ISO-8859-1"])
def foreign(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The environment of a machine with another encoding: what Windows does by default."""
    if shutil.which("localedef") is None:
        pytest.skip("there is no localedef, which makes a locale")
    language, charmap = request.param.split(".")
    places = tmp_path / "locales"
    places.mkdir()
    command = ["localedef", "-i", language, "-f", charmap, str(places / request.param)]
    made = subprocess.run(command, check=False, capture_output=True)
    if not (places / request.param).exists():
        pytest.skip(f"no locale can be made here: {made.stderr.decode(errors='replace').strip()}")
    unset = ("PYTHONUTF8", "PYTHONIOENCODING", "PYTHONCOERCECLOCALE")
    found = {name: value for name, value in environment(one_core_left=False).items() if name not in unset}
    return {**found, "LOCPATH": str(places), "LC_ALL": request.param}


@pytest.fixture
def omezarr(tmp_path: Path) -> Path:
    """An OME-Zarr whose metadata have letters as they are, not as \\u escapes, in UTF-8."""
    path = tmp_path / "i.ome.zarr"
    group = zarr.open_group(path, mode="w", zarr_format=2)
    group.create_array("0", shape=(2, 8, 8), dtype="u2")[:] = 1
    axes = [{"name": "c", "type": "channel"}, *({"name": a, "type": "space", "unit": "micrometer"} for a in "yx")]
    scale = [{"type": "scale", "scale": [1, 0.5, 0.5]}]
    told = {
        "multiscales": [
            {"version": "0.4", "axes": axes, "datasets": [{"path": "0", "coordinateTransformations": scale}]}
        ],
        "omero": {"channels": [{"label": CHANNEL}, {"label": "DNA"}]},
    }
    (path / ".zattrs").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    return path


def ran(command: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, *command], env=env, capture_output=True, check=False, timeout=100)


def test_nothing_is_garbled_on_a_machine_with_another_encoding(
    foreign: dict[str, str], omezarr: Path, tmp_path: Path
) -> None:
    run = ran(["-c", PROGRAM, str(tmp_path)], foreign)
    assert run.returncode == 0, run.stderr.decode(errors="replace")
    *found, encoding = ast.literal_eval(run.stdout.decode("ascii"))
    assert encoding.lower() != "utf-8"
    assert found == [(CHANNEL, "DNA"), (1.0, 0.5, 0.5), "um", NAME, (CHANNEL,), 225, CLASS, ""]
    assert CHANNEL in (tmp_path / "labels.csv").read_text(encoding="utf-8")
    assert CLASS in (tmp_path / "labels.csv").read_text(encoding="utf-8")
    drawn = json.loads((tmp_path / "labels.geojson").read_bytes())["features"]
    assert [one["properties"]["classification"]["name"] for one in drawn] == [CLASS]
    with Session.open(tmp_path / "project", InlineRunners()) as session:  # and in this one, it is the same
        assert [(one.name, one.volume.channels) for one in session.entries] == [(NAME, (CHANNEL,))]


def test_the_command_line_tells_of_letters_that_a_terminal_does_not_have(
    foreign: dict[str, str], omezarr: Path
) -> None:
    run = ran(["-m", "napari_apprentice.cli", "info", str(omezarr)], foreign)
    assert run.returncode == 0, run.stderr.decode(errors="replace")
    assert b"DNA" in run.stdout
    assert run.stderr == b""


def test_children_of_ours_write_utf_8(foreign: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work.py").write_text(
        f"import sys\nsys.stderr.write({NAME!a})\nsys.stdout.write({CHANNEL!a})", encoding="utf-8"
    )
    for name in ("LC_ALL", "LOCPATH"):
        monkeypatch.setenv(name, foreign[name])
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with start_child(["work"], one_core_left=False) as child:
        out, err = child.communicate(timeout=100)
    assert (out.decode("utf-8"), err.decode("utf-8")) == (CHANNEL, NAME)


def test_a_batch_is_told_in_ascii() -> None:
    outcome = ImageOutcome(source=f"/data/{NAME}\udce4.tif", labels=(f"{CLASS}.tif",), words=CHANNEL)
    line = to_line(outcome)
    assert line.isascii()
    assert from_line(line) == from_line(line.encode("ascii")) == outcome
    with pytest.raises(ValueError, match="Expecting"):
        from_line(b"a library that prints")


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes on Linux only")
def test_a_name_that_is_no_text_can_be_worked_with(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/Z\xe4hl.tif"
    tifffile.imwrite(tmp_path / "plain.tif", np.arange(64 * 64, dtype=np.uint16).reshape(64, 64))
    os.rename(os.fsencode(tmp_path / "plain.tif"), path)
    with Session.create(tmp_path / "p", InlineRunners()) as session:
        session.add_image(read_image(os.fsdecode(path)))
    with Session.open(tmp_path / "p", InlineRunners()) as session:
        (entry,) = session.entries
        assert (entry.name, entry.complaint, entry.volume.pixels.shape) == (r"Z\udce4hl", "", (1, 1, 1, 64, 64))
