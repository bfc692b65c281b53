"""Tools on the image: brushes, approval, click a cell."""
