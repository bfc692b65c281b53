"""Segmenting images that memory cannot hold: `plan` decides, `parts` does one piece, `run` does them all."""
