"""Networks, built from the settings in a model's header."""
