"""*Map*: objects as points, by principal components or t-SNE, and how unlike all others each is.

t-SNE (van der Maaten, Journal of Machine Learning Research 2008 and 2014) is scikit-learn's, of so many objects as take
a minute; the others lie among those of them that are most like them.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Generator, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.storage import scratch
from napari_apprentice.engine.warm import Warm
from napari_apprentice.errors import Cancelled, UserError
from napari_apprentice.events import Event, Finished, Progress
from napari_apprentice.jobs import MapJob, MapResult

LANDMARKS = 5000  # objects that t-SNE places itself
LEAST = 4
_AXES = 50
_PERPLEXITY = 30.0
_NEAREST = 5
_AT_ONCE = 1 << 11

Values = NDArray[np.float32]


def run(job: MapJob, cancelled: Callable[[], bool], warm: Warm | None = None) -> Iterator[Event]:
    """Write rows (n, 3) to ``job.out``; `UserError` for few objects, or t-SNE without scikit-learn."""
    began = time.monotonic()
    values = np.asarray(scratch.read(job.values), np.float32)
    if len(values) < LEAST:
        raise UserError(f"A map needs {LEAST} objects: segment or paint some first.")
    if job.method == "tsne" and importlib.util.find_spec("sklearn") is None:
        raise UserError(
            'A t-SNE map needs scikit-learn: pip install "napari-apprentice[map]", or choose Principal components.'
        )
    background = (warm or Warm()).background
    yield Progress(done=0, total=3, what="Comparing objects")
    axes = yield from background.run(
        partial(_axes, values), cancelled, Progress(done=0, total=3, what="Comparing objects")
    )
    landmarks = axes[np.linspace(0, len(axes) - 1, min(len(axes), LANDMARKS)).astype(np.int64)]
    nearest, far = yield from _nearest(axes, landmarks, cancelled)
    if job.method == "tsne":
        still = Progress(done=2, total=3, what=f"Laying out {len(values):,} objects")
        placed = yield from background.run(partial(_tsne, landmarks), cancelled, still)
        points = placed[nearest].mean(axis=1) if len(landmarks) < len(axes) else placed
    else:
        points = axes[:, :2]
    unusual = far / max(float(np.median(far)), 1e-12)
    out = scratch.write(job.out.path, np.column_stack([points, unusual]).astype(np.float32))
    yield Finished(result=MapResult(job=job.id, placed=out, method=job.method, seconds=time.monotonic() - began))


def _axes(values: Values) -> Values:
    """Along those in which objects (n, F) differ most, (n, at most 50)."""
    centred = values - values.mean(axis=0)
    some = centred[:: max(1, len(centred) // LANDMARKS)]
    spread, directions = np.linalg.eigh((some.T @ some).astype(np.float64))
    best = directions[:, np.argsort(-spread)[: min(_AXES, len(values) - 1)]]
    return np.asarray(centred @ best.astype(np.float32))


def _nearest(
    axes: Values, landmarks: Values, cancelled: Callable[[], bool]
) -> Generator[Event, None, tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """The landmarks most like each object (n, k), and how far it is from them in the mean (n,)."""
    count = min(_NEAREST + 1, len(landmarks) - 1)  # one of them may be the object itself
    nearest, far = np.zeros((len(axes), count), np.int64), np.zeros(len(axes))
    lengths = (landmarks**2).sum(axis=1)
    for start in range(0, len(axes), _AT_ONCE):
        if cancelled():
            raise Cancelled
        part = axes[start : start + _AT_ONCE]
        squares = (part**2).sum(axis=1)[:, None] - 2 * part @ landmarks.T + lengths
        order = np.argpartition(squares, count, axis=1)[:, :count]
        nearest[start : start + _AT_ONCE] = order
        found = np.sqrt(np.maximum(np.take_along_axis(squares, order, axis=1), 0))
        far[start : start + _AT_ONCE] = np.sort(found, axis=1)[:, 1:].mean(axis=1)
        yield Progress(done=1000 + round(1000 * start / len(axes)), total=3000, what="Comparing objects")
    return nearest, far


def _tsne(landmarks: Values) -> Values:
    from sklearn.manifold import TSNE

    perplexity = min(_PERPLEXITY, (len(landmarks) - 1) / 3)
    made = TSNE(perplexity=perplexity, init="pca", learning_rate="auto", random_state=0, n_jobs=1)
    return np.asarray(made.fit_transform(landmarks), np.float32)
