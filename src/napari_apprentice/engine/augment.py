"""Random views of an image: position, size, orientation, shape and light.

Image, target, weight and labels share one transform; only the image (and targets that are real numbers) is
interpolated. Transforms act in the plane (and flip z), so that 2D and anisotropic 3D take the same way; where voxels
are about as deep as wide, ``tilt`` also turns the plane itself. What a target means may change with it: `batches`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn import functional

from napari_apprentice.architecture import NetSettings
from napari_apprentice.settings import AugmentationName

Generator = np.random.Generator

_CELL = 32  # patch pixels between the places at which an elastic field is drawn
_FURTHEST = 2.5  # standard deviations


@dataclass(frozen=True)
class Augmentation:
    """How far patches may differ from the image; the identity when everything is 0 and scales are 1.

    ``shift`` is the largest distance of a patch's middle from a place worth looking at, as a share of the patch;
    ``turn`` the largest angle in radians of a rotation, for images that have an upright.
    ``elastic`` is the standard deviation in pixels of a smooth random field of displacements (Simard et al., ICDAR
    2003; Ronneberger et al., MICCAI 2015); up to 4 it never folds. ``tilt`` is the largest angle in radians by which
    the plane of a 3D patch leaves that of the slices: for voxels about as deep as wide only. Of light, ``contrast``
    and ``gamma`` are standard deviations of logarithms, ``noise`` the largest standard deviation, ``widest`` that of
    the blur in pixels; ``blur``, ``invert``, ``dim_objects`` and ``saturate`` are probabilities.
    """

    scale: tuple[float, float] = (0.6, 1.7)
    stretch: float = 0.1
    rotate: bool = True
    flip: bool = True
    contrast: float = 0.35
    gamma: float = 0.35
    noise: float = 0.06
    blur: float = 0.25
    invert: float = 0.05
    dim_objects: float = 0.3
    shift: float = 0.35
    elastic: float = 0.0
    tilt: float = 0.0
    turn: float = np.pi
    widest: float = 1.6
    saturate: float = 0.0


NO_AUGMENTATION = Augmentation((1.0, 1.0), 0.0, False, False, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)

# What Teach offers: see `teach.Recipe` for which is taken when.
AUGMENTATIONS: dict[AugmentationName, Augmentation] = {
    "light": Augmentation(
        scale=(0.85, 1.18), stretch=0.03, contrast=0.08, gamma=0.08, noise=0.02, blur=0.05, invert=0, dim_objects=0
    ),
    "strong": Augmentation(scale=(0.75, 1.35), invert=0, dim_objects=0, elastic=2.0, tilt=0.35),
    "none": NO_AUGMENTATION,
}


def suit_to_spacing(how: Augmentation, net: NetSettings) -> Augmentation:
    """`how`, without tilt where a slice is thicker than a pixel is wide: a net pools such a z later, or never."""
    about_cubic = net.dims == 3 and any(z > 1 for z, _, _ in net.pools[:1])
    return how if about_cubic else replace(how, tilt=0.0)


@dataclass(frozen=True)
class PatchView:
    """One place in an image: centre (y, x) in pixels and the 2x2 matrix from patch to image offsets (x, y).

    ``bend`` (2, y, x) in image pixels (x, y) is added to where the patch's pixels look, the same in every slice;
    ``lean`` is a rotation of image offsets (x, y, z).
    """

    centre: tuple[float, float]
    matrix: tuple[tuple[float, float], tuple[float, float]]
    scale: float
    flip_z: bool = False
    bend: torch.Tensor | None = None
    lean: torch.Tensor | None = None

    @property
    def keeps_distances(self) -> bool:
        """Whether distances in the plane change with `scale` only (``stretch`` is small, and let pass)."""
        return self.bend is None and self.lean is None


def draw_view(
    centre: tuple[float, float], how: Augmentation, rng: Generator, size: tuple[int, int] | None = None
) -> PatchView:
    """A random view around `centre`; `size` (y, x) of the patch is asked for by ``elastic``."""
    scale = float(np.exp(rng.uniform(np.log(how.scale[0]), np.log(how.scale[1]))))
    angle = _draw_angle(how.turn, rng) if how.rotate else 0.0
    stretch = np.exp(rng.uniform(-how.stretch, how.stretch))
    c, s = np.cos(angle), np.sin(angle)
    sizes = np.diag([stretch / scale, 1.0 / (scale * stretch)])
    if how.flip and rng.random() < 0.5:
        sizes[0] *= -1
    m = np.array([[c, -s], [s, c]]) @ sizes
    flip_z = bool(how.flip and rng.random() < 0.5)
    bend = draw_bend(size, how.elastic, rng) / scale if size is not None and how.elastic > 0 else None
    lean = _draw_lean(how.tilt, rng) if how.tilt > 0 else None
    return PatchView(centre, ((m[0, 0], m[0, 1]), (m[1, 0], m[1, 1])), scale, flip_z, bend, lean)


def draw_bend(size: tuple[int, int], sigma: float, rng: Generator) -> torch.Tensor:
    """A smooth field of displacements (2, y, x) in pixels: normal numbers on a coarse grid, bicubic between."""
    cells = tuple(-(-n // _CELL) + 3 for n in size)  # one more on each side, for the cubic
    coarse = np.clip(rng.standard_normal((1, 2, *cells), dtype=np.float32), -_FURTHEST, _FURTHEST) * sigma
    fine = functional.interpolate(torch.from_numpy(coarse), scale_factor=_CELL, mode="bicubic", align_corners=False)
    y, x = (int(start) for start in rng.integers(_CELL // 2, _CELL + _CELL // 2, 2))
    return fine[0, :, y : y + size[0], x : x + size[1]]


def _draw_angle(turn: float, rng: Generator) -> float:
    """Any way, or as far to the left as to the right."""
    return float(rng.uniform(0, 2 * np.pi) if turn >= np.pi else rng.uniform(-turn, turn))


def _draw_lean(tilt: float, rng: Generator) -> torch.Tensor:
    """A rotation of (x, y, z) by at most `tilt` about a random axis in the plane (Rodrigues)."""
    way, angle = rng.uniform(0, 2 * np.pi), rng.uniform(-tilt, tilt)
    a, b = np.cos(way), np.sin(way)
    cross = np.array([[0, 0, b], [0, 0, -a], [-b, a, 0]])
    turn = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return torch.from_numpy(turn.astype(np.float32))


def sample(stack: torch.Tensor, view: PatchView, size: tuple[int, int], *, interpolate: bool) -> torch.Tensor:
    """Look at a stack (C, Z, Y, X) through a view in its plane, (C, Z, *size); beyond its border it is mirrored."""
    channels, z, height, width = stack.shape
    at_x, at_y = _offsets(view, size)
    at_x, at_y = at_x + view.centre[1], at_y + view.centre[0]
    grid = torch.stack([(2 * at_x + 1) / width - 1, (2 * at_y + 1) / height - 1], dim=-1)
    flat = stack.reshape(1, channels * z, height, width)
    out = _look(flat, grid[None].to(stack), interpolate).reshape(channels, z, *size)
    return out.flip(1) if view.flip_z else out


def sample_tilted(
    stack: torch.Tensor, view: PatchView, size: tuple[int, int, int], z: int, *, interpolate: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Look at a stack (C, Z, Y, X) through a view that leans, at `size` (z, y, x) voxels from slice `z` on.

    Returns (C, *size) and which of its voxels (*size) lie in the stack's slices; beyond, it is mirrored.
    """
    if view.lean is None:
        raise ValueError("the view does not lean: use sample")
    depth, height, width = stack.shape[1:]
    x, y = _offsets(view, size[1:])
    up = torch.arange(size[0], dtype=torch.float32) - (size[0] - 1) / 2
    up = (-up if view.flip_z else up).view(-1, 1, 1).expand(size)
    offset = torch.stack([x.expand(size), y.expand(size), up], dim=-1) @ view.lean.T
    middle = torch.tensor([view.centre[1], view.centre[0], z + (size[0] - 1) / 2])
    at = offset + middle
    grid = (2 * at + 1) / torch.tensor([width, height, depth]) - 1
    inside = (at[..., 2] > -0.5) & (at[..., 2] < depth - 0.5)
    return _look(stack[None], grid[None].to(stack), interpolate)[0], inside


def _offsets(view: PatchView, size: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Where each pixel of the patch looks, x and y (y, x) in image pixels from the view's centre."""
    y, x = torch.meshgrid(
        torch.arange(size[0]) - (size[0] - 1) / 2, torch.arange(size[1]) - (size[1] - 1) / 2, indexing="ij"
    )
    (a, b), (c, d) = view.matrix
    at_x, at_y = a * x + b * y, c * x + d * y
    return (at_x, at_y) if view.bend is None else (at_x + view.bend[0], at_y + view.bend[1])


def _look(stack: torch.Tensor, grid: torch.Tensor, interpolate: bool) -> torch.Tensor:
    mode = "bilinear" if interpolate else "nearest"
    return functional.grid_sample(stack, grid, mode=mode, padding_mode="reflection", align_corners=False)
