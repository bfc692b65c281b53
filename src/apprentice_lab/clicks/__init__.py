"""``click-2d``: a network that is asked for one object, of any kind, by clicks or a box."""
