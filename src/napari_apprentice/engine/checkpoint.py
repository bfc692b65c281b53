"""A model in one file: safetensors with a readable JSON header. Reading it never executes code."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import nn

from napari_apprentice.data.models import (
    METADATA_KEY,
    ModelHeader,
    header_text,
    read_header,
    why_not_known,
    without_live,
)
from napari_apprentice.data.storage import disk
from napari_apprentice.data.storage.atomic_write import atomic_write
from napari_apprentice.data.weights import check_weights
from napari_apprentice.engine.elsewhere import ElsewhereNet
from napari_apprentice.engine.learned import PREFIX, Learned, feature_count
from napari_apprentice.engine.nets import Net, build
from napari_apprentice.engine.prompts.inputs import PROMPTS
from napari_apprentice.errors import UserError

GRAPH = "onnx"  # the tensor of bytes that is a network made elsewhere


class Loaded(NamedTuple):
    """All that is in a model file; ``learned`` where *Live* learned something."""

    header: ModelHeader
    net: Net
    learned: Learned | None


def save(
    path: str | Path, header: ModelHeader, net: nn.Module, learned: Learned | None = None, *, half: bool = False
) -> None:
    """Write header and weights; whatever happens, `path` is the old file or the whole new one.

    With `half` the weights are stored as float16: half the size, for files that travel.
    """
    if (header.live is None) != (learned is None):
        raise ValueError("what Live learned has to be in the header and beside the network, or in neither")
    path = Path(path)
    tensors = {name: _stored(tensor, half=half) for name, tensor in net.state_dict().items()}
    if learned is not None:
        tensors |= {name: _stored(tensor, half=False) for name, tensor in learned.tensors().items()}
    write(path, to_bytes(tensors, metadata={METADATA_KEY: header_text(header)}))


def load(path: str | Path) -> tuple[ModelHeader, Net]:
    """Header and network for use (float32, `eval`); `UserError` for a missing, damaged or foreign file, or NaN."""
    header, net, _ = load_whole(path)
    return header, net


def load_whole(path: str | Path) -> Loaded:
    """The same, with what *Live* learned."""
    header = read_header(path)
    if why_not := why_not_known(header, "it cannot be taught, cut or exported"):
        raise UserError(why_not)
    misfit = f"The weights in {path} do not fit its header or are damaged: copy the model again."
    if header.net.parameters > Path(path).stat().st_size:  # a header must not make us allocate what is not there
        raise UserError(misfit)
    net = build(header.net)
    check_weights(path)
    try:
        tensors = {name: _used(tensor) for name, tensor in load_file(str(path)).items()}
        learned = None
        if header.live is not None:
            answers = 2 if header.kind == "instances" else len(header.live.values)
            learned = Learned.of(tensors, feature_count(header.net, header.live.colours), answers)
            tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith(PREFIX)}
        net.load_state_dict(tensors)
    except (SafetensorError, OSError, RuntimeError, ValueError) as error:
        raise UserError(misfit) from error
    net.eval()
    return Loaded(header, net, learned)


def load_to_predict(path: str | Path) -> tuple[ModelHeader, nn.Module, Learned | None]:
    """The same of any model, also of a network that was made elsewhere, which can do nothing but that."""
    header = read_header(path)
    if header.elsewhere is None:
        return load_whole(path)
    try:
        graph = load_file(str(path))[GRAPH].numpy().tobytes()
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise UserError(f"The network in {path} cannot be read: import the model again.") from error
    return header, ElsewhereNet(header, graph), None


def save_elsewhere(path: str | Path, header: ModelHeader, graph: bytes) -> None:
    """Write a network that was made elsewhere, an ONNX graph, as a model file."""
    path = Path(path)
    tensor = torch.frombuffer(bytearray(graph), dtype=torch.uint8)
    content = to_bytes({GRAPH: tensor}, metadata={METADATA_KEY: header_text(header)})
    write(path, content)


def refuse_inputs(header: ModelHeader, path: str | Path) -> None:
    """`UserError` when a network takes another number of inputs than are made of the channels of its images."""
    told = PROMPTS if header.kind == "prompts" else 0
    seen = without_live(header).image_channels
    made, taken = seen * header.normalize.inputs_per_channel + told, header.net.in_channels
    if made != taken:
        raise UserError(
            f"The header of the model {path} does not fit its network ({taken} inputs, of which {made} are made of an "
            "image): copy the model again, or choose another one."
        )


def write(path: Path, content: bytes) -> None:
    """Write a file of a model, whole or as it was; `UserError` when the disk refuses."""
    try:
        with atomic_write(path) as part:
            part.write_bytes(content)
    except OSError as error:
        raise disk.refusal(error, path, len(content), "the model") from error


def _stored(tensor: torch.Tensor, *, half: bool) -> torch.Tensor:
    tensor = tensor.detach().to("cpu")
    return (tensor.half() if half and tensor.is_floating_point() else tensor).contiguous()


def _used(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor
