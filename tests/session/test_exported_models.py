"""Models for other programs, through the public door; other programs run what was written."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import napari_apprentice as na
from napari_apprentice.architecture import PRESETS, NetSettings, preset
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.folding import ready
from napari_apprentice.engine.nets import build
from napari_apprentice.engine.network import Network, forward
from napari_apprentice.engine.normalize import fit

PLAIN = NetSettings(widths=(4, 8), pools=((1, 2, 2),), in_channels=2)
DEEP = NetSettings(dims=3, widths=(4, 8), pools=((2, 2, 2),), in_channels=2)
ALL = [(name, dims) for name, one in PRESETS.items() for dims in one.dims]


def model_of(folder: Path, net: NetSettings, **told: object) -> Path:
    path = folder / "mine.safetensors"
    kind = "values" if net.preset == "autoencoder" else "instances"
    header = ModelHeader(id="mine", name="mine", net=net, kind=kind, licence="CC0-1.0; made up", **told)
    checkpoint.save(path, header, build(net))
    return path


def image_of(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Noise with a few hot pixels (C, Z, Y, X)."""
    rng = np.random.default_rng(seed)
    image = rng.normal(200, 30, shape).astype(np.float32)
    image[0, 0, 3, 5] = image[0, 0, 0, 0] = image[-1, -1, -1, -1] = 4000
    return image


