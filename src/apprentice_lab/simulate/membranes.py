"""Stacks of dense tissue with stained membranes, and the cells in it."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from scipy.spatial import KDTree

from apprentice_lab.simulate.recording import Light, record
from apprentice_lab.simulate.scene import SimulatedScene
from apprentice_lab.simulate.solids import Forms, Labels, pack, warps
from apprentice_lab.simulate.volumes import Sample, bodies, number_objects, specks


def cells(scene: SimulatedScene, seed: int) -> Sample:
    """Image (Z, Y, X) of stained membranes, and the cells that fill the volume.

    ``forms.diameter`` is that of a cell; ``fill`` and ``touching`` do not matter, and where `scene` is patchy the
    outside of the tissue is background.
    """
    rng = np.random.default_rng((2, seed))
    truth = _tissue(scene, rng)
    edge = _borders(truth, scene.anisotropy)
    for _ in range(round(scene.wall) - 1):
        edge = ndimage.maximum_filter(edge, (1, 2, 2))
    varied = np.exp(0.35 * warps(scene.shape, 2.0 * scene.forms.diameter, scene.anisotropy, rng)[0])
    plasm = np.concatenate([[0.0], rng.uniform(0, rng.uniform(0.02, 0.4), int(truth.max()))]).astype(np.float32)
    stain = edge * varied + plasm[truth] * (1 - edge)
    if rng.random() < 0.5:
        stain += 0.5 * (bodies(_organelles(scene), rng)[0] * (truth > 0))
    truth = number_objects(truth)
    return record(stain + specks(scene, rng), edge > 0, scene, rng), truth


def _tissue(scene: SimulatedScene, rng: np.random.Generator) -> Labels:
    """Cells as the places nearest to scattered points, in space that is stretched and bent."""
    d, shape = scene.forms.diameter, scene.shape
    axes = np.exp(rng.normal(0, 2 * scene.forms.stretch, 3)) * (scene.anisotropy, 1.0, 1.0)
    extent = np.array(shape) * axes
    radii = np.full(max(8, round(float(extent.prod()) / (np.pi / 6 * d**3) * 0.9)), 0.36 * d)
    seeds, _ = pack(extent, radii, 0.0, rng)
    at = 0.12 * d * np.moveaxis(warps(shape, d, scene.anisotropy, rng), 0, -1)
    for axis, grid in enumerate(np.indices(shape, sparse=True)):
        at[..., axis] += (grid + 0.5) * axes[axis]
    truth: Labels = np.asarray(1 + KDTree(seeds).query(at)[1], np.uint16)
    if scene.patchy:
        outside = warps(shape, 4 * d, scene.anisotropy, rng)[0] > 1.2
        hidden = np.bincount(truth[outside], minlength=int(truth.max()) + 1) > 0.5 * np.bincount(truth.ravel())
        truth[hidden[truth]] = 0
    return truth


def _borders(truth: Labels, anisotropy: float) -> Light:
    """1 where two cells meet; along z only where slices are close enough for a wall to be seen from above."""
    edge = np.zeros(truth.shape, bool)
    for axis in (0, 1, 2) if anisotropy < 3 else (1, 2):
        low, high = ([slice(None)] * 3 for _ in range(2))
        low[axis], high[axis] = slice(0, -1), slice(1, None)
        edge[tuple(low)] |= truth[tuple(low)] != truth[tuple(high)]
    return edge.astype(np.float32)


def _organelles(scene: SimulatedScene) -> SimulatedScene:
    """Something in a cell that is stained a little as well."""
    forms = Forms(0.35 * scene.forms.diameter, 0.3, 0.15, 1.0, 0.05)
    return SimulatedScene(scene.shape, scene.anisotropy, forms, fill=0.01, touching=0.0)
