"""Networks that learn from images of which all is known, for hours: what recipes and experiments are made of."""
