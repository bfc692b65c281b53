"""What is known of each pixel of a slice without learning: maps of a network, and of filters.

What *Live* learns is a linear model of these (`live`); one that lies in a model file is applied by `scores`.
"""
