"""Which object a stroke belongs to: the one that it begins in.

::

    slice 4   . . 7 7 7 .       the brush had painted 7 and begins right below it in slice 5, where nothing is yet:
    slice 5   . . . x . .       it goes on with 7
"""

from __future__ import annotations

from collections.abc import Sequence

from napari_apprentice.data.labels.corrections import Labels


def object_begun_in(labels: Labels, point: Sequence[float], before: int) -> int:
    """The object of labels (T, Z, Y, X) that a stroke from ``point`` (t, z, y, x) extends; 0: a new one.

    On empty ground it is the object ``before``, which was painted last, where that lies at the same place in the slice
    or the frame before or after: an object is painted slice by slice, and followed frame by frame.
    """
    t, z, y, x = (round(i) for i in point)

    def there(frame: int, depth: int) -> int:
        at = (frame, depth, y, x)
        return int(labels[at]) if all(0 <= i < n for i, n in zip(at, labels.shape, strict=True)) else 0

    around = [(t, z - 1), (t, z + 1), (t - 1, z), (t + 1, z)]
    return there(t, z) or (before if before > 0 and before in [there(*one) for one in around] else 0)
