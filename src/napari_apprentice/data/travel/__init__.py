"""Models on their way to other programs and from there: what is told beside a network, and how files say it."""

from napari_apprentice.data.travel.told import KEY, Told, told_of

__all__ = ["KEY", "Told", "told_of"]
