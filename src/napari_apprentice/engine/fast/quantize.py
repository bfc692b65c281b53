"""Convolutions in 8 bits: where numbers are rounded, and over which range, seen on a few tiles.

Post-training quantisation (Jacob et al., CVPR 2018): weights are rounded channel by channel, activations map by map.
A rounded map goes through pooling and concatenation as it is, so the place to round is above them::

    conv -> ReLU -> [round] -> max pool -> conv           maps that meet in a concatenation share one range,
                       |-----> concatenate -> conv        or the processor would have to scale them first

OpenVINO finds the rounding nodes when it compiles, and computes in 8 bits between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from napari_apprentice.engine.fast.runtime import core, openvino

Range = tuple[float, float]

_OUTPUTS = {"Convolution": 0, "ConvolutionBackpropData": 1}  # the axis of output channels in the weights
_ROUNDED = (*_OUTPUTS, "Interpolate")
_THROUGH = ("Concat", "MaxPool", "Unsqueeze", "Squeeze", "Gather", "Reshape", "Transpose", "DepthToSpace", "Slice")
_LEVELS = 256
_WEIGHT_LEVELS = 255  # -127 to 127
_TINY = 1e-6


def quantize(model: Any, tiles: Sequence[np.ndarray]) -> Any:
    """A copy of an exported model that computes in 8 bits, its ranges seen on ``tiles`` (1, C, z, y, x)."""
    ranges = _ranges(model, tiles)
    rounded = model.clone()
    for group in _groups(rounded):
        low = min(ranges[_name(place)][0] for place in group)
        high = max(ranges[_name(place)][1] for place in group)
        for place in group:
            _round_map(place, low, high)
    for node in rounded.get_ordered_ops():
        if node.get_type_name() in _OUTPUTS and node.input_value(1).get_node().get_type_name() == "Constant":
            _round_weights(node, _OUTPUTS[node.get_type_name()])
    rounded.validate_nodes_and_infer_types()
    return rounded


def _groups(model: Any) -> list[list[Any]]:
    """Maps to be rounded; those in one group share their range."""
    groups: list[dict[str, Any]] = []
    for node in model.get_ordered_ops():
        if node.get_type_name() not in _ROUNDED:
            continue
        found = {_name(place): place for place in _above(node.input_value(0))}
        for met in [group for group in groups if group.keys() & found.keys()]:
            groups.remove(met)
            found |= met
        groups.append(found)
    return [list(group.values()) for group in groups]


def _above(place: Any) -> Iterator[Any]:
    """Where the values that arrive here were computed."""
    node = place.get_node()
    if node.get_type_name() not in _THROUGH:
        yield place
        return
    for i in range(node.get_input_size() if node.get_type_name() == "Concat" else 1):
        yield from _above(node.input_value(i))


def _ranges(model: Any, tiles: Sequence[np.ndarray]) -> dict[str, Range]:
    """Lowest and highest value of every map to be rounded, as the mean over tiles: outliers may saturate."""
    ov = openvino()
    watched = model.clone()
    names = []
    for place in [place for group in _groups(watched) for place in group]:
        axes = np.arange(len(place.get_partial_shape()), dtype=np.int64)
        low, high = ov.opset13.reduce_min(place, axes), ov.opset13.reduce_max(place, axes)
        names.append(_name(place))
        watched.add_results([ov.opset13.result(low), ov.opset13.result(high)])
    run = core().compile_model(watched, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()
    seen = []
    for tile in tiles:
        found = run.infer({0: tile})
        seen.append([float(found[i]) for i in range(1, 1 + 2 * len(names))])
    values = np.mean(seen, axis=0).reshape(-1, 2)
    return {name: (float(low), float(high)) for name, (low, high) in zip(names, values, strict=True)}


def _round_map(place: Any, low: float, high: float) -> None:
    """Round a map where it is made, for all that use it; 0 stays 0."""
    if low >= 0:
        low, high = 0.0, max(high, _TINY)
    else:
        high = max(-low, high, _TINY)
        low = -high * (_LEVELS / 2) / (_LEVELS / 2 - 1)
    users = list(place.get_target_inputs())
    ends = [np.float32(low), np.float32(high)]
    node = openvino().opset13.fake_quantize(place, *ends, *ends, _LEVELS)
    for user in users:
        user.replace_source_output(node.output(0))


def _round_weights(node: Any, axis: int) -> None:
    """Round the weights of a convolution, each output channel over a range of its own."""
    weights = node.input_value(1).get_node().get_data()
    others = tuple(i for i in range(weights.ndim) if i != axis)
    high = np.maximum(np.abs(weights).max(axis=others, keepdims=True), _TINY).astype(np.float32)
    rounded = openvino().opset13.fake_quantize(node.input_value(1), -high, high, -high, high, _WEIGHT_LEVELS)
    node.input(1).replace_source_output(rounded.output(0))


def _name(place: Any) -> str:
    return f"{place.get_node().get_friendly_name()}:{place.get_index()}"
