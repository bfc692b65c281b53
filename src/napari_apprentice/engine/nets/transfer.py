"""What something else has taught: an encoder (an auto-encoder's, another model's, VGG-16's), or all but the heads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from napari_apprentice.data.models import read_header
from napari_apprentice.data.weights import check_weights
from napari_apprentice.engine.nets.net import Net
from napari_apprentice.errors import UserError

State = dict[str, torch.Tensor]

_CONVOLUTIONS = (nn.Conv2d, nn.Conv3d)
_NORMS = (nn.BatchNorm2d, nn.BatchNorm3d)


def load_encoder(net: Net, path: str | Path) -> int:
    """Start a network's way down with the weights in a file; returns how many tensors were taken over.

    ``.safetensors``: a model of ours, whose ``down`` and ``bottleneck`` must be as wide and see as many channels.
    ``.pth``, ``.pt``: a state dict of VGG-16 with or without batch norm, in the names that torchvision gives
    (Simonyan & Zisserman, ICLR 2015), for nets with its convolutions: FCN and SegNet. Raises `UserError` when the
    weights do not fit; the network is unchanged then.
    """
    path = Path(path)
    own = net.state_dict()
    found = _of_model(net, path) if path.suffix == ".safetensors" else dict(_of_vgg(net, _read_state(path), path))
    for name, tensor in found.items():
        if tensor.shape != own[name].shape:
            raise UserError(
                f"The encoder in {path.name} does not fit ({name}: {_words(tensor)}, here {_words(own[name])}): "
                f"choose the width it was made with."
            )
    net.load_state_dict({**own, **found})
    return len(found)


def load_all_but_heads(net: Net, other: Net) -> None:
    """Take over what `other` knows, a network of the same parts whose answers mean something else.

    Foreground is the first answer of both: it is taken over, too.
    """
    found = net.state_dict()
    for name, tensor in other.state_dict().items():
        own, answers = found[name], name.startswith("head.")
        sizes = enumerate(zip(own.shape, tensor.shape, strict=True))
        first = tuple(0 if n != m or (answers and axis == 0) else slice(None) for axis, (n, m) in sizes)
        own[first] = tensor[first]
    net.load_state_dict(found)


def _of_model(net: Net, path: Path) -> State:
    """The way down of a model of ours, in 2D or 3D as this net is."""
    header, own = read_header(path), net.settings
    if header.net.dims != own.dims:
        raise UserError(f"The encoder in {path.name} is {header.net.dims}D and this network {own.dims}D.")
    if header.net.in_channels != own.in_channels:
        raise UserError(
            f"The encoder in {path.name} sees {header.net.in_channels} inputs and this network {own.in_channels}: "
            "use images with as many channels."
        )
    check_weights(path)
    mine = net.state_dict()
    found = {_name_in(net, name): tensor.float() for name, tensor in load_file(str(path)).items() if _is_down(name)}
    if not found or any(name not in mine for name in found):
        raise UserError(
            f"The encoder in {path.name} is built otherwise ({header.net.preset}, {header.net.block} blocks): "
            "choose a network with the same blocks."
        )
    return found


def _is_down(name: str) -> bool:
    return name.startswith(("down.", "bottleneck.", "pool."))


def _name_in(net: Net, name: str) -> str:
    """U-Net++ calls its encoder the first column of its nodes."""
    if net.settings.skip != "nested":
        return name
    part, rest = name.split(".", 1)
    if part == "down":
        level, rest = rest.split(".", 1)
        return f"node.{level}-0.{rest}"
    return f"node.{net.settings.depth}-0.{rest}" if part == "bottleneck" else name


def _read_state(path: Path) -> State:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a file that is none of its own
        raise UserError(f"{path} cannot be read as weights: choose a state dict saved by torch (.pth).") from error
    if not isinstance(state, dict) or not any(str(name).startswith("features.") for name in state):
        raise UserError(f"{path.name} holds no VGG-16: choose a state dict with features.0.weight and so on.")
    tensors = {str(name): tensor.float() for name, tensor in state.items() if isinstance(tensor, torch.Tensor)}
    if not all(tensor.isfinite().all() for tensor in tensors.values()):
        raise UserError(f"{path.name} has weights that are no numbers (NaN or infinite): choose another state dict.")
    return tensors


def _of_vgg(net: Net, state: State, path: Path) -> Iterator[tuple[str, torch.Tensor]]:
    """The convolutions of VGG in their order; its fully connected layers where the net has them as convolutions."""
    if net.settings.dims != 2:
        raise UserError("VGG-16 is a 2D network: it cannot start a 3D one.")
    theirs = [name.removesuffix(".weight") for name, t in state.items() if name.endswith(".weight") and t.ndim == 4]
    ours = [(name, module) for name, module in net.named_modules() if _is_3x3(name, module)]
    if len(theirs) != len(ours):
        raise UserError(
            f"{path.name} has {len(theirs)} convolutions and this network {len(ours)} on its way down: "
            "choose fcn-32s, fcn-16s, fcn-8s or segnet."
        )
    norms = [name for name, module in net.named_modules() if name.startswith("down.") and isinstance(module, _NORMS)]
    for i, (source, (name, conv)) in enumerate(zip(theirs, ours, strict=True)):
        weight, bias = state[f"{source}.weight"], state[f"{source}.bias"]
        yield f"{name}.weight", _for_inputs(weight, conv.get_parameter("weight").shape[1]) if i == 0 else weight
        if norms:
            yield from _norm(state, source, bias, norms[i])
        else:
            yield f"{name}.bias", bias
    if net.settings.decoder == "scores":
        yield from _fully_connected(net, state)


def _is_3x3(name: str, module: nn.Module) -> bool:
    return name.startswith("down.") and isinstance(module, _CONVOLUTIONS) and module.kernel_size[-1] == 3


def _for_inputs(weight: torch.Tensor, count: int) -> torch.Tensor:
    """The first kernels for another number of channels than red, green, blue: their mean, as loud in all."""
    if weight.shape[1] == count:
        return weight
    return weight.mean(dim=1, keepdim=True).expand(-1, count, -1, -1) * (weight.shape[1] / count)


def _norm(state: State, source: str, bias: torch.Tensor, name: str) -> Iterator[tuple[str, torch.Tensor]]:
    """Batch norm behind a convolution: VGG's own, or one that only adds the bias our convolution does not have."""
    head, number = source.rsplit(".", 1)
    theirs = f"{head}.{int(number) + 1}"
    if f"{theirs}.running_mean" not in state:
        yield f"{name}.bias", bias
        return
    for part in ("weight", "bias", "running_var"):
        yield f"{name}.{part}", state[f"{theirs}.{part}"]
    yield f"{name}.running_mean", state[f"{theirs}.running_mean"] - bias


def _fully_connected(net: Net, state: State) -> Iterator[tuple[str, torch.Tensor]]:
    """A fully connected layer on a map is a convolution as large as the map."""
    layers = [(n, m) for n, m in net.named_modules() if n.startswith("bottleneck.") and isinstance(m, _CONVOLUTIONS)]
    for source, (name, conv) in zip(("classifier.0", "classifier.3"), layers, strict=True):
        if f"{source}.weight" in state:
            kernel, weight = conv.kernel_size, state[f"{source}.weight"]
            yield f"{name}.weight", weight.reshape(weight.shape[0], -1, *kernel)
            yield f"{name}.bias", state[f"{source}.bias"]


def _words(tensor: torch.Tensor) -> str:
    return " x ".join(map(str, tensor.shape))
