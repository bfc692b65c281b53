"""The representations there are."""

from __future__ import annotations

from typing import Literal

from napari_apprentice.data.representations.affinities import Affinities
from napari_apprentice.data.representations.depth_and_centre import DepthAndCentre
from napari_apprentice.data.representations.flows import Flows
from napari_apprentice.data.representations.log_distance import LogDistance
from napari_apprentice.data.representations.representation import Representation
from napari_apprentice.settings import RepresentationName


def representation(name: RepresentationName, dims: Literal[2, 3] = 2) -> Representation:
    """The representation of that name for a network of so many dimensions."""
    found: dict[RepresentationName, Representation] = {
        "log-distance": LogDistance(),
        "depth-and-centre": DepthAndCentre(),
        "flows": Flows(dims),
        "affinities": Affinities(dims),
    }
    return found[name]
