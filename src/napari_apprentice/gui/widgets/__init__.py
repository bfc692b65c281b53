"""Widgets that know nothing of a session: what the sections of the panel are made of."""
