"""How a stain in a volume is seen and recorded: optics, uneven light, noise, and the numbers of a camera."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from apprentice_lab.simulate.scene import SimulatedScene
from apprentice_lab.simulate.solids import warps

Light = NDArray[np.float32]
Pixels = NDArray[np.uint8] | NDArray[np.uint16]


def record(stain: Light, inside: NDArray[np.bool_], scene: SimulatedScene, rng: np.random.Generator) -> Pixels:
    """Through the optics and onto the camera; ``inside`` marks what is meant to be seen."""
    light = _blurred(stain, scene)
    around = ~ndimage.binary_dilation(inside, iterations=2)
    if inside.any() and around.any():  # what a typical object adds is 1 from here on
        light /= max(float(np.median(light[inside]) - np.median(light[around])), 1e-3)
    uneven = warps(scene.shape, 0.7 * float(max(scene.shape[1:])), scene.anisotropy, rng)[:2]
    light += scene.background * np.exp(scene.uneven * uneven[0])
    depth = np.arange(scene.shape[0]) * scene.anisotropy / rng.uniform(150, 600)
    light *= np.exp(0.12 * uneven[1] - depth[:, None, None])
    return _counted(_noisy(light, inside, scene, rng), scene, rng)


def _blurred(stain: Light, scene: SimulatedScene) -> Light:
    """A Gaussian point-spread function, longer along z, and a wide one for what is out of focus."""
    sharp = (scene.sigma * scene.elongation / scene.anisotropy, scene.sigma, scene.sigma)
    wide = (3.0 * sharp[0], 3.0 * scene.sigma, 3.0 * scene.sigma)
    near = ndimage.gaussian_filter(stain, sharp, mode="nearest", truncate=3.0)
    if scene.haze == 0:
        return np.asarray(near)
    far = ndimage.gaussian_filter(near, wide, mode="nearest", truncate=2.5)
    return np.asarray((1 - scene.haze) * near + scene.haze * far)


def _noisy(light: Light, inside: NDArray[np.bool_], scene: SimulatedScene, rng: np.random.Generator) -> Light:
    """Poisson and read noise, so that a typical object stands `SimulatedScene.snr` above that of its voxels."""
    variance = scene.snr**-2
    typical = float(np.median(light[inside])) if inside.any() else 1.0
    gain = scene.shot * variance / max(typical, 1e-3)
    recorded = gain * rng.poisson(np.maximum(light, 0) / gain) if scene.shot > 0 else light
    noisy = recorded + np.sqrt((1 - scene.shot) * variance) * rng.standard_normal(light.shape, dtype=np.float32)
    return np.asarray(ndimage.gaussian_filter(noisy, 0.6) if scene.resampled else noisy, np.float32)


def _counted(light: Light, scene: SimulatedScene, rng: np.random.Generator) -> Pixels:
    """Numbers of the camera: 8 bits stretched and clipped, or counts above an offset."""
    if scene.bits == 8:
        low, high = np.percentile(light[::2, ::2, ::2], [scene.clipped / 2, 100 - scene.clipped / 2])
        return np.asarray(np.clip(np.rint((light - low) / (high - low) * 255), 0, 255), np.uint8)
    low, high = np.percentile(light[::2, ::2, ::2], [0.5, 99.8])
    counts = 100 + (light - low) / (high - low) * 10 ** rng.uniform(2.3, 4.2)
    return np.asarray(np.clip(np.rint(counts), 0, 65535), np.uint16)
