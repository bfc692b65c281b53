"""Trials that try to break the product: each is a file that says how often it tried, and what failed."""
