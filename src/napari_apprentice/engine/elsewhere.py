"""A network that was made elsewhere: an ONNX graph, run by onnxruntime on the processor.

A graph is data: sums and products that onnxruntime knows. It cannot name files, nor bring code; what could is refused
(`open_graph`).
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import nn

from napari_apprentice.data.models import MadeElsewhere, ModelHeader
from napari_apprentice.data.representations.elsewhere import is_near
from napari_apprentice.engine.tracing import EXTRA
from napari_apprentice.errors import UserError

_DOMAINS = {"", "ai.onnx", "ai.onnx.ml", "com.microsoft"}


class ElsewhereNet(nn.Module):
    """Takes (B, C, Z, Y, X) of any size and gives what its channels mean, (B, K, Z, Y, X)."""

    def __init__(self, header: ModelHeader, graph: bytes) -> None:
        super().__init__()
        if header.elsewhere is None:
            raise ValueError("the network was not made elsewhere")
        self._of = header.elsewhere
        self._dims = header.net.dims
        self._graph = open_graph(graph, header.name)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """One after the other: many graphs take one image at a time."""
        images = x.detach().float().cpu().numpy()
        found = np.stack([self._maps(one) for one in images])
        return torch.from_numpy(found).to(x.device)

    def _maps(self, image: np.ndarray) -> np.ndarray:
        """Maps (K, Z, Y, X) of an image (C, Z, Y, X)."""
        if self._dims == 3:
            return taken(self._of, self._run(image))
        return np.stack([taken(self._of, self._run(image[:, z : z + 1]))[:, 0] for z in range(image.shape[1])], axis=1)

    def _run(self, image: np.ndarray) -> np.ndarray:
        return run_graph(self._graph, self._of, image)


def open_graph(graph: bytes, name: str) -> Any:
    """A graph ready to run; `UserError` where onnxruntime is missing or the graph is none that may be run."""
    for package in ("onnx", "onnxruntime"):
        if find_spec(package) is None:
            raise UserError(f"To run {name}, which is ONNX, the package {package} is missing: {EXTRA}.")
    import onnx
    import onnxruntime

    damaged = f"{name} is no ONNX model, or damaged: choose another file."
    try:
        model = onnx.load_from_string(graph)
    except Exception as error:  # protobuf's own kinds
        raise UserError(damaged) from error
    refuse_foreign(model, name)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what it says of a failure is in the sentence that we say
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own kinds
        raise UserError(
            f"onnxruntime cannot run {name} ({str(error).splitlines()[0][:160]}): choose another file."
        ) from error


def refuse_foreign(model: Any, name: str) -> None:
    """`UserError` for a graph that reads files, or has operators that are not those of ONNX."""
    tensors = [
        *model.graph.initializer,
        *(a.t for node in _nodes(model.graph) for a in node.attribute if a.HasField("t")),
    ]
    if any(tensor.external_data for tensor in tensors):
        raise UserError(f"{name} keeps its weights in other files: save it as one file, with them inside.")
    domains = {one.domain for one in model.opset_import} | {node.domain for node in _nodes(model.graph)}
    if model.functions or domains - _DOMAINS:
        other = ", ".join(sorted(domains - _DOMAINS)) or "functions"
        raise UserError(f"{name} has operators that are not those of ONNX ({other[:80]}): it is not run.")


def _nodes(graph: Any) -> list[Any]:
    found = list(graph.node)
    for node in graph.node:
        for one in node.attribute:
            if one.HasField("g"):
                found += _nodes(one.g)
    return found


def run_graph(graph: Any, of: MadeElsewhere, image: np.ndarray) -> np.ndarray:
    """Their channels (N, Z, Y, X) of an image (C, Z, Y, X): mirrored up to a size that the graph takes."""
    size = image.shape[1:]
    before = [n // 2 for n in of.lost]
    wanted = [
        _fitting(n + lost, least, step)
        for n, lost, least, step in zip(size, of.lost, of.smallest, of.steps, strict=True)
    ]
    after = [w - n - b for w, n, b in zip(wanted, size, before, strict=True)]
    wide = np.pad(image, [(0, 0), *zip(before, after, strict=True)], mode="symmetric")
    found = run_once(graph, of, wide)
    maps = from_axes(np.asarray(found, np.float32), of.output_axes)
    given = tuple(w - lost for w, lost in zip(wanted, of.lost, strict=True))
    if maps.ndim != 4 or maps.shape[1:] != given:
        raise UserError(
            f"The network gives maps of {maps.shape[1:]} of an image of {tuple(wanted)}: it cannot be used here."
        )
    return maps[:, : size[0], : size[1], : size[2]]


def run_once(graph: Any, of: MadeElsewhere, image: np.ndarray, options: Any = None) -> Any:
    """What a graph gives of an image (C, Z, Y, X) as it is; `UserError` where it cannot be run on it."""
    try:
        return graph.run([of.output], {of.input: to_axes(image, of.axes)}, options)[0]
    except Exception as error:  # onnxruntime's own kinds
        why = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise UserError(
            f"The network cannot be run on an image of {image.shape[1:]} ({why}): import it again, with --axes if they "
            "are others, or choose another model."
        ) from error


def taken(of: MadeElsewhere, maps: np.ndarray) -> np.ndarray:
    """Our channels of theirs (N, Z, Y, X)."""
    if max(i for i, _ in of.takes) >= len(maps):
        raise UserError(f"The network gives {len(maps)} maps, fewer than are told: import it again.")
    if of.activation == "sigmoid":
        maps = 1 / (1 + np.exp(-np.clip(maps, -80, 80)))
    elif of.activation == "softmax":
        maps = np.exp(maps - maps.max(axis=0, keepdims=True))
        maps /= maps.sum(axis=0, keepdims=True)
    named = [maps[i] if i >= 0 else _of_neighbours(of, maps) for i, _ in of.takes]
    found = [1 - one if inverted else one for one, (_, inverted) in zip(named, of.takes, strict=True)]
    return np.asarray(np.stack(found), np.float32)


def _of_neighbours(of: MadeElsewhere, maps: np.ndarray) -> np.ndarray:
    """Of affinities without foreground: how surely a voxel belongs to its neighbours."""
    pairs = [(i, inverted) for i, inverted in of.takes if i >= 0][-len(of.offsets) :]
    near = [
        1 - maps[i] if inverted else maps[i]
        for (i, inverted), offset in zip(pairs, of.offsets, strict=True)
        if is_near(offset)
    ]
    return np.asarray(np.mean(near, axis=0))


def to_axes(image: np.ndarray, axes: str) -> np.ndarray:
    """An image (C, Z, Y, X) in the order of ``axes``, where there may be no z and no batch."""
    order, found = "bczyx", image[None]
    for letter in "bz":
        if letter not in axes:
            found = np.take(found, 0, axis=order.index(letter))
            order = order.replace(letter, "")
    if "c" not in axes:
        found = np.take(found, 0, axis=order.index("c"))
        order = order.replace("c", "")
    return np.ascontiguousarray(found.transpose([order.index(letter) for letter in axes]), dtype=np.float32)


def from_axes(maps: np.ndarray, axes: str) -> np.ndarray:
    """Maps (N, Z, Y, X) from the order of ``axes``."""
    if maps.ndim != len(axes):
        raise UserError(f"The network gives maps with {maps.ndim} axes where {axes} are told: it cannot be used here.")
    order = axes
    for letter in "bczyx":
        if letter not in order:
            maps, order = maps[None], letter + order
    found = maps.transpose([order.index(letter) for letter in "bczyx"])
    if found.shape[0] != 1:
        raise UserError(f"The network gives {found.shape[0]} maps of one image: it cannot be used here.")
    return np.asarray(found[0])


def _fitting(length: int, least: int, step: int) -> int:
    """The smallest length from ``length`` on that a graph takes."""
    if step == 0:
        if length > least:
            raise UserError(f"The network takes {least} pixels at once, not {length}: choose a tile of {least}.")
        return least
    return least + step * max(0, -(-(length - least) // step))


def finite_or_refuse(maps: Sequence[np.ndarray], name: str) -> None:
    """`UserError` for a network that gives no numbers."""
    if not all(np.isfinite(one).all() for one in maps):
        raise UserError(f"{name} gives no numbers (NaN or infinity) on a plain image: choose another model.")
