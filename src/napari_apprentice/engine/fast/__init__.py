"""The optional fast engine for processors: OpenVINO, in 8 bits where that is quicker (docs/performance.md).

::

    the first job with a model      a process of its own          every job after
    torch predicts; its tiles ----> export, round, compare -----> compile (0.1 s), predict
    are kept as examples            (`build`)    cache folder     (`network`)

`engine_cache` decides what is there, what is made meanwhile and what cannot be had.
"""