def here(model: Path, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Linear values as another program makes them of an image (C, Z, Y, X), and maps (K, Z, Y, X) as we do."""
    header, net = checkpoint.load(model)
    scaling = fit(image, header.normalize)
    low, high = (np.reshape(values, (-1, 1, 1, 1)) for values in (scaling.low, scaling.high))
    network = Network(header, ready(net, pick("cpu")), pick("cpu"))
    return ((image - low) / (high - low)).astype(np.float32), forward(network, scaling.apply(image)[None], exact=True)[
        0
    ]


def flat(values: np.ndarray, dims: int) -> np.ndarray:
    return values[None, :, 0] if dims == 2 else values[None]


def run_onnx(path: Path, values: np.ndarray) -> np.ndarray:
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: napari-apprentice[export]")
    return runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"image": values})[0]


@pytest.mark.parametrize(("net", "sizes"), [(PLAIN, [(1, 24, 32), (1, 50, 18)]), (DEEP, [(6, 24, 32), (10, 18, 20)])])
def test_onnx_says_the_same_of_images_of_any_size(
    net: NetSettings, sizes: list[tuple[int, int, int]], tmp_path: Path
) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed: napari-apprentice[export]")
    model, out = model_of(tmp_path, net), tmp_path / "mine.onnx"
    assert na.export_model(model, out).path == out
    for seed, size in enumerate(sizes):
        values, expected = here(model, image_of((1, *size), seed))
        assert np.abs(run_onnx(out, flat(values, net.dims)) - flat(expected, net.dims)).max() < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize(("name", "dims"), ALL)
def test_every_network_travels_as_onnx_and_torchscript(name: str, dims: int, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed: napari-apprentice[export]")
    if name == "segnet":
        pytest.importorskip("onnxscript", reason="onnxscript is not installed: napari-apprentice[export]")
    net = preset(name, dims, 2, 2, 4)  # type: ignore[arg-type]
    model = model_of(tmp_path, net)
    size = tuple(3 * m if m > 1 else 6 * (dims == 3) or 1 for m in net.multiple)
    values, expected = here(model, image_of((1, *size)))
    scale = max(1.0, float(np.abs(expected).max()))
    na.export_model(model, tmp_path / "mine.onnx")
    assert np.abs(run_onnx(tmp_path / "mine.onnx", flat(values, dims)) - flat(expected, dims)).max() < 1e-5 * scale
    if name == "segnet":
        with pytest.raises(na.UserError, match="choose ONNX"):
            na.export_model(model, tmp_path / "mine.pt")
    else:
        na.export_model(model, tmp_path / "mine.pt")


def test_torchscript_runs_where_there_is_only_torch(tmp_path: Path) -> None:
    model, out = model_of(tmp_path, DEEP), tmp_path / "mine.pt"
    na.export_model(model, out, "torchscript")
    values, expected = here(model, image_of((1, 6, 26, 24)))
    np.save(tmp_path / "in.npy", flat(values, 3))
    code = (
        "import sys, numpy as np, torch\n"
        "net = torch.jit.load(sys.argv[1])\n"
        "np.save(sys.argv[3], net(torch.from_numpy(np.load(sys.argv[2]))).detach().numpy())\n"
        "assert not any(name.startswith('napari') for name in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-I", "-c", code, out, tmp_path / "in.npy", tmp_path / "out.npy"], check=True)
    assert np.abs(np.load(tmp_path / "out.npy") - flat(expected, 3)).max() < 1e-5


def test_what_an_image_needs_is_told_beside_the_network(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="onnx is not installed: napari-apprentice[export]")
    model = model_of(tmp_path, DEEP, zoom=0.5, spacing=(2.0, 0.5, 0.5), unit="um")
    na.export_model(model, tmp_path / "mine.onnx")
    told = json.loads((tmp_path / "mine.json").read_text(encoding="utf-8"))
    (prop,) = onnx.load(tmp_path / "mine.onnx").metadata_props
    assert (prop.key, json.loads(prop.value)) == ("napari-apprentice", told)
    assert told["axes"] == "bczyx"
    assert told["tiling"]["multiple"] == [2, 2, 2]
    assert told["tiling"]["block"] == [32, 192, 192]
    assert told["resolution"]["spacing"] == [2.0, 1.0, 1.0]
    assert [one["name"] for one in told["outputs"]] == ["foreground", "log-distance"]
    assert (told["normalize"]["low"], told["normalize"]["high"]) == (1.0, 99.8)
    assert "prominence" in told["labels"]


def test_a_file_of_others_beside_the_network_stays(tmp_path: Path) -> None:
    model, beside = model_of(tmp_path, PLAIN), tmp_path / "cells.json"
    beside.write_text('{"settings": "of another program"}', encoding="utf-8")
    with pytest.raises(na.UserError, match=r"cells.json is there and says nothing of cells.pt"):
        na.export_model(model, tmp_path / "cells.pt")
    assert "another program" in beside.read_text(encoding="utf-8")
    assert not (tmp_path / "cells.pt").exists()


def test_what_is_told_beside_is_written_anew_with_its_network_only(tmp_path: Path) -> None:
    first = model_of(tmp_path, PLAIN)
    na.export_model(first, tmp_path / "cells.pt")
    (tmp_path / "other").mkdir()
    second = model_of(tmp_path / "other", DEEP)
    na.export_model(second, tmp_path / "cells.pt")  # both anew
    assert json.loads((tmp_path / "cells.json").read_text(encoding="utf-8"))["axes"] == "bczyx"
    (tmp_path / "cells.onnx").write_bytes(b"of the second, as if")
    with pytest.raises(na.UserError, match="choose another name"):
        na.export_model(first, tmp_path / "cells.pt")  # the other would be told of wrongly
    na.export_model(second, tmp_path / "cells.pt")


def test_a_package_has_what_bioimage_io_asks_for(tmp_path: Path) -> None:
    model, out = model_of(tmp_path, PLAIN), tmp_path / "mine.zip"
    done = na.export_model(model, out, authors=["A. Biologist"])
    assert not any("author" in note for note in done.notes)
    with zipfile.ZipFile(out) as archive:
        names = set(archive.namelist())
        assert {"rdf.yaml", "weights.pt", "README.md", "test_input.npy", "test_output.npy", "cover.png"} <= names
        assert archive.read("model.safetensors") == model.read_bytes()
        image = np.load(io.BytesIO(archive.read("test_input.npy")))
        maps = np.load(io.BytesIO(archive.read("test_output.npy")))
        assert b"A. Biologist" in archive.read("rdf.yaml")
        assert b"license: CC0-1.0" in archive.read("rdf.yaml")
    _, expected = here(model, image[0][:, None])
    assert np.abs(maps - flat(expected, 2)).max() < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("net", [PLAIN, DEEP])
def test_bioimageio_core_finds_the_same(net: NetSettings, tmp_path: Path) -> None:
    core = pytest.importorskip("bioimageio.core", reason="bioimageio.core is not installed")
    out = tmp_path / "mine.zip"
    na.export_model(model_of(tmp_path, net), out)
    summary = core.test_model(core.load_model_description(out))
    assert summary.status == "passed", summary.format()


@pytest.mark.parametrize(
    ("model", "out", "why"),
    [
        ("click-2d", "a.onnx", "asked by clicks"),
        ("nuclei-2d", "a.h5", "says no format"),
        ("nuclei-2d", "nowhere/a.pt", "There is no folder"),
        ("fresh", "a.pt", "There is no model fresh"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(model: str, out: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(na.UserError, match=why):
        na.export_model(model, tmp_path / out)
    assert not list(tmp_path.iterdir())


def test_a_missing_package_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_apprentice.engine.exporting.files.find_spec", lambda name: None)
    with pytest.raises(na.UserError, match=r"napari-apprentice\[export\]"):
        na.export_model(model_of(tmp_path, PLAIN), tmp_path / "mine.onnx")
