"""What is measured in a real window: the one room of the bench that knows Qt and napari."""
