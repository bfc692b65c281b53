"""*Table of objects*: what is in the masks as rows, linked with the canvas, in a dock below it."""

NAME = "Table of objects"
KEY = "T"
