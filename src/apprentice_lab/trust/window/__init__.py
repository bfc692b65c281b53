"""Random steps in a real window with jobs under way: what is shown is what is kept, and nothing is left behind."""
