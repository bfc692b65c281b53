"""Scores that only the lab takes, and how sure they are."""
