"""The commands of the lab: ``apprentice bench`` and ``apprentice train``."""
