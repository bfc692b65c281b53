"""Everything that needs torch; started by name in its own process, never imported by the window."""
