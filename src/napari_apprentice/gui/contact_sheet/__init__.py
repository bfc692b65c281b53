"""*Page*: small pictures of the most doubtful objects side by side, over the canvas."""
