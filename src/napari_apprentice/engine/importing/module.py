"""A module of PyTorch, given from Python: with its description it becomes a model of ours, else it is run as ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import ModelHeader, representation_of
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.importing.torchscript import exported
from napari_apprentice.engine.nets import Net, build
from napari_apprentice.errors import UserError
from napari_apprentice.settings import ClassName, Kind, NormalizeSettings

_SAME = 1e-4


def write(
    path: Path,
    module: nn.Module,
    network: NetSettings,
    *,
    kind: Kind,
    representation: str,
    classes: tuple[ClassName, ...],
    logarithm: bool,
) -> ModelHeader:
    """A model file of ours with the weights of a module that computes what ``network`` describes.

    Weights are taken by their names, or else in their order where shapes agree; that both compute the same is looked
    at. `UserError` where they do not.
    """
    normalize = NormalizeSettings() if logarithm else NormalizeSettings(gain=0.0)
    if network.in_channels % normalize.inputs_per_channel:
        raise UserError("With logarithms a network takes two inputs for each channel: give one with an even number.")
    header = ModelHeader(
        id=path.stem,
        name=path.stem,
        kind=kind,
        representation=representation,
        classes=classes,
        net=network,
        normalize=normalize,
        image_channels=network.in_channels // normalize.inputs_per_channel,
        notes=f"from a module of PyTorch ({type(module).__name__})",
    )
    representation_of(header)
    net = build(network)
    _load(net, module)
    _refuse_others(net, module)
    checkpoint.save(path, header, net)
    return header


def as_onnx(module: nn.Module, channels: int, dims: int) -> bytes:
    """Any module as ONNX, for images (B, C, Y, X) or (B, C, Z, Y, X) of any size."""
    try:
        return exported(
            module.eval(), torch.zeros((1, channels, *(64,) * dims) if dims == 2 else (1, channels, 16, 64, 64))
        )
    except Exception as error:  # as many kinds as there are reasons
        why = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
        raise UserError(f"No ONNX can be made of the module ({why}): export it yourself, and import that.") from error


def _load(net: Net, module: nn.Module) -> None:
    own, theirs = net.state_dict(), module.state_dict()
    if set(own) != set(theirs):
        own = {name: value for name, value in own.items() if value.ndim}
        given = [value for value in theirs.values() if value.ndim]
        if [one.shape for one in own.values()] != [one.shape for one in given]:
            raise UserError(
                f"The weights of the module do not fit the network that is described ({len(given)} tensors, and "
                f"{len(own)} of the description, in their order): describe it as it is, or import it without."
            )
        theirs = dict(zip(own, given, strict=True))
    try:
        net.load_state_dict(theirs, strict=False)
    except RuntimeError as error:
        raise UserError(
            "The weights of the module do not fit the network that is described: describe it as it is."
        ) from error


def _refuse_others(net: Net, module: nn.Module) -> None:
    """Both have to say the same of an image."""
    net.eval()
    was_training = module.training
    module.eval()
    size = [max(16, 2 * m) // m * m for m in net.settings.multiple]
    x = torch.rand((1, net.settings.in_channels, *size), generator=torch.Generator().manual_seed(0))
    flat: Any = x[:, :, 0] if net.settings.dims == 2 else x
    try:
        with torch.inference_mode():
            expected, found = module(flat), net.same_size(flat)[-1]
        same = expected.shape == found.shape and torch.allclose(expected, found, rtol=_SAME, atol=_SAME)
    except RuntimeError as error:
        raise UserError(f"The module cannot be run on an image ({str(error).splitlines()[0][:160]}).") from error
    finally:
        module.train(was_training)
    if not same:
        raise UserError("The module computes something else than the network that is described: describe it as it is.")
