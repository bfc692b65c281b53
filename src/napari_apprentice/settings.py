"""Everything that can be chosen, written once: name, default, limits, unit and help.

A settings class becomes the form in the panel, the options of the command line and the
record in a model file. Nothing here imports torch or Qt.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Kind = Literal["instances", "classes"]
DeviceName = Literal["auto", "cuda", "mps", "cpu"]
Triple = tuple[int, int, int]


class Settings(BaseModel):
    """A frozen record; unknown names are refused so that a typing error never passes silently."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ClassName(Settings):
    """One class of a semantic project: the value in the labels, what it is called and its colour."""

    value: Annotated[int, Field(ge=1, le=255)]
    name: Annotated[str, Field(min_length=1)]
    color: str = "#ff7f0e"


class NetSettings(Settings):
    """The shape of a U-Net: all that is needed to build it, and to know what it accepts, without torch.

    ``pools[i]`` is the (z, y, x) pooling between level i and level i + 1; a 2D net pools (1, 2, 2) and
    has kernels of 1 along z, so that one description serves 2D and 3D.
    """

    preset: Literal["unet"] = "unet"
    dims: Literal[2, 3] = 2
    in_channels: Annotated[int, Field(ge=1)] = 1
    out_channels: Annotated[int, Field(ge=1)] = 2
    widths: tuple[int, ...] = (16, 32, 64, 128, 256)
    pools: tuple[Triple, ...] = ((1, 2, 2),) * 4
    norm: Literal["batch", "instance", "group", "none"] = "batch"

    @model_validator(mode="after")
    def _pools_between_levels(self) -> NetSettings:
        if len(self.pools) != len(self.widths) - 1:
            raise ValueError(f"{len(self.widths)} widths need {len(self.widths) - 1} pools, got {len(self.pools)}")
        if self.dims == 2 and any(z != 1 for z, _, _ in self.pools):
            raise ValueError("a 2D net cannot pool along z")
        return self

    @classmethod
    def fresh(
        cls,
        dims: Literal[2, 3],
        spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
        in_channels: int = 1,
        out_channels: int = 2,
    ) -> NetSettings:
        """A net for images of `spacing` (z, y, x) at the net's own resolution.

        A 3D net pools z only where slices are at most about 1.5 times as far apart as the pixels of that level, so
        that its view of the tissue is about as deep as it is wide.
        """
        if dims == 2:
            return cls(dims=2, in_channels=in_channels, out_channels=out_channels)
        widths = (16, 32, 64, 128)
        depth, plane = spacing[0], (spacing[1] * spacing[2]) ** 0.5
        pools: list[Triple] = []
        for _ in widths[1:]:
            along_z = 2 if depth <= 1.5 * plane else 1
            pools.append((along_z, 2, 2))
            depth, plane = depth * along_z, plane * 2
        return cls(dims=3, in_channels=in_channels, out_channels=out_channels, widths=widths, pools=tuple(pools))

    @property
    def multiple(self) -> Triple:
        """Patch sizes (z, y, x) must be multiples of this."""
        total = [1, 1, 1]
        for pool in self.pools:
            total = [a * b for a, b in zip(total, pool, strict=True)]
        return total[0], total[1], total[2]

    @property
    def receptive_radius(self) -> Triple:
        """How far (z, y, x) an output voxel can see, an upper bound in input voxels.

        Each level has two convolutions of 3 on the way down and two on the way up; interpolation
        between levels reaches one voxel of the coarser level further.
        """
        radius = [0, 0, 0]
        stride = [1, 1, 1]
        for level in range(len(self.widths)):
            convolutions = 2 if level == len(self.widths) - 1 else 4
            for axis in range(3):
                if axis > 0 or self.dims == 3:
                    radius[axis] += convolutions * stride[axis]
            if level < len(self.pools):
                for axis in range(3):
                    if self.pools[level][axis] > 1:
                        stride[axis] *= self.pools[level][axis]
                        radius[axis] += stride[axis]
        return radius[0], radius[1], radius[2]


class NormalizeSettings(Settings):
    """Intensities to network inputs, fitted once on the whole image, never per tile.

    The low percentile becomes 0 and the high one 1; the network sees that value and its
    logarithm ``log1p(gain * v) / log1p(gain)``, in which dim objects beside bright ones stand out.
    """

    low: Annotated[float, Field(ge=0, le=50, description="Percentile that becomes 0.")] = 1.0
    high: Annotated[float, Field(ge=50, le=100, description="Percentile that becomes 1.")] = 99.8
    gain: Annotated[float, Field(ge=0, description="Gain of the logarithm; 0 leaves it out.")] = 20.0

    @property
    def inputs_per_channel(self) -> int:
        """Network inputs made of one image channel."""
        return 2 if self.gain > 0 else 1


class DecodeSettings(Settings):
    """From network output to instances; fitted on training data, never asked of the user."""

    foreground: Annotated[float, Field(ge=0, le=1, description="Probability from which a voxel is foreground.")] = 0.5
    prominence: Annotated[
        float, Field(ge=0, description="How far a peak of log-distance must rise above the saddle to be an object.")
    ] = 0.2
    edge: Annotated[
        float, Field(ge=0, description="Log-distance from which a voxel is inside: what sparse corrections teach best.")
    ] = 0.0
    min_size: Annotated[int, Field(ge=0, description="Objects of fewer voxels are dropped.")] = 12
    confidence: Annotated[
        float, Field(ge=0, le=1, description="Objects whose mean probability is lower are dropped.")
    ] = 0.0


class SegmentSettings(Settings):
    """How *Segment* runs."""

    device: Annotated[DeviceName, Field(description="Where the network runs; auto takes the best there is.")] = "auto"
    diameter: Annotated[
        float | None, Field(gt=0, description="Typical object diameter in image pixels; empty: as the model says.")
    ] = None
    tile: Annotated[int, Field(ge=32, le=4096, description="Tile edge in network pixels.")] = 384
    blend: Annotated[bool, Field(description="Blend overlapping tiles; off: crop exactly.")] = True


class TeachSettings(Settings):
    """How *Teach* runs."""

    device: Annotated[DeviceName, Field(description="Where the network runs; auto takes the best there is.")] = "auto"
    max_seconds: Annotated[float, Field(gt=0, description="Longest time to teach, in seconds.")] = 180.0
    max_steps: Annotated[int, Field(ge=1, description="Most training steps.")] = 2000
    learning_rate: Annotated[float, Field(gt=0, le=0.1, description="Peak learning rate.")] = 1e-3
    batch_size: Annotated[int, Field(ge=1, le=256, description="Patches in one step.")] = 8
    patch: Annotated[int, Field(ge=16, le=1024, description="Patch edge in pixels (y, x).")] = 128
    replay: Annotated[
        float, Field(ge=0, le=0.9, description="Share of patches that keep the model from forgetting.")
    ] = 0.25
    patience: Annotated[int, Field(ge=1, description="Validations without a better score before stopping.")] = 6
    seed: Annotated[int, Field(ge=0, description="Seed of everything random.")] = 0
    threads: Annotated[
        int | None, Field(ge=1, description="Processor threads; empty: one fewer than there are cores.")
    ] = None
