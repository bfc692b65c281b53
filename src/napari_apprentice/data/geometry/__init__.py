"""Tiles, blocks, regions and basins: where things lie in an array."""
