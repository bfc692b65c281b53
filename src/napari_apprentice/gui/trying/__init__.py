"""*Try all on what I see*: what each model makes of the field, side by side in a dock below the canvas."""

NAME = "Models tried on what you see"
