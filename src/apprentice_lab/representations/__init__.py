"""Ways to say what is an object that were compared, beside those of the product, and are in no model."""

from __future__ import annotations

from typing import Literal

from apprentice_lab.representations.depth_and_centre import DepthAndCentre
from apprentice_lab.representations.flows import Flows
from apprentice_lab.representations.joined_basins import JoinedBasins
from napari_apprentice.data import representations as product
from napari_apprentice.data.representations import Representation

RepresentationName = Literal["log-distance", "depth-and-centre", "flows", "affinities", "joined-basins"]


def representation(name: str, dims: Literal[2, 3] = 2, outputs: int = 2) -> Representation:
    """The representation of that name, the lab's or the product's, as `napari_apprentice` gives it."""
    own: dict[str, Representation] = {
        "depth-and-centre": DepthAndCentre(),
        "flows": Flows(dims),
        "joined-basins": JoinedBasins(),
    }
    return own[name] if name in own else product.representation(name, dims, outputs)
