"""On a dask cluster: the pieces of a large image (`executor`), or whole jobs sent from a window (`remote`).

``dask.distributed`` is an optional extra and imported when it is first needed.
"""
