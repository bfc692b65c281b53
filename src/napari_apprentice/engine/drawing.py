"""The batches that a job of teaching learns from: how large patches are, how many, and where they are drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_apprentice.engine.augment import suit_to_spacing
from napari_apprentice.engine.batches import Batch, draw_batch
from napari_apprentice.engine.material import Material
from napari_apprentice.engine.teaching_recipe import TeachingRecipe
from napari_apprentice.engine.windows import TrainingWindow
from napari_apprentice.jobs import TeachJob
from napari_apprentice.settings import Triple

_DEEPEST = 16  # slices of a patch


class Patches:
    """Draws batches; ``size`` (z, y, x) is that of their patches, ``count`` how many are in each."""

    def __init__(self, job: TeachJob, recipe: TeachingRecipe, material: Material, rng: np.random.Generator) -> None:
        header = material.start.header
        how = recipe.augmentation_for(job.settings.augmentation, fresh=material.start.parent is None)
        self.size, self.count = _size_and_count(job, recipe, material)
        self._augmentation = suit_to_spacing(how, header.net)
        self._gain = header.normalize.gain
        self._anywhere = recipe.anywhere
        self._rng = rng

    def draw(self, windows: Sequence[TrainingWindow]) -> Batch:
        """Patches of windows, each of which is drawn as often as it has places."""
        sources = [window.source for window in windows]
        centres = np.array([len(source.centres) for source in sources], float)
        return draw_batch(
            sources,
            centres / centres.sum(),
            self.count,
            self.size,
            self._augmentation,
            self._rng,
            self._gain,
            self._anywhere,
        )


def _size_and_count(job: TeachJob, recipe: TeachingRecipe, material: Material) -> tuple[Triple, int]:
    net, settings = material.start.header.net, job.settings
    edge, count = recipe.patches_for(job.kind, net.dims)
    deep = max(window.labels.shape[0] for window in material.lessons[0].windows) if net.dims == 3 else 1
    wanted = (min(_DEEPEST, deep), *(settings.patch or edge,) * 2)
    z, y, x = (-(-n // multiple) * multiple for n, multiple in zip(wanted, net.multiple, strict=True))
    return (z, y, x), settings.batch_size or count
