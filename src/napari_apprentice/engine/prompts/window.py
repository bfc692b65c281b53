"""A square part of an image, seen at the one size that the network knows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

SIZE = 128  # network pixels along each side
SMALLEST = 32.0  # image pixels: below that there is nothing more to see

Box = tuple[slice, slice]
Matrix = tuple[tuple[float, float], tuple[float, float]]
UPRIGHT: Matrix = ((1.0, 0.0), (0.0, 1.0))


def finite(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pixels of which those that are NaN or infinite count as the darkest, as everywhere: else they would spread."""
    there = np.isfinite(pixels)
    if there.all():
        return pixels
    return np.where(there, pixels, pixels.min(where=there, initial=np.inf) if there.any() else 0).astype(np.float32)


@dataclass(frozen=True)
class Window:
    """Where the network looks: centre (y, x) and edge in pixels of the image; ``turn`` from window to image axes."""

    centre: tuple[float, float]
    edge: float
    turn: Matrix = UPRIGHT

    def in_window(self, point: tuple[float, float]) -> tuple[float, float]:
        """Where a point (y, x) of the image lies in the window, in network pixels."""
        scale, ((a, b), (c, d)) = SIZE / self.edge, self.turn
        y, x = point[0] - self.centre[0], point[1] - self.centre[1]
        middle = (SIZE - 1) / 2
        return (a * y + c * x) * scale + middle, (b * y + d * x) * scale + middle

    def seen(self, image: NDArray[np.generic]) -> NDArray[np.float32]:
        """An image (Y, X) through the window, (SIZE, SIZE); averaged where it is made smaller, edges go on outside."""
        step = max(1, int(self.edge // SIZE))
        part, (top, left) = self._part(image, step)
        coarse = torch.from_numpy(finite(part.astype(np.float32)))[None, None]
        if step > 1:
            coarse = functional.avg_pool2d(coarse, step)
        at_y, at_x = self._places()
        # the middle of coarse pixel k lies at step * k + (step - 1) / 2
        y, x = (at_y - top - (step - 1) / 2) / step, (at_x - left - (step - 1) / 2) / step
        height, width = coarse.shape[2:]
        grid = np.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], axis=-1).astype(np.float32)
        found = functional.grid_sample(
            coarse, torch.from_numpy(grid[None]), mode="bilinear", padding_mode="border", align_corners=False
        )
        return np.asarray(found[0, 0].numpy())

    def labels(self, labels: NDArray[np.integer]) -> tuple[NDArray[np.integer], NDArray[np.bool_]]:
        """Labels (Y, X) through the window, nearest, and which of its pixels lie in the image."""
        y, x = (np.rint(at).astype(np.int64) for at in self._places())
        inside = (y >= 0) & (y < labels.shape[0]) & (x >= 0) & (x < labels.shape[1])
        found = labels[y.clip(0, labels.shape[0] - 1), x.clip(0, labels.shape[1] - 1)]
        return found * inside, inside

    def _places(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Image coordinates, y and x, of every network pixel."""
        along = ((np.arange(SIZE) - (SIZE - 1) / 2) * (self.edge / SIZE)).astype(np.float32)
        (a, b), (c, d) = self.turn
        y = self.centre[0] + a * along[:, None] + b * along[None, :]
        x = self.centre[1] + c * along[:, None] + d * along[None, :]
        return y.astype(np.float32), x.astype(np.float32)

    def _part(self, image: NDArray[np.generic], step: int) -> tuple[NDArray[np.generic], tuple[int, int]]:
        """What of an image the window needs, a whole number of steps large where the image is, and where it begins."""
        reach = self.edge / 2 * (1 if self.turn == UPRIGHT else 2**0.5) + 2 * step
        slices = []
        for at, length in zip(self.centre, image.shape, strict=True):
            start = min(max(0, int(at - reach)), max(0, length - step))
            stop = max(start + step, min(length, int(at + reach) + 1))
            slices.append(slice(start, min(length, stop)))
        part = image[slices[0], slices[1]]
        short = [(0, -n % step) for n in part.shape]
        if any(more for _, more in short):
            part = np.pad(part, short, mode="edge")
        return part, (slices[0].start, slices[1].start)

    def at_image(self, values: NDArray[np.float32], shape: tuple[int, int]) -> tuple[Box, NDArray[np.float32]]:
        """Values (SIZE, SIZE) of an upright window at the pixels of an image of this shape: a box and what is there."""
        sides = []
        for at, length in zip(self.centre, shape, strict=True):
            start = int(np.clip(np.ceil(at - self.edge / 2), 0, length - 1))
            sides.append(slice(start, int(np.clip(np.floor(at + self.edge / 2) + 1, start + 1, length))))
        along = [
            (2 * ((np.arange(side.start, side.stop) - at) * (SIZE / self.edge) + (SIZE - 1) / 2) + 1) / SIZE - 1
            for side, at in zip(sides, self.centre, strict=True)
        ]
        y, x = np.meshgrid(*along, indexing="ij")
        grid = torch.from_numpy(np.stack([x, y], axis=-1).astype(np.float32))[None]
        found = functional.grid_sample(
            torch.from_numpy(values)[None, None], grid, mode="bilinear", padding_mode="border", align_corners=False
        )
        return (sides[0], sides[1]), np.asarray(found[0, 0].numpy())
