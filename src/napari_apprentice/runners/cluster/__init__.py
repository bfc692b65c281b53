"""On a dask cluster: the pieces of a large image (`crew`), or whole jobs sent from a window (`remote`).

``dask.distributed`` is an optional extra and imported when it is first needed.
"""
