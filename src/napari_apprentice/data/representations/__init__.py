"""Ways to say what is where in channels that a network can learn, each chosen by its name."""

from napari_apprentice.data.representations.elsewhere import elsewhere
from napari_apprentice.data.representations.instances import InstanceRepresentation
from napari_apprentice.data.representations.representation import NUMBER, Channel, Meaning, Representation
from napari_apprentice.data.representations.table import REPRESENTATIONS, USUAL, representation

__all__ = [
    "NUMBER",
    "REPRESENTATIONS",
    "USUAL",
    "Channel",
    "InstanceRepresentation",
    "Meaning",
    "Representation",
    "elsewhere",
    "representation",
]
