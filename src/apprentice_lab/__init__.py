"""How the bundled models of napari-apprentice are trained and measured.

It lies beside `napari_apprentice` in a checkout and is in no wheel: `apprentice train` and `apprentice bench` find it
there. It imports the product, engine included; the product knows it through one door, ``cli/lab.py``.
"""
