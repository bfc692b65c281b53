"""Models whose weights are no numbers, which are no files, or lie elsewhere: a sentence wherever they are met."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_apprentice import cli
from napari_apprentice.architecture import FreshSettings, NetSettings
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.models import METADATA_KEY, ModelHeader, read_header
from napari_apprentice.data.weights import check_weights
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.nets import build
from napari_apprentice.errors import UserError
from napari_apprentice.project.versions import Version
from napari_apprentice.runners import InlineRunners
from napari_apprentice.session import Session
from napari_apprentice.settings import NormalizeSettings

NET = NetSettings(widths=(4, 8), pools=((1, 2, 2),), in_channels=NormalizeSettings().inputs_per_channel, norm="none")
no_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")


def model(path: Path, *, bad: float | None = None, dtype: torch.dtype = torch.float32, name: str = "tiny") -> Path:
    """A model file; its last weight is ``bad``."""
    header = ModelHeader(id="tiny", name=name, net=NET)
    checkpoint.save(path, header, build(NET))
    tensors = {key: tensor.to(dtype) for key, tensor in load_file(path).items()}
    if bad is not None:
        next(reversed(tensors.values())).view(-1)[-1] = bad
    save_file(tensors, path, metadata={METADATA_KEY: header.model_dump_json()})
    return path


def image() -> Volume:
    return Volume(np.random.default_rng(0).integers(0, 200, (1, 1, 1, 64, 64)).astype(np.uint8), name="cells")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_one_weight_that_is_no_number_is_found_in_every_type(tmp_path, dtype, bad) -> None:
    with pytest.raises(UserError, match="no numbers"):
        check_weights(model(tmp_path / "bad.safetensors", bad=bad, dtype=dtype))
    check_weights(model(tmp_path / "good.safetensors", dtype=dtype, bad=torch.finfo(dtype).max))


def test_it_cannot_be_chosen_and_the_model_in_use_stays(tmp_path) -> None:
    with Session.temporary(InlineRunners()) as session:
        session.add_image(image())
        session.choose_model(str(model(tmp_path / "good.safetensors")))
        with pytest.raises(UserError, match=r"bad\.safetensors has weights that are no numbers"):
            session.choose_model(str(model(tmp_path / "bad.safetensors", bad=float("nan"))))
        assert session.model.file == tmp_path / "good.safetensors"


def test_a_version_of_a_project_that_went_bad_is_refused_by_segment_and_teach(tmp_path) -> None:
    with Session.create(tmp_path / "p", InlineRunners()) as session:
        session.add_image(image())
        session.paint(np.arange(640), 1)
        versions = session.project.path / "versions"
        versions.mkdir(exist_ok=True)
        model(versions / "v1.safetensors")
        session.project.lineage.add(Version(id="v1", parent="", created="today"))
        session.choose_model("v1")
        model(versions / "v1.safetensors", bad=float("nan"))
        for verb in (session.segment, session.teach):
            verb()
            with pytest.raises(UserError, match=r"v1\.safetensors has weights that are no numbers"):
                session.run_until_idle()
        with pytest.raises(UserError, match="no numbers"):
            session.models.adopt("v1")


def test_it_starts_no_fresh_network(tmp_path) -> None:
    path = model(tmp_path / "bad.safetensors", bad=float("nan"))
    with Session.temporary(InlineRunners()) as session:
        session.add_image(image())
        session.paint(np.arange(640), 1)
        session.choose_model("fresh")
        session.fresh_settings = FreshSettings(encoder=str(path))
        session.teach()
        with pytest.raises(UserError, match=r"bad\.safetensors has weights that are no numbers"):
            session.run_until_idle()


def test_the_command_line_says_one_sentence(tmp_path, capsys) -> None:
    np.save(tmp_path / "a.npy", np.asarray(image().pixels)[0, 0, 0])
    path = model(tmp_path / "bad.safetensors", bad=float("inf"))
    assert cli.run(["segment", str(tmp_path / "a.npy"), "--model", str(path), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "no numbers" in told
    assert "Traceback" not in told


@no_pipes
def test_a_pipe_in_place_of_a_model_keeps_nobody_waiting(tmp_path, capsys) -> None:
    os.mkfifo(tmp_path / "pipe.safetensors")
    with pytest.raises(UserError, match="not a model file"):
        read_header(tmp_path / "pipe.safetensors")
    with Session.create(tmp_path / "p", InlineRunners()) as session:
        session.add_image(image())
        session.choose_model(str(model(tmp_path / "m.safetensors")))
        session.project.lineage.add(Version(id="v1", parent="", created="today"))
    (tmp_path / "m.safetensors").unlink()
    os.mkfifo(tmp_path / "m.safetensors")
    os.mkfifo(tmp_path / "p" / "versions" / "v1.safetensors")
    with Session.open(tmp_path / "p", InlineRunners()) as session:
        assert {"v1", str(tmp_path / "m.safetensors")}.isdisjoint(one.key for one in session.models.all())
        assert session.why_not_segment()
        with pytest.raises(UserError, match="not a model file"):
            session.choose_model("v1")


def test_a_name_that_no_file_can_have_is_left_out_of_the_list(tmp_path) -> None:
    with Session.create(tmp_path / "p", InlineRunners()) as session:
        session.add_image(image())
        session.project.lineage.use("a\0b", is_elsewhere=True)
    with Session.open(tmp_path / "p", InlineRunners()) as session:
        assert "a\0b" not in [one.key for one in session.models.all()]
        assert "There is no model" in session.why_not_segment()


def test_versions_whose_names_lead_out_of_the_project_are_left_out(tmp_path) -> None:
    with Session.create(tmp_path / "p", InlineRunners()) as session:
        session.add_image(image())
        session.project.lineage.add(Version(id="v1", parent="", created="today"))
    model(tmp_path / "outside.safetensors")
    file = tmp_path / "p" / "versions" / "lineage.json"
    told = json.loads(file.read_text())
    names = ("../../outside", str(tmp_path / "outside"), "..\\x", "v1/../../../outside", "v1\n", "", "v0", "latest")
    told["versions"] += [{**told["versions"][0], "id": name} for name in names]
    file.write_text(json.dumps(told))
    with Session.open(tmp_path / "p", InlineRunners()) as session:
        assert [one.id for one in session.project.lineage.versions] == ["v1"]
        assert "cannot be understood (versions)" in " ".join(session.images.complaints)
    with Session.open(tmp_path / "p", InlineRunners()) as session:
        assert not session.images.complaints


def test_a_model_of_a_newer_version_says_to_update(tmp_path, capsys) -> None:
    path = model(tmp_path / "m.safetensors")
    told = json.loads(ModelHeader(id="a", name="a", net=NET).model_dump_json())
    new = {**told, "format": 99, "net": {"layers": [1, 2]}, "more": None}
    save_file(load_file(path), path, metadata={METADATA_KEY: json.dumps(new)})
    assert cli.run(["info", str(path)]) == 2
    assert "newer version of napari-apprentice: update" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"zoom": 1e308}, "zoom"),
        ({"zoom": float("nan")}, "zoom"),
        ({"spacing": [0, 1, 1]}, "spacing"),
        ({"object_diameter": -1}, "object_diameter"),
        ({"decode": {"foreground": float("nan")}}, "decode.foreground"),
        ({"image_channels": -1}, "image_channels"),
        ({"net": {"in_channels": 10**40}}, "net.in_channels"),
        ({"net": {"widths": [10**9, 8], "pools": [[1, 2, 2]]}}, "net.widths"),
    ],
)
def test_numbers_beyond_reason_in_a_header_are_one_sentence(tmp_path, changes, where) -> None:
    told = {**json.loads(ModelHeader(id="a", name="a", net=NET).model_dump_json()), **changes}
    metadata = {"__metadata__": {METADATA_KEY: json.dumps(told)}}
    header = json.dumps(metadata).encode()
    (tmp_path / "m.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(UserError, match=rf"cannot read \({where}"):
        read_header(tmp_path / "m.safetensors")


def test_a_header_that_makes_other_inputs_than_the_network_takes_is_refused(tmp_path) -> None:
    path = tmp_path / "m.safetensors"
    header = ModelHeader(id="a", name="a", net=NET, normalize=NormalizeSettings(gain=0))
    checkpoint.save(path, header, build(NET))
    with Session.temporary(InlineRunners()) as session:
        session.add_image(image())
        session.paint(np.arange(640), 1)
        session.choose_model(str(path))
        for verb in (session.segment, session.teach):
            verb()
            with pytest.raises(UserError, match=r"2 inputs, of which 1 are made of an image"):
                session.run_until_idle()
