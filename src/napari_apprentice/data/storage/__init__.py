"""Files of our own: written whole, mapped, claimed, and cleaned up."""
