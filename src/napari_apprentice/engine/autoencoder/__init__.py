"""Auto-encoders of images that nobody has annotated: taught, written as a model file, and asked for codes."""

from napari_apprentice.engine.autoencoder.model import repeat, train

__all__ = ["repeat", "train"]
