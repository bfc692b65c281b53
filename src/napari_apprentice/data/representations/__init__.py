"""Ways to say what is an object in channels that a network can learn, each chosen by its name."""

from napari_apprentice.data.representations.representation import Representation
from napari_apprentice.data.representations.table import representation

__all__ = ["Representation", "representation"]
