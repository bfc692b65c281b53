"""The panel's sections, one step of the loop each."""
