"""What a simulated stack is like: asked for in numbers, or drawn at random from what real stacks show."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from apprentice_lab.simulate.solids import Forms, Shape


@dataclass(frozen=True)
class SimulatedScene:
    """What is to be seen, and how.

    Parameters
    ----------
    shape
        Voxels (z, y, x).
    anisotropy
        How many pixels of the plane a slice is from the next.
    fill
        Share of the volume that is nuclei, up to about .45.
    touching
        Share of nuclei put against another one.
    patchy
        Whether some of the volume is empty.
    brightness
        Standard deviation of the logarithm of a nucleus' brightness.
    grain
        Contrast of the texture in a nucleus.
    wall
        Pixels from one cell to the next, of tissue with stained membranes.
    sigma, elongation
        Of the point-spread function: pixels in the plane, and how much longer it is along z.
    haze
        Share of the light that is out of focus.
    background
        Light between the nuclei, 1 being what a typical nucleus adds; ``uneven`` how much it varies.
    snr
        What a typical nucleus adds to its surroundings over the noise of one voxel in it.
    shot
        Share of the noise's variance that is photon noise; the rest is read noise.
    resampled
        Whether the stack was interpolated after it was recorded, which smooths noise.
    bits
        Of the camera.
    clipped
        Percent of voxels at the ends of 8 bits, as many above as below.
    """

    shape: Shape = (32, 128, 128)
    anisotropy: float = 2.0
    forms: Forms = field(default_factory=Forms)
    fill: float = 0.2
    touching: float = 0.4
    patchy: bool = False
    brightness: float = 0.3
    grain: float = 0.2
    wall: float = 2.0
    sigma: float = 1.2
    elongation: float = 2.5
    haze: float = 0.2
    background: float = 0.3
    uneven: float = 0.3
    snr: float = 4.0
    shot: float = 0.7
    resampled: bool = False
    bits: int = 16
    clipped: float = 0.5


def nuclei_scene(rng: np.random.Generator, shape: Shape = (32, 128, 128)) -> SimulatedScene:
    """Nuclei of any crowding, in light from good to hopeless.

    Forms lie around those that `solids.measure` finds in the train volumes of nuclei3d_ovules, nuclei3d_bbbc050 and
    nuclei3d_stardist_mini (spread .09, .14, .17; stretch .11, .05, .10; tall 1.34, .99, .98; roughness .04, .04, .10;
    touching .28, 0, .90; 23, 2 and 38 percent of the volume; brightness .27, .48, .21), in limits far wider than these.
    """
    anisotropy = _between(rng, 1.0, 8.0, 1.2)
    # at least two slices through a nucleus
    forms = Forms(
        diameter=max(_between(rng, 9.0, 36.0), 2.2 * anisotropy),
        spread=rng.uniform(0.03, 0.22),
        stretch=rng.uniform(0.03, 0.25),
        tall=rng.uniform(0.95, 1.4),
        roughness=rng.uniform(0.02, 0.12),
    )
    fill = _between(rng, 0.02, 0.45)
    hopeless = forms.diameter >= 16 and rng.random() < 0.12  # single voxels say nothing, a whole nucleus does
    return _lit(
        SimulatedScene(
            shape,
            anisotropy,
            forms,
            fill=fill,
            touching=rng.uniform(0.5 if fill > 0.25 else 0.0, 1.0),
            patchy=rng.random() < 0.35,
            brightness=rng.uniform(0.1, 0.7),
            grain=rng.uniform(0.0, 0.5),
            snr=_between(rng, 0.1, 0.6) if hopeless else _between(rng, 0.6, 12.0),
        ),
        rng,
    )


def cells_scene(rng: np.random.Generator, shape: Shape = (32, 128, 128)) -> SimulatedScene:
    """Membranes of dense tissue, at the resolution at which a network sees them."""
    forms = Forms(diameter=_between(rng, 16.0, 45.0), stretch=rng.uniform(0.02, 0.25))
    anisotropy = _between(rng, 1.0, 5.0, 1.2)
    scene = SimulatedScene(shape, anisotropy, forms, patchy=rng.random() < 0.25, snr=_between(rng, 1.0, 20.0))
    return replace(_lit(scene, rng), wall=rng.uniform(1.0, 4.5))


def _lit(scene: SimulatedScene, rng: np.random.Generator) -> SimulatedScene:
    """With optics and a camera of any kind."""
    return replace(
        scene,
        sigma=min(rng.uniform(0.6, 2.0), 0.1 * scene.forms.diameter),
        elongation=rng.uniform(1.5, 4.5),
        haze=rng.uniform(0.0, 0.5),
        background=_between(rng, 0.05, 2.0),
        uneven=rng.uniform(0.05, 0.6),
        shot=rng.uniform(0.0, 1.0),
        resampled=rng.random() < 0.25,
        bits=8 if rng.random() < 0.5 else 16,
        clipped=_between(rng, 0.05, 5.0),
    )


def _between(rng: np.random.Generator, low: float, high: float, low_power: float = 1.0) -> float:
    """A number that is as often doubled as halved; with ``low_power`` above 1 rather towards `low`."""
    return float(low * (high / low) ** (rng.random() ** low_power))
