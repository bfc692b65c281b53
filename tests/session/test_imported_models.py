"""Networks of others segment here; what they are told of is read from their files, or asked for in one sentence."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from tests.session.test_exported_models import PLAIN, model_of
from torch import nn

import napari_apprentice as na
from napari_apprentice.cli.app import run
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.models import read_header

onnx = pytest.importorskip("onnx", reason="onnx is not installed: napari-apprentice[export]")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: napari-apprentice[export]")


class Bright(nn.Module):
    """Foreground where an image of mean 0 and deviation 1 is bright; boundary where it changes."""

    def __init__(self, outputs: int = 2) -> None:
        super().__init__()
        self.outputs = outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        flat = x[:, :1]
        foreground = 8 * (flat - 0.5)
        if self.outputs == 1:
            return foreground
        pool = nn.functional.max_pool2d if x.ndim == 4 else nn.functional.max_pool3d
        inner = -pool(-flat, 3, 1, 1)
        return torch.cat([foreground, 8 * (flat - inner - 0.5)], dim=1)


def graph_of(net: nn.Module, shape: tuple[int, ...], free: tuple[int, ...] = ()) -> bytes:
    out: Any = io.BytesIO()
    names = {axis: f"n{axis}" for axis in free}
    torch.onnx.export(
        net.eval(),
        (torch.zeros(shape),),
        out,
        dynamo=False,
        input_names=["raw"],
        output_names=["maps"],
        dynamic_axes={"raw": names, "maps": names},
        opset_version=17,
    )
    return bytes(out.getvalue())


def disks(shape: tuple[int, int, int] = (1, 200, 230)) -> np.ndarray:
    """Nine disks, in a volume through all slices, two of them touching: pixels (Z, Y, X)."""
    y, x = np.mgrid[: shape[1], : shape[2]]
    found = np.zeros(shape[1:], np.float32)
    for cy, cx in [(30, 30), (30, 90), (30, 150), (90, 30), (90, 90), (90, 150), (150, 30), (150, 90), (150, 111)]:
        found[(y - cy) ** 2 + (x - cx) ** 2 <= 121] = 200
    return np.broadcast_to(found, shape) + np.random.default_rng(0).normal(20, 2, shape).astype(np.float32)


def segmented(model: Path, pixels: np.ndarray) -> np.ndarray:
    """Labels (Z, Y, X) that a session proposes."""
    with na.Session.temporary() as session:
        session.choose_model(str(model))
        entry = session.add_image(Volume(pixels[None, None], (1.0, 1.0, 1.0), "pixel", name="disks"))
        session.segment()
        session.run_until_idle()
        return np.array(entry.labels[0])


def broad(size: Any = 512, halo: int = 32) -> dict[str, Any]:
    """A description as that of the UNet 2D Nuclei Broad, an example of bioimage.io."""
    return {
        "type": "model",
        "format_version": "0.5.11",
        "name": "UNet 2D Nuclei",
        "license": "MIT",
        "authors": [{"name": "somebody"}],
        "cite": [{"text": "a paper", "doi": "10.1007/978-3-319-24574-4_28"}],
        "inputs": [
            {
                "id": "raw",
                "axes": [
                    {"type": "batch", "size": 1},
                    {"type": "channel", "channel_names": ["raw_intensity"]},
                    {"type": "space", "id": "y", "size": size},
                    {"type": "space", "size": size},
                ],
                "preprocessing": [
                    {"id": "ensure_dtype", "kwargs": {"dtype": "float32"}},
                    {"id": "zero_mean_unit_variance", "kwargs": {"axes": ["x", "y"]}},
                ],
            }
        ],
        "outputs": [
            {
                "id": "probability",
                "axes": [
                    {"type": "batch"},
                    {"type": "channel", "channel_names": ["probability"]},
                    {"type": "space", "id": "y", "halo": halo, "size": {"tensor_id": "raw", "axis_id": "y"}},
                    {"type": "space", "halo": halo, "size": {"tensor_id": "raw", "axis_id": "x"}},
                ],
                "postprocessing": [{"id": "sigmoid"}],
            }
        ],
        "weights": {"onnx": {"source": "weights.onnx", "opset_version": 17}},
    }


def packed(path: Path, told: dict[str, Any], **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bioimageio.yaml", yaml.safe_dump(told))
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return path


def test_the_nuclei_example_of_bioimage_io_segments(tmp_path: Path) -> None:
    path = packed(tmp_path / "broad.zip", broad(), weights_onnx=graph_of(Bright(1), (1, 1, 512, 512)))
    done = na.import_model(path)
    header = read_header(done.path)
    assert (header.name, header.licence, header.representation) == ("UNet 2D Nuclei", "MIT", "foreground")
    assert (header.normalize.by, header.net.size) == ("mean", (1, 512, 512))
    assert "10.1007" in header.notes
    found = segmented(done.path, disks())
    assert found.max() == 9  # the two that touch are parted
    assert len(np.unique(segmented(done.path, disks((1, 600, 700))))) == 10  # larger than what it takes at once


@pytest.mark.parametrize("shape", [(1, 200, 230), (5, 70, 180)])
def test_foreground_and_boundary_become_objects(shape: tuple[int, int, int], tmp_path: Path) -> None:
    told = broad({"min": 64, "step": 16})
    told["outputs"][0]["axes"][1]["channel_names"] = ["foreground", "boundary"]
    path = packed(tmp_path / "fb.zip", told, weights_onnx=graph_of(Bright(), (1, 1, 64, 64), (2, 3)))
    model = na.import_model(path, tmp_path / "fb.safetensors").path
    assert read_header(model).representation == "boundaries"
    found = segmented(model, disks(shape))
    assert len(np.unique(found)) - 1 == (8 if shape[0] == 1 else 3)  # nothing parts those that touch
    assert (found[:, 30, 30] > 0).all()
    assert not (found[:, 30, 60] > 0).any()


def test_a_network_of_volumes_sees_them_whole(tmp_path: Path) -> None:
    (tmp_path / "deep.onnx").write_bytes(graph_of(Bright(), (1, 1, 8, 32, 32), (0, 2, 3, 4)))
    asked = {"outputs": ["foreground", "boundary"], "normalize": "mean", "activation": "sigmoid"}
    model = na.import_model(tmp_path / "deep.onnx", **asked).path  # type: ignore[arg-type]
    assert read_header(model).net.dims == 3
    assert len(np.unique(segmented(model, disks((6, 70, 180))))) == 4


def test_affinities_are_joined_by_their_offsets(tmp_path: Path) -> None:
    class Pairs(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            inside = (x > 0.5).float()
            wide = nn.functional.pad(inside, (9, 0, 9, 0))
            n, m = x.shape[2], x.shape[3]
            near = [wide[:, :, 8 : 8 + n, 9:], wide[:, :, 9:, 8 : 8 + m]]
            far = [wide[:, :, 0:n, 9:], wide[:, :, 9:, 0:m]]
            return torch.cat([inside * one for one in (*near, *far)], dim=1)

    (tmp_path / "pairs.onnx").write_bytes(graph_of(Pairs(), (1, 1, 32, 32), (2, 3)))
    offsets = [(0, -1, 0), (0, 0, -1), (0, -9, 0), (0, 0, -9)]
    model = na.import_model(tmp_path / "pairs.onnx", outputs=["affinities"], offsets=offsets, normalize="0 to 1").path
    assert read_header(model).representation == "affinities"
    assert len(np.unique(segmented(model, disks()))) == 9  # where two touch, nothing parts them


def test_classes_have_the_names_that_are_said(tmp_path: Path) -> None:
    class Two(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([0.5 - x, x - 0.5], dim=1)

    (tmp_path / "two.onnx").write_bytes(graph_of(Two(), (1, 1, 32, 32), (2, 3)))
    asked = {"outputs": ["background", "gland"], "normalize": "0 to 1", "activation": "softmax"}
    model = na.import_model(tmp_path / "two.onnx", **asked).path  # type: ignore[arg-type]
    assert [one.name for one in read_header(model).classes] == ["gland"]
    assert set(np.unique(segmented(model, disks()))) == {0, 1}


def test_our_own_package_comes_back_as_our_own_model(tmp_path: Path) -> None:
    model = model_of(tmp_path, PLAIN)
    na.export_model(model, tmp_path / "mine.zip")
    back = na.import_model(tmp_path / "mine.zip", tmp_path / "back.safetensors").path
    assert back.read_bytes() == model.read_bytes()


def test_our_own_onnx_needs_nothing_said_and_proposes_the_same(tmp_path: Path) -> None:
    na.export_model("cells-2d", tmp_path / "cells.onnx")
    back = na.import_model(tmp_path / "cells.onnx").path
    here, there = segmented(Path("cells-2d"), disks()), segmented(back, disks())
    assert read_header(back).representation == "log-distance"
    assert np.mean((here > 0) == (there > 0)) > 0.99  # noise below 0 is cut before the image shrinks, or after


def test_what_cannot_be_done_with_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "one.onnx").write_bytes(graph_of(Bright(1), (1, 1, 32, 32), (2, 3)))
    model = na.import_model(tmp_path / "one.onnx", outputs=["foreground"], normalize="mean", activation="sigmoid").path
    with na.Session.temporary() as session:
        session.choose_model(str(model))
        session.add_image(Volume(disks()[None, None], (1.0, 1.0, 1.0), "pixel", name="disks"))
        assert "was made elsewhere" in session.verbs.teach.why_not()
        with pytest.raises(na.UserError, match='only its "output" can be looked at'):
            session.look_inside("bottleneck")
    with pytest.raises(na.UserError, match="made elsewhere"):
        na.export_model(model, tmp_path / "again.onnx")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "give --outputs"),
        ({"outputs": ["foreground"]}, "give a word for each"),
        ({"outputs": ["foreground", "boundary"], "activation": "sigmoid"}, "give --normalize"),
        ({"outputs": ["foreground", "boundary"], "normalize": "mean"}, "not between 0 and 1"),
        ({"outputs": ["affinities"], "activation": "sigmoid", "normalize": "mean"}, "give --offsets|names 1"),
    ],
)
def test_what_a_file_does_not_tell_is_asked_for(said: dict[str, Any], why: str, tmp_path: Path) -> None:
    (tmp_path / "two.onnx").write_bytes(graph_of(Bright(), (1, 1, 32, 32), (2, 3)))
    with pytest.raises(na.UserError, match=why):
        na.import_model(tmp_path / "two.onnx", **said)
    assert not list(tmp_path.glob("*.safetensors"))


def test_a_torchscript_is_run_only_where_it_is_trusted(tmp_path: Path) -> None:
    told = broad({"min": 64, "step": 16})
    told["weights"] = {"torchscript": {"source": "weights.pt"}, "pytorch_state_dict": {"source": "weights.pickle"}}
    content = io.BytesIO()
    torch.jit.save(torch.jit.trace(Bright(1), torch.zeros(1, 1, 64, 64)), content)
    path = packed(tmp_path / "script.zip", told, weights_pt=content.getvalue())
    with pytest.raises(na.UserError, match="--trust"):
        na.import_model(path)
    model = na.import_model(path, trust=True).path
    assert segmented(model, disks()).max() == 9


@pytest.mark.parametrize(
    ("offsets", "why"),
    [
        ([(0, -1, 0), (0, 0, 0)], "from a pixel to itself"),
        ([(0, -1, 0), (0, -1, 0)], "told twice"),
        ([(0, -1, 0), (0, 0, -5000)], "longer than 256 pixels"),
        ([(0, -1, 0), (-1, 0, 0)], "leads to another slice"),
        ([(0, -1, 0), (0, -1)], "has 2 numbers"),
        ([(0, -1, 0)], "1 offsets are told"),
        ([(0, -9, 0), (0, 0, -9)], "no affinities of neighbours"),
    ],
)
def test_offsets_that_no_network_has_are_one_sentence(offsets: list[Any], why: str, tmp_path: Path) -> None:
    (tmp_path / "two.onnx").write_bytes(graph_of(Bright(), (1, 1, 32, 32), (2, 3)))
    asked: dict[str, Any] = {"outputs": ["affinities"] * 2, "normalize": "mean", "activation": "sigmoid"}
    with pytest.raises(na.UserError, match=why):
        na.import_model(tmp_path / "two.onnx", offsets=offsets, **asked)
    told = broad({"min": 64, "step": 16}) | {"config": {"mws": {"offsets": [list(one) for one in offsets]}}}
    told["outputs"][0]["axes"][1]["channel_names"] = ["affinity 1", "affinity 2"]
    packed(tmp_path / "two.zip", told, weights_onnx=graph_of(Bright(), (1, 1, 64, 64), (2, 3)))
    if len(offsets[-1]) == 3:
        with pytest.raises(na.UserError, match=why):
            na.import_model(tmp_path / "two.zip")
    assert not list(tmp_path.glob("*.safetensors"))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda told: told["weights"].update(onnx={"source": "../../etc/passwd"}), "not in it"),
        (
            lambda told: told["weights"].update(onnx={"source": "https://example.org/a.onnx"}),
            "download the whole model",
        ),
        (lambda told: told["weights"]["onnx"].update(sha256="0" * 64), "not the file that its description names"),
        (lambda told: told.update(weights={"pytorch_state_dict": {"source": "a.pt"}}), "ONNX is needed"),
        (lambda told: told.update(inputs=told["inputs"] * 2), "2 images at once"),
        (lambda told: told["inputs"][0].update(preprocessing=[{"id": "binarize"}]), "binarize"),
        (lambda told: told.pop("outputs"), "lacks what is needed"),
        (lambda told: told["inputs"][0].update(preprocessing=[_fixed(0.0)]), "lacks what is needed"),
        (lambda told: told["inputs"][0]["axes"][2].update(size={"min": float("inf")}), "lacks what is needed"),
        (lambda told: told["inputs"][0]["axes"][2].update(size={"min": -5, "step": 1}), "no model can be"),
        (lambda told: told["inputs"][0]["axes"][2].update(size=10**30), "no model can be"),
        (lambda told: [told["inputs"][0]["axes"][i].update(size=60_000) for i in (2, 3)], "too much"),
        (lambda told: told["outputs"][0]["axes"][2].update(halo=10**9), "no model can be"),
    ],
)
def test_packages_of_strangers_are_looked_at(change: Any, why: str, tmp_path: Path) -> None:
    told = broad()
    change(told)
    path = packed(tmp_path / "stranger.zip", told, weights_onnx=graph_of(Bright(1), (1, 1, 512, 512)))
    with pytest.raises(na.UserError, match=why):
        na.import_model(path)
    assert not list(tmp_path.glob("*.safetensors"))


def _fixed(deviation: float) -> dict[str, Any]:
    return {"id": "fixed_zero_mean_unit_variance", "kwargs": {"mean": 1.0, "std": deviation}}


@pytest.mark.parametrize(
    "bomb",
    [
        "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12))
        + "name: *a11\n",
        "name: &a [*a]\n",
    ],
    ids=["grows", "has no end"],
)
def test_a_description_that_fills_the_memory_is_not_read(bomb: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w") as archive:
        archive.writestr("rdf.yaml", bomb)
    with pytest.raises(na.UserError, match="too long"):
        na.import_model(tmp_path / "bomb.zip")


def test_weights_that_are_nothing_but_packing_are_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rdf.yaml", yaml.safe_dump(broad()))
        with archive.open("weights.onnx", "w", force_zip64=True) as file:
            for _ in range(101):
                file.write(bytes(1_000_000))
    with pytest.raises(na.UserError, match="packed as no weights are"):
        na.import_model(tmp_path / "bomb.zip")


@pytest.mark.parametrize("way", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_damaged_package_says_so(way: int, tmp_path: Path) -> None:
    path = tmp_path / "damaged.zip"
    with zipfile.ZipFile(path, "w", way) as archive:
        archive.writestr("rdf.yaml", yaml.safe_dump(broad()))
    content = bytearray(path.read_bytes())
    start = 30 + len("rdf.yaml") + 12
    content[start : start + 60] = b"\xff" * 60
    path.write_bytes(content)
    with pytest.raises(na.UserError, match="damaged"):
        na.import_model(path)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"normalize": "bogus"}, "normalize cannot be"),
        ({"activation": "bogus"}, "activation cannot be"),
        ({"diameter": -1.0}, "no model can be"),
        ({"axes": "byyx"}, "give 4 letters, each once"),
        ({"outputs": [""]}, "1 to 100"),
    ],
)
def test_what_cannot_be_said_is_refused_in_a_sentence(said: dict[str, Any], why: str, tmp_path: Path) -> None:
    (tmp_path / "one.onnx").write_bytes(graph_of(Bright(1), (1, 1, 32, 32), (2, 3)))
    asked: dict[str, Any] = {"outputs": ["foreground"], "normalize": "mean", "activation": "sigmoid"}
    with pytest.raises(na.UserError, match=why):
        na.import_model(tmp_path / "one.onnx", **asked | said)


def test_a_network_says_by_which_steps_it_grows(tmp_path: Path) -> None:
    """Neither is told by an ONNX file: 32 for five poolings, and one size where sizes are free in name only."""

    class Pools(Bright):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            small = nn.functional.interpolate(nn.functional.max_pool2d(x, 32), scale_factor=32.0)
            return super().forward(torch.cat([x, small], dim=1))

    class OneSize(Bright):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x.reshape(1, 1, 256, 256))

    for name, net, steps in (("pools", Pools(1), (32, 32)), ("one size", OneSize(1), (0, 0))):
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(graph_of(net, (1, 1, 256, 256), (2, 3)))
        model = na.import_model(path, outputs=["foreground"], normalize="mean", activation="sigmoid").path
        header = read_header(model)
        assert header.elsewhere is not None
        assert header.elsewhere.steps[1:] == steps
        assert segmented(model, disks((1, 200, 300))).max() == 9


def test_integers_and_no_input_are_refused(tmp_path: Path) -> None:
    value, helper, floats = onnx.helper.make_tensor_value_info, onnx.helper, onnx.TensorProto.FLOAT
    shape = ["b", 1, "h", "w"]
    whole = onnx.TensorProto.INT32
    constant = helper.make_tensor("c", floats, [1, 1, 1, 1], [0.0])
    nodes = {
        "takes tensor": (helper.make_node("Identity", ["x"], ["y"]), [value("x", whole, shape)], whole),
        "takes 0 inputs": (helper.make_node("Constant", [], ["y"], value=constant), [], floats),
    }
    for why, (node, inputs, kind) in nodes.items():
        graph = helper.make_graph([node], "g", inputs, [value("y", kind, shape)])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        (tmp_path / "odd.onnx").write_bytes(model.SerializeToString())
        with pytest.raises(na.UserError, match=why):
            na.import_model(tmp_path / "odd.onnx", outputs=["foreground"], normalize="mean")


def test_a_graph_that_reads_files_is_refused(tmp_path: Path) -> None:
    graph = onnx.load_from_string(graph_of(nn.Conv2d(1, 1, 3, padding=1), (1, 1, 32, 32)))
    tensor = graph.graph.initializer[0]
    onnx.external_data_helper.set_external_data(tensor, location="/etc/passwd")
    tensor.ClearField("raw_data")
    (tmp_path / "reads.onnx").write_bytes(graph.SerializeToString())
    with pytest.raises(na.UserError, match="weights in other files"):
        na.import_model(tmp_path / "reads.onnx", outputs=["foreground"], normalize="mean")


def test_the_command_line_imports_and_segments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import tifffile

    (tmp_path / "two.onnx").write_bytes(graph_of(Bright(), (1, 1, 32, 32), (2, 3)))
    tifffile.imwrite(tmp_path / "disks.tif", disks()[0])
    assert run(["import", str(tmp_path / "two.onnx")]) == 2
    assert "give --outputs" in " ".join(capsys.readouterr().err.split())
    words = ["--outputs", "foreground", "boundary", "--normalize", "mean", "--activation", "sigmoid"]
    assert run(["import", str(tmp_path / "two.onnx"), *words]) == 0
    model, out = tmp_path / "two.safetensors", tmp_path / "out"
    assert run(["segment", str(tmp_path / "disks.tif"), "--model", str(model), "--out", str(out)]) == 0
    (labels,) = out.glob("*.tif")
    assert np.asarray(na.read_labels(labels)).max() == 8
    assert run(["info", str(model)]) == 0
    assert "made elsewhere" in capsys.readouterr().out
