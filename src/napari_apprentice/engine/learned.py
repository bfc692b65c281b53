"""What *Live* learned, as a model file keeps it beside the network: a linear model of features (`features`).

In the file are four tensors more, under names that no network has; which features they belong to, and what the answers
mean, says the header (`data.models.LearnedLive`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import torch

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import ModelHeader, outputs_of
from napari_apprentice.engine import filters
from napari_apprentice.settings import DecodeSettings

PREFIX = "live."
MOST_COLOURS = 4  # channels of an image that filters are computed of
_COARSEST = {True: 4, False: 8}  # pixels that a map of the way down, and of the way up, may stand for
_DECODE = DecodeSettings(foreground=0.5, prominence=0.4, confidence=0.5)
_SMALLEST = 0.2  # of the area of the usual object
_LEAST = 20  # pixels
_SHARP = 8.0  # how much a class that scores 1 more than another is more probable, as a logarithm


@dataclass(frozen=True, eq=False)
class Ranges:
    """The middle of each feature (F), and how far it usually is from that."""

    middle: torch.Tensor
    width: torch.Tensor


@dataclass(frozen=True, eq=False)
class Learned:
    """Answers are ``weights`` (F, K) times features, which are brought to ``ranges`` first, and ``bias`` (K)."""

    ranges: Ranges
    weights: torch.Tensor
    bias: torch.Tensor

    def tensors(self) -> dict[str, torch.Tensor]:
        """As they lie in a file."""
        named = {"middle": self.ranges.middle, "width": self.ranges.width, "weights": self.weights, "bias": self.bias}
        return {PREFIX + name: tensor.contiguous() for name, tensor in named.items()}

    @classmethod
    def of(cls, tensors: Mapping[str, torch.Tensor], features: int, answers: int) -> Self:
        """From those of a file; ValueError when there are others, or not as many as the header says."""
        shapes = {"middle": (features,), "width": (features,), "weights": (features, answers), "bias": (answers,)}
        found = {name.removeprefix(PREFIX): tensor for name, tensor in tensors.items() if name.startswith(PREFIX)}
        if {name: tuple(tensor.shape) for name, tensor in found.items()} != shapes:
            raise ValueError("what Live learned does not fit the network")
        middle, width, weights, bias = (found[name].float() for name in shapes)
        if not bool((width > 0).all()):
            raise ValueError("a range has no width")
        return cls(Ranges(middle, width), weights, bias)


def levels(net: NetSettings) -> tuple[str, ...]:
    """The maps whose values are features: the fine ones, and those of the way up, but no gates."""
    found = []
    for one in net.maps:
        stride = max(net.strides[one.level][1:])
        is_down = one.name.startswith(("encoder", "bottleneck"))
        if stride <= _COARSEST[is_down] and not one.name.startswith(("gate", "codes")):
            found.append(one.name)
    return tuple(found)


def feature_count(net: NetSettings, colours: int) -> int:
    """How many features there are: inputs and maps of a network, and filters of so many channels of an image."""
    channels = {one.name: one.channels for one in net.maps}
    return net.in_channels + sum(channels[name] for name in levels(net)) + colours * filters.COUNT


def answers_of(scores: torch.Tensor, header: ModelHeader) -> torch.Tensor:
    """Scores (K, y, x) of what is known as what the channels of the model mean (outputs, y, x)."""
    if header.kind == "instances":
        return foreground_and_distance(scores)
    found = torch.zeros(outputs_of(header), *scores.shape[1:])
    values = () if header.live is None else header.live.values
    found[list(values)] = torch.softmax(_SHARP * scores, dim=0)
    return found


def foreground_and_distance(scores: torch.Tensor) -> torch.Tensor:
    """Both (2, y, x) within their limits; in place."""
    scores.clamp_min_(0)
    scores[0].clamp_max_(1)
    return scores


def decode_for(diameter: float) -> DecodeSettings:
    """How objects are told apart that are usually so wide, in pixels of the image."""
    area = math.pi * diameter**2 / 4
    return _DECODE.model_copy(update={"min_size": round(max(_LEAST, _SMALLEST * area))})
