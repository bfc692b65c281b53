"""Measurements anyone can repeat; each writes results.json and plots."""
