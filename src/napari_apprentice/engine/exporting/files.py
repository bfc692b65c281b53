"""A travelling network as a file: ONNX, which many programs run, or TorchScript, for which torch alone is enough."""

from __future__ import annotations

import io
from importlib.util import find_spec
from typing import Any

import torch

from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.travel.told import INPUT, KEY, OUTPUT, Told
from napari_apprentice.engine.exporting.graph import Travelling, example
from napari_apprentice.engine.tracing import EXTRA, quietly, traced
from napari_apprentice.errors import UserError

_SIZES = "zyx"


def torchscript(header: ModelHeader, net: Travelling, told: Told | None = None) -> bytes:
    """The content of a TorchScript file, for images of any size that the network takes; ``told`` lies inside.

    `UserError` for a network that cannot be traced.
    """
    if header.net.up == "max-unpool":
        raise UserError(
            f"{header.name} puts values back where their maximum was, which TorchScript cannot trace: choose ONNX."
        )
    with quietly():
        traced = torch.jit.trace(net, example(header), check_trace=False)
    content = io.BytesIO()
    torch.jit.save(traced, content, _extra_files={} if told is None else {f"{KEY}.json": told.text()})
    return content.getvalue()


def onnx(header: ModelHeader, net: Travelling, told: Told) -> bytes:
    """The content of an ONNX file, its sizes dynamic, with what is ``told`` in its metadata.

    `UserError` where the packages for it are missing. By tracing (`dynamo=False`), which takes a second where
    `torch.export` takes ten, and by that where tracing cannot (max-unpooling), or is no more.
    """
    if find_spec("onnx") is None:
        raise UserError(f"To write ONNX the package onnx is missing: {EXTRA}.")
    image = example(header)
    names = {0: "batch", **dict(enumerate(_SIZES[5 - image.ndim :], 2))} if header.net.size is None else {0: "batch"}
    try:
        content = traced(net, image, names)
    except Exception as error:  # as many kinds as there are reasons
        if find_spec("onnxscript") is None:
            raise UserError(f"To write {header.name} as ONNX the package onnxscript is missing: {EXTRA}.") from error
        content = _exported(net, image, names)
    return _with_metadata(content, told)


def _exported(net: Travelling, image: torch.Tensor, names: dict[int, str]) -> bytes:
    dynamic: Any = torch.export.Dim.DYNAMIC
    with quietly():
        program: Any = torch.onnx.export(
            net,
            (image.repeat(2, *(1,) * (image.ndim - 1)),),  # a batch of one would be taken for all there is
            dynamo=True,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=(dict.fromkeys(names, dynamic),),
            verbose=False,
        )
    return bytes(program.model_proto.SerializeToString())


def _with_metadata(content: bytes, told: Told) -> bytes:
    import onnx

    model = onnx.load_from_string(content)
    model.producer_name = told.made_by
    onnx.helper.set_model_props(model, {KEY: told.text()})
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def answer(to: str, content: bytes, image: Any) -> Any:
    """What a file says of an image, as another program would run it; None where nothing here runs it."""
    if to == "torchscript":
        with torch.inference_mode():
            return torch.jit.load(io.BytesIO(content))(torch.from_numpy(image)).numpy()
    if find_spec("onnxruntime") is None:
        return None
    import onnxruntime

    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"]).run(None, {INPUT: image})[0]
