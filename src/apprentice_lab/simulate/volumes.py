"""Fluorescent stacks to learn from, with known truth: nuclei of any crowding."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from apprentice_lab.simulate.recording import Light, Pixels, record
from apprentice_lab.simulate.scene import SimulatedScene
from apprentice_lab.simulate.solids import Labels, body, pack, warps

Sample = tuple[Pixels, Labels]

_TURBID = 0.15  # a body dimmer than this share of the typical one cannot be told from haze


def nuclei(scene: SimulatedScene, seed: int) -> Sample:
    """Image (Z, Y, X) of `scene` in 8 or 16 bits and its truth, numbered from 1 without gaps."""
    rng = np.random.default_rng((1, seed))
    stain, truth = bodies(scene, rng)
    stain += specks(scene, rng)
    return record(stain, truth > 0, scene, rng), truth


def bodies(scene: SimulatedScene, rng: np.random.Generator) -> tuple[Light, Labels]:
    """The stain and the truth; where two bodies overlap the one nearer to its own middle has the voxel."""
    forms, shape = scene.forms, scene.shape
    extent = np.array(shape) * (scene.anisotropy, 1.0, 1.0)
    margin = 0.5 * forms.diameter  # bodies are cut by the border, as in any crop
    volume = np.pi / 6 * forms.diameter**3 * np.exp(4.5 * forms.spread**2)
    count = max(1, round(scene.fill * float((extent + 2 * margin).prod()) / (volume * (1 - 0.12 * scene.touching))))
    radii = forms.diameter / 2 * np.exp(rng.normal(0, forms.spread, count))
    squeeze = np.array([forms.tall, 1.0, 1.0])
    allowed = warps((8, 8, 8), 12.0, 1.0, rng)[0] + 0.3 if scene.patchy else None
    room = (extent + 2 * margin) / squeeze
    places, radii = pack(room, radii / np.cbrt(forms.tall), scene.touching, rng, allowed)
    warp = warps(shape, 0.5 * forms.diameter, scene.anisotropy, rng)
    grain = 1 + scene.grain * warps(shape, 0.15 * forms.diameter, scene.anisotropy, rng)[0]
    stain, nearest = np.zeros(shape, np.float32), np.full(shape, np.inf, np.float32)
    truth = np.zeros(shape, np.uint16)
    for number, (place, radius) in enumerate(zip(places * squeeze - margin, radii, strict=True), start=1):
        box, depth = body(shape, scene.anisotropy, place, radius, forms, warp, rng)
        bright = max(_TURBID, rng.lognormal(0, scene.brightness))
        mine = (depth < 1) & (depth < nearest[box])
        truth[box][mine], nearest[box][mine] = number, depth[mine]
        stain[box][mine] = bright
    return stain * np.maximum(grain, 0.1), number_objects(truth)


def specks(scene: SimulatedScene, rng: np.random.Generator) -> Light:
    """Bright debris that is no nucleus: small clumps, none in most volumes."""
    light = np.zeros(scene.shape, np.float32)
    for _ in range(rng.poisson(0.7)):
        at = tuple(int(rng.integers(n)) for n in scene.shape)
        light[at] = rng.uniform(0.5, 2.0) * scene.forms.diameter**2
    return ndimage.gaussian_filter(light, (1.0, 1.5, 1.5)) if light.any() else light


def number_objects(truth: Labels) -> Labels:
    """Without specks of fewer than 8 voxels, numbered from 1 without gaps; an object in two pieces stays one."""
    size = np.bincount(truth.ravel())
    keep = size >= 8
    keep[0] = False
    return np.where(keep, np.cumsum(keep), 0).astype(np.uint16)[truth]
