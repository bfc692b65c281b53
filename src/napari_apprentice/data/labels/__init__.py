"""Labels: corrections, edits, merging, and how good they are."""
