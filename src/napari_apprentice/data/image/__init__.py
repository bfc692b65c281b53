"""Images: axes, channels, spacing, and reading what is needed of them."""
