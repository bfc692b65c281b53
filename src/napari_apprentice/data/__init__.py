"""What flows through the loop and the rules about it; NumPy only."""
