"""*How well does it do?*: models evaluated on the current image, in a dock below the canvas."""

NAME = "How well does it do?"
