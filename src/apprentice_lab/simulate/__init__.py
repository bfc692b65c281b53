"""Plausible microscopy with known truth: shapes, then optics, then a camera. Everything follows from a seed."""
