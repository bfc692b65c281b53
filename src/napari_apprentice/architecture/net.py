"""The settings of a network: all that is needed to build it and to know what it accepts, without torch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import FailFast, Field, model_validator

from napari_apprentice.architecture.designs import Design, design
from napari_apprentice.architecture.layers import Stage
from napari_apprentice.settings import FiniteSettings, Triple

# A header that anyone may have written must not make us add up for hours: far above what any network has.
_MOST_LEVELS = 16
_MOST = 64  # convolutions of a block, dilations of a bottleneck
_LARGEST_MULTIPLE = 4096  # voxels along an axis that come to one at the bottom
_LARGEST_COUNT = 1 << 20  # channels of a level, voxels that a dilation spans
_LARGEST_EDGE = 10**9  # voxels; what a sum of such makes fits into a float

Count = Annotated[int, Field(ge=1, le=_LARGEST_COUNT)]
_Edge = Annotated[int, Field(ge=1, le=_LARGEST_EDGE)]
Counts = tuple[_Edge, _Edge, _Edge]  # along z, y and x
BlockName = Literal["plain", "residual", "dense"]
Down = Literal["max", "average", "strided"]
Bottleneck = Literal["plain", "dilated", "aspp", "codes"]
Up = Literal["linear", "nearest", "transposed", "shuffle", "max-unpool", "average-unpool"]
Skip = Literal["none", "concatenate", "add", "attention", "nested"]
Decoder = Literal["levels", "scores", "direct", "elsewhere"]
Norm = Literal["none", "batch", "group", "instance"]

_MAPS = ("encoder", "bottleneck", "codes", "gate", "decoder", "node", "score")


class NetSettings(FiniteSettings):
    """The parts of a network and how they are put together; `presets` names the networks of the literature.

    Parameters
    ----------
    preset
        What it is called; the other fields say what it is.
    widths
        Channels of each level; the last is the bottleneck.
    pools
        The (z, y, x) factor between level i and i + 1. A 2D net pools (1, 2, 2) and has kernels of 1 along z, so that
        one description serves 2D and 3D.
    convolutions
        How many a block has, at each level on the way down; blocks on the way up mirror them.
    narrow_first
        The first convolution of a block on the way down gives half the width: channels double before pooling.
    padding
        ``valid`` convolutions see no padding and lose a border; skips are cropped to what is left.
    bottleneck
        ``dilated``: a stack with `dilations`; ``aspp``: these side by side; ``codes``: squeezed through few channels.
    size
        The one size (z, y, x) that a net with dense codes takes: each code sees the whole image.
    decoder
        ``levels`` goes up step by step; ``scores`` adds up coarse predictions of the last `scores` + 1 levels (FCN);
        ``direct`` interpolates one coarse prediction; ``elsewhere``: the network was not built of these parts, and only
        its inputs, outputs, multiple and `reach` are known.
    reach
        How far (z, y, x) an output voxel of a network made elsewhere is said to see.
    up
        ``linear``, ``nearest``: a convolution of 1, then interpolation (they commute, and this order is cheaper).
        Unpooling has no channels of its own: the block before it gives the width of the level above.
    keep_channels
        A transposed convolution keeps the channels of the level below instead of taking those of its own.
    bias
        Whether convolutions have one; None: only those without a norm behind them, where it would do nothing.
    dropout
        Share of channels that are dropped behind the bottleneck while training.
    deep_supervision
        Every node of the top row of nested skips predicts.
    """

    preset: str = "unet"
    dims: Literal[2, 3] = 2
    in_channels: Count = 1
    out_channels: Count = 2
    widths: Annotated[tuple[Count, ...], Field(max_length=_MOST_LEVELS), FailFast()] = (16, 32, 64, 128, 256)
    pools: Annotated[tuple[Counts, ...], Field(max_length=_MOST_LEVELS), FailFast()] = ((1, 2, 2),) * 4
    convolutions: (
        Annotated[tuple[Annotated[int, Field(ge=0, le=_MOST)], ...], Field(max_length=_MOST_LEVELS)]
        | Annotated[int, Field(ge=1, le=_MOST)]
    ) = 2
    block: BlockName = "plain"
    narrow_first: bool = False
    padding: Literal["same", "valid"] = "same"
    down: Down = "max"
    bottleneck: Bottleneck = "plain"
    dilations: Annotated[tuple[Count, ...], Field(max_length=_MOST), FailFast()] = ()
    codes: Annotated[int, Field(ge=0, le=_LARGEST_COUNT)] = 0
    size: Counts | None = None
    decoder: Decoder = "levels"
    scores: Annotated[int, Field(ge=0)] = 0
    reach: tuple[Annotated[int, Field(ge=0, le=_LARGEST_MULTIPLE)], ...] = ()
    up: Up = "linear"
    keep_channels: bool = False
    up_bias: bool = True
    skip: Skip = "concatenate"
    norm: Norm = "batch"
    bias: bool | None = None
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    deep_supervision: bool = False

    @model_validator(mode="after")
    def _fits_together(self) -> NetSettings:
        problem = why_not(self)
        if problem:
            raise ValueError(problem)
        return self

    @property
    def depth(self) -> int:
        """How many levels lie above the bottleneck."""
        return len(self.pools)

    @property
    def convolutions_at(self) -> tuple[int, ...]:
        """Convolutions of a block at each level."""
        many = self.convolutions
        return many if isinstance(many, tuple) else (many,) * len(self.widths)

    @property
    def strides(self) -> tuple[Triple, ...]:
        """Input voxels (z, y, x) from one voxel of each level to the next."""
        found = [(1, 1, 1)]
        for pool in self.pools:
            z, y, x = (a * b for a, b in zip(found[-1], pool, strict=True))
            found.append((z, y, x))
        return tuple(found)

    @property
    def multiple(self) -> Triple:
        """Patch sizes (z, y, x) must be multiples of this."""
        return self.strides[-1]

    @property
    def design(self) -> Design:
        """Every convolution of the net and where it stands."""
        return design(self)

    @property
    def maps(self) -> tuple[Stage, ...]:
        """The parts whose maps can be looked at, from input to output: what `Net.inside` gives, by name."""
        return tuple(stage for stage in self.design.stages if stage.name.startswith(_MAPS))

    @property
    def receptive_radius(self) -> Triple:
        """How far (z, y, x) an output voxel can see: an upper bound in input voxels."""
        return self.design.receptive_radius

    @property
    def margin(self) -> Triple:
        """How many voxels (z, y, x) the output of valid convolutions is smaller than the input; else 0."""
        if self.padding == "same":
            return 0, 0, 0
        z, y, x = (2 * n for n in self.design.lost_margin)
        return z, y, x

    @property
    def parameters(self) -> int:
        """Everything that is learned."""
        return sum(stage.parameters for stage in self.design.stages)


def why_not(net: NetSettings) -> str:
    """One sentence when parts do not go together; "" when they do."""
    levels = len(net.widths)
    if (net.decoder == "elsewhere") != (len(net.reach) == 3):
        return "a network made elsewhere tells its reach along z, y and x, and no other does"
    if len(net.pools) != levels - 1:
        return f"{levels} widths need {levels - 1} pools, got {len(net.pools)}"
    if max(net.multiple) > _LARGEST_MULTIPLE:
        return f"pools by {max(net.multiple):.3g} in all leave nothing of an image: at most {_LARGEST_MULTIPLE}"
    if net.dims == 2 and any(z != 1 for z, _, _ in net.pools):
        return "a 2D net cannot pool along z"
    if len(net.convolutions_at) != levels:
        return f"{levels} widths need {levels} numbers of convolutions, got {len(net.convolutions_at)}"
    if net.bottleneck in ("dilated", "aspp") and not net.dilations:
        return f"a bottleneck of kind {net.bottleneck} needs dilations, such as (1, 2, 4, 8)"
    if (net.bottleneck == "codes") != (net.codes > 0):
        return "codes need a bottleneck of kind codes, and the other way round"
    if net.size is not None and any(n % m for n, m in zip(net.size, net.multiple, strict=True)):
        return f"size {net.size} is not a multiple of {net.multiple}"
    if net.padding == "valid" and (net.decoder != "levels" or net.skip == "nested" or net.bottleneck != "plain"):
        return "valid padding is for nets that go up level by level, without nested skips or special bottlenecks"
    if net.padding == "valid" and net.block != "plain":
        return "valid padding goes with plain blocks"
    if "unpool" in net.up and net.skip == "nested":
        return "nested skips have no pooling to undo: choose another way up"
    if net.up == "max-unpool" and net.down != "max":
        return "max-unpooling puts values back where their maximum was: it needs max pooling on the way down"
    if net.deep_supervision and net.skip != "nested":
        return "deep supervision needs nested skips"
    if net.scores >= max(1, net.depth):
        return f"{net.scores} scores beside that of the bottleneck need more levels above it than {net.depth}"
    return ""
