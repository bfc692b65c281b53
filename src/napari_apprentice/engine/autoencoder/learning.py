"""Auto-encoders: networks that learn from images alone, by giving them back through a few codes.

Hinton & Salakhutdinov, Science 2006; with noisy inputs and clean targets: Vincent et al., ICML 2008.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from napari_apprentice.architecture import NetSettings
from napari_apprentice.architecture.sizes import why_not_size
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.representations import NUMBER
from napari_apprentice.engine.augment import Augmentation
from napari_apprentice.engine.batches import Batch, Source, draw_batch
from napari_apprentice.engine.device import Device
from napari_apprentice.engine.losses import Objective
from napari_apprentice.engine.nets import Net, UNet, build
from napari_apprentice.engine.normalize import fit, with_logarithm
from napari_apprentice.engine.schedules import Cosine
from napari_apprentice.engine.train import Course, Learner
from napari_apprentice.errors import UserError
from napari_apprentice.settings import NormalizeSettings, Triple, ValueLoss

Report = Callable[[int, float], None]

# Only what does not change what is seen: position, size, orientation.
_VIEWS = Augmentation((0.85, 1.18), 0.03, contrast=0, gamma=0, noise=0, blur=0, invert=0, dim_objects=0)
_BRIGHTEST = 4.0  # as `normalize` leaves it


@dataclass(frozen=True)
class Repeating:
    """How an auto-encoder learns. ``noise`` is the largest standard deviation added to inputs, of values 0 to 1."""

    steps: int
    patch: Triple
    noise: float = 0.2
    gain: float = 20.0
    loss: ValueLoss = "smooth-l1"
    batch_size: int = 8
    learning_rate: float = 2e-3
    seed: int = 0
    views: Augmentation = _VIEWS


@dataclass(frozen=True)
class Repeated:
    """What an auto-encoder makes of an image (C, Z, Y, X): ``codes`` (codes, z, y, x), and the image given back."""

    codes: np.ndarray
    image: np.ndarray


def source_of(pixels: np.ndarray, normalize: NormalizeSettings) -> Source:
    """An image (C, Z, Y, X) as its own target: every input the network sees is to come out again."""
    image = torch.from_numpy(fit(pixels, normalize).linear(pixels))
    target = with_logarithm(image[None], normalize.gain)[0]
    return Source(image, target, torch.ones_like(target), kind="values")


def learn(settings: NetSettings, sources: list[Source], how: Repeating, device: Device, report: Report) -> Net:
    """Teach a fresh network to repeat `sources`; `report` hears of every step and its loss. Returns the average."""
    torch.manual_seed(how.seed)
    learner = Learner(
        build(settings),
        device,
        Course(Objective((NUMBER,) * settings.out_channels, distance_loss=how.loss), average=0.99),
    )
    schedule = Cosine(how.learning_rate)
    rng = np.random.default_rng(how.seed)
    shares = np.sqrt([source.image.numel() for source in sources])
    for step in range(how.steps):
        batch = _draw(sources, shares / shares.sum(), how, rng)
        report(step + 1, learner.step(batch, schedule.rate((step + 0.5) / how.steps)))
    return learner.average


def repeat(header: ModelHeader, net: Net, pixels: np.ndarray) -> Repeated:
    """Codes of a whole image (C, Z, Y, X), and the image as the network gives it back, in its own intensities.

    The image is mirrored at its end up to a size the network takes; its last codes see some of that. Raises `UserError`
    when the model is no auto-encoder or does not take such an image.
    """
    if header.kind != "values" or not isinstance(net, UNet) or not net.settings.codes:
        raise UserError(f"The model {header.name} is no auto-encoder: choose one made by apprentice train autoencoder.")
    if len(pixels) != header.image_channels:
        raise UserError(
            f"{header.name} takes images of {header.image_channels} channel(s) and this one has {len(pixels)}."
        )
    scaling = fit(pixels, header.normalize)
    inputs = _whole(scaling.apply(pixels), net.settings)
    with torch.inference_mode():
        codes = net.encode(torch.from_numpy(inputs)[None])[0]
        again = net(torch.from_numpy(inputs)[None])[0]
    z, y, x = pixels.shape[1:]
    return Repeated(codes.numpy(), scaling.intensities(again[: len(pixels), :z, :y, :x].numpy()))


def _draw(sources: list[Source], shares: np.ndarray, how: Repeating, rng: np.random.Generator) -> Batch:
    """Patches, each as noisy as chance has it; what is to come out is clean."""
    image, target, weight = draw_batch(sources, shares, how.batch_size, how.patch, how.views, rng, gain=0)
    sigma = torch.from_numpy(rng.uniform(0, how.noise, (len(image), 1, 1, 1, 1)).astype(np.float32))
    noise = torch.from_numpy(rng.standard_normal(tuple(image.shape), dtype=np.float32))
    return Batch(with_logarithm((image + sigma * noise).clamp(0, _BRIGHTEST), how.gain), target, weight)


def _whole(inputs: np.ndarray, settings: NetSettings) -> np.ndarray:
    if settings.size is not None:
        z, y, x = inputs.shape[1:]
        if problem := why_not_size(settings, (z, y, x)):
            raise UserError(problem)
        return inputs
    margins = [(0, -n % m) for n, m in zip(inputs.shape[1:], settings.multiple, strict=True)]
    return np.pad(inputs, [(0, 0), *margins], mode="symmetric")
