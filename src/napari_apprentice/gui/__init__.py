"""The panel in napari: the only room that knows Qt and napari."""
