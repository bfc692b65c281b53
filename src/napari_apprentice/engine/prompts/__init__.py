"""A network that is asked for one object: clicks, a box and the mask so far go in beside the image."""
