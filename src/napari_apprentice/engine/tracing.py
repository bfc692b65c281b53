"""A network as an ONNX graph, by tracing it on one image."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from napari_apprentice.data.travel.told import INPUT, OUTPUT

EXTRA = 'pip install "napari-apprentice[export]"'  # has what reads, writes and runs ONNX
OPSET = 17  # of 2022: older programs read it, too


def traced(net: Any, image: torch.Tensor, sizes: Mapping[int, str]) -> bytes:
    """The content of an ONNX file with one input and one output, whose axes in ``sizes`` may have any length.

    What goes wrong is raised as it comes: there are as many kinds as reasons.
    """
    content: Any = io.BytesIO()
    with quietly():
        torch.onnx.export(
            net,
            (image,),
            content,
            dynamo=False,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: dict(sizes), OUTPUT: dict(sizes)},
            opset_version=OPSET,
        )
    return bytes(content.getvalue())


@contextmanager
def quietly() -> Iterator[None]:
    """Without what torch says about tracing, and without gradients."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        yield
