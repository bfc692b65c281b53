"""Objects as rows: what is measured of each and follows edits, what a filter removes, one row an image."""
