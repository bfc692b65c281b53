"""Learning within a blink: a small head on features of a network, fitted to what is confirmed, decoded for the view.

::

    view -- network --> maps of several levels --+
      +---- filters --> maps of five octaves ----+--> kept, half precision --> head --> labels of the view
                                                        (`maps`)                ^ (`head`)
                                         what is confirmed in the view ---------+

The head is linear, so that it is applied to each map at the resolution that it has; only its sums are interpolated
(`grids`), which is why a view is decoded in a fraction of the time that its features took.
"""
