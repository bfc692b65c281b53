"""How models of volumes are made: from simulated stacks first, then from the few real ones mixed with these.

A net has fixed pools, and stacks lie 1 to 8 pixels apart. z is not resampled, since interpolated slices say nothing
new and blur the thin ones: the net of one model pools as it should for 2:1 (plane first, then all three) and learns
from stacks of every spacing; objects are told apart by distances in the plane, which do not change with spacing.
Its resolution in the plane follows the one rule of `data.image.zoom`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from apprentice_lab.recipes.judge import AnnotatedImage
from apprentice_lab.recipes.recipe import Recipe
from apprentice_lab.recipes.stacks import STACKS, noisier, read_stack, stack_of
from apprentice_lab.simulate.volumes import Sample
from apprentice_lab.training.annotated import annotated_source
from apprentice_lab.training.pretrain import Cycle, PretrainPlan
from napari_apprentice.architecture import NetSettings
from napari_apprentice.architecture.presets import pools_for
from napari_apprentice.engine.augment import Augmentation
from napari_apprentice.engine.batches import Source
from napari_apprentice.engine.device import pick
from napari_apprentice.settings import DecodeSettings, DeviceName

SIMULATED = "simulated"  # kind of an example, and the folder of the first part

NET = NetSettings(dims=3, in_channels=2, widths=(16, 32, 64, 128), pools=pools_for(3, (2.0, 1.0, 1.0), 3))
_REAL = 0.6  # of the patches of the second part
VARIED_SIMULATED = Augmentation(scale=(0.8, 1.25), noise=0.03, blur=0.1, invert=0.0, dim_objects=0.0)
VARIED_REAL = Augmentation(scale=(0.7, 1.4), blur=0.15, invert=0.0, elastic=2.0)


@dataclass(frozen=True, kw_only=True)
class VolumeRecipe(Recipe):
    """A recipe with a simulator; ``cycles`` are those of the second part, on real and simulated stacks.

    Parameters
    ----------
    simulate
        Image and truth (Z, Y, X) of a seed, at network resolution.
    before
        Cycles of the first part, on simulated stacks only.
    stacks
        Names of the real volumes to learn from; ``judged`` of those that only report.
    diameter
        Of objects in network pixels, in the plane, in the middle of what it learns from. With ``measures`` it looks at
        every real volume so that its objects are about as large.
    decode
        How objects are told apart. Chosen once for all on the volumes that `bench volumes` leaves out: on the few that
        a training has, a choice is no better than chance.
    rendered, mixed
        How many stacks are simulated for each part.
    small
        Batch and patch where there is no GPU: as many steps in a fraction of the time.
    """

    simulate: Callable[[int], Sample]
    before: tuple[Cycle, ...]
    stacks: tuple[str, ...]
    judged: tuple[str, ...]
    diameter: float
    decode: DecodeSettings
    measures: bool = False
    rendered: int = 240
    mixed: int = 48
    small: tuple[int, tuple[int, int, int]] = (4, (16, 64, 64))

    def plan(self, threads: int, device: DeviceName = "cpu") -> PretrainPlan:
        """How the second part is trained; the first differs in its cycles."""
        batch, patch = (self.batch_size, self.patch) if pick(device).is_gpu else self.small
        gain = self.normalize.gain
        return PretrainPlan(self.net, self.cycles, batch, patch, gain=gain, threads=threads, device=device)

    def source(self, example: AnnotatedImage) -> Source:
        """What patches of an example are cut from."""
        zoom = self.zoom if example.kind != SIMULATED else 1.0
        return annotated_source(example.pixels[None], example.labels, self.normalize, zoom)


def recipe_for_volumes(
    name: str,
    title: str,
    simulate: Callable[[int], Sample],
    stacks: tuple[str, ...],
    judged: tuple[str, ...],
    *,
    trained_on: tuple[str, ...],
    licence: str,
    zoom: float,
    diameter: float,
    decode: DecodeSettings,
    measures: bool = False,
) -> VolumeRecipe:
    """A recipe in which only the simulator, the real volumes and the resolution are its own."""
    return VolumeRecipe(
        name=name,
        title=title,
        net=NET,
        before=(Cycle(4000, 2e-3, VARIED_SIMULATED),),
        cycles=(Cycle(1200, 1e-3, VARIED_REAL),),
        read=partial(_read, stacks, judged),
        shares=partial(shares_of, _REAL),
        trained_on=trained_on,
        licence=licence,
        zoom=zoom,
        batch_size=6,
        patch=(24, 80, 80),
        simulate=simulate,
        stacks=stacks,
        judged=judged,
        diameter=diameter,
        decode=decode,
        measures=measures,
    )


def without(recipe: VolumeRecipe, specimen: str) -> VolumeRecipe:
    """The recipe that learns from all train volumes of its kind but those of a specimen, which only report."""
    what = stack_of(recipe.stacks[0]).what
    alike = [stack for stack in STACKS if stack.what == what]
    stacks = tuple(stack.name for stack in alike if stack.specimen != specimen and stack.split == "train")
    judged = tuple(stack.name for stack in alike if stack.specimen == specimen)
    return replace(recipe, stacks=stacks, judged=judged, read=partial(_read, stacks, judged))


def shorten(recipe: VolumeRecipe, share: float) -> VolumeRecipe:
    """The recipe with a share of its steps."""
    before, cycles = (
        tuple(replace(cycle, steps=max(1, round(cycle.steps * share))) for cycle in part)
        for part in (recipe.before, recipe.cycles)
    )
    return replace(recipe, before=before, cycles=cycles)


def render(recipe: VolumeRecipe, seeds: Sequence[int], threads: int = 1) -> list[AnnotatedImage]:
    """A simulated stack for each seed."""

    def one(seed: int) -> AnnotatedImage:
        pixels, truth = recipe.simulate(seed)
        return AnnotatedImage(f"{SIMULATED} {seed}", SIMULATED, str(seed), pixels, truth.astype(np.uint32))

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, seeds))


def shares_of(real: float, examples: Sequence[AnnotatedImage]) -> np.ndarray:
    """How often each stack is drawn: real ones, with their copies, by the root of their objects; simulated alike."""
    simulated = np.array([example.kind == SIMULATED for example in examples])
    copies = [sum(_original(other) == _original(example) for other in examples) for example in examples]
    objects = np.array([len(np.unique(example.labels)) for example in examples])
    shares = np.where(simulated, 1.0, np.sqrt(objects) / np.array(copies))
    for mine, share in ((simulated, 1 - real), (~simulated, real)):
        shares[mine] *= share / max(float(shares[mine].sum()), 1e-9)
    return np.asarray(shares / shares.sum())


def _original(example: AnnotatedImage) -> str:
    """The name of the volume that a noisier copy was made of."""
    return example.name.split(" snr")[0]


def _read(stacks: tuple[str, ...], judged: tuple[str, ...], data: Path, split: str) -> list[AnnotatedImage]:
    """The real stacks of a split: "train" with noisier copies, or "dev"."""
    if split == "dev":
        return [read_stack(data, name) for name in judged]
    examples: list[AnnotatedImage] = []
    for seed, name in enumerate(stacks):
        whole = read_stack(data, name)
        examples += [whole, *noisier(whole, np.random.default_rng(seed))]
    return examples
