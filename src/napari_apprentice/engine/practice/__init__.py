"""How a network that is asked for one object learns: questions about objects that are known, and simulated clicks."""
