"""The networks of the literature by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from napari_apprentice.architecture.net import NetSettings
from napari_apprentice.errors import UserError
from napari_apprentice.settings import Triple

PresetName = Literal[
    "unet",
    "unet-2015",
    "unet3d",
    "resunet",
    "dense-unet",
    "attention-unet",
    "unet++",
    "segnet",
    "deeplab",
    "fcn-32s",
    "fcn-16s",
    "fcn-8s",
    "autoencoder",
]
Spacing = tuple[float, float, float]

_DEEPEST_Z = 8  # times that z is pooled at most: stacks are shallow


@dataclass(frozen=True)
class Preset:
    """A network of the literature.

    ``widths`` are those of the paper, bottleneck last; a 3D form has one level fewer where ``shallower``. ``parts``
    are the `NetSettings` in which it differs from a plain U-Net, ``from_scratch`` those without which it does not begin
    to learn unless its encoder has learned before.
    """

    name: PresetName
    title: str
    words: str
    paper: str
    parts: dict[str, Any]
    widths: tuple[int, ...] = (64, 128, 256, 512, 1024)
    dims: tuple[Literal[2, 3], ...] = (2, 3)
    shallower: bool = True
    from_scratch: dict[str, Any] = field(default_factory=dict)

    def net(
        self,
        dims: Literal[2, 3],
        spacing: Spacing = (1.0, 1.0, 1.0),
        in_channels: int = 1,
        out_channels: int = 2,
        width: int | None = None,
    ) -> NetSettings:
        """Its settings; `preset` says what the parameters are."""
        if dims not in self.dims:
            raise UserError(f"The network {self.name} is for {self._images}: choose another one.")
        widths = self.widths[:-1] if dims == 3 and self.shallower else self.widths
        first = self.widths[0] if width is None else width
        widths = tuple(max(1, round(w * first / self.widths[0])) for w in widths)
        return NetSettings(
            preset=self.name,
            dims=dims,
            in_channels=in_channels,
            out_channels=out_channels,
            widths=widths,
            pools=pools_for(dims, spacing, len(widths) - 1),
            **self.parts,
        )

    @property
    def _images(self) -> str:
        return "volumes" if self.dims == (3,) else "2D images"


_VGG: dict[str, Any] = {
    "widths": (64, 128, 256, 512, 512, 4096),
    "shallower": False,
    "from_scratch": {"norm": "batch"},
}
_VGG_PARTS: dict[str, Any] = {"convolutions": (2, 2, 3, 3, 3, 0), "decoder": "scores", "norm": "none"}
_LONG = "Long, Shelhamer & Darrell, CVPR 2015"

PRESETS: dict[PresetName, Preset] = {
    one.name: one
    for one in (
        Preset(
            "unet",
            "U-Net",
            "The U-Net as it is used today: padded convolutions, batch norm, linear interpolation on the way up.",
            "Ronneberger, Fischer & Brox, MICCAI 2015; Ioffe & Szegedy, ICML 2015",
            {},
        ),
        Preset(
            "unet-2015",
            "U-Net of 2015",
            "The first one: convolutions without padding, cropped skips, no norm.",
            "Ronneberger, Fischer & Brox, MICCAI 2015",
            {"padding": "valid", "up": "transposed", "norm": "none"},
        ),
        Preset(
            "unet3d",
            "3D U-Net",
            "For volumes: channels double before each pooling, so that no layer squeezes what was found.",
            "Cicek et al., MICCAI 2016",
            {
                "padding": "valid",
                "narrow_first": True,
                "up": "transposed",
                "keep_channels": True,
                "up_bias": False,
                "bias": True,
            },
            widths=(64, 128, 256, 512),
            dims=(3,),
            shallower=False,
        ),
        Preset(
            "resunet",
            "Residual U-Net",
            "Each block adds to its input instead of replacing it, which lets gradients through; strided down.",
            "Zhang, Liu & Wang, GRSL 2018; He et al., CVPR 2016",
            {"block": "residual", "down": "strided"},
        ),
        Preset(
            "dense-unet",
            "Dense U-Net",
            "Each convolution sees all before it in its block; few parameters, much memory.",
            "Jegou et al., CVPRW 2017; Huang et al., CVPR 2017",
            {"block": "dense", "convolutions": 4, "down": "average", "up": "transposed"},
        ),
        Preset(
            "attention-unet",
            "Attention U-Net",
            "Gates learn where a skip matters; their maps show where the network looks.",
            "Oktay et al., MIDL 2018",
            {"skip": "attention"},
        ),
        Preset(
            "unet++",
            "U-Net++",
            "Nested skips between levels; every depth predicts, so that a trained net can be cut shorter.",
            "Zhou et al., DLMIA 2018",
            {"skip": "nested", "up": "transposed", "norm": "none", "deep_supervision": True},
            widths=(32, 64, 128, 256, 512),
        ),
        Preset(
            "segnet",
            "SegNet",
            "No skips; on the way up each value returns to where its maximum was found.",
            "Badrinarayanan, Kendall & Cipolla, TPAMI 2017",
            {"convolutions": (2, 2, 3, 3, 3, 0), "up": "max-unpool", "skip": "none"},
            widths=(64, 128, 256, 512, 512, 512),
            shallower=False,
        ),
        Preset(
            "deeplab",
            "DeepLab",
            "Dilated convolutions side by side look far around without pooling further; one coarse prediction.",
            "Chen et al., TPAMI 2018",
            {"block": "residual", "bottleneck": "aspp", "dilations": (6, 12, 18), "decoder": "direct", "skip": "none"},
            widths=(64, 128, 256, 512),
            shallower=False,
        ),
        Preset("fcn-32s", "FCN-32s", "VGG-16 with one coarse prediction.", _LONG, {**_VGG_PARTS, "scores": 0}, **_VGG),
        Preset("fcn-16s", "FCN-16s", "And one finer prediction added.", _LONG, {**_VGG_PARTS, "scores": 1}, **_VGG),
        Preset("fcn-8s", "FCN-8s", "And two finer predictions added.", _LONG, {**_VGG_PARTS, "scores": 2}, **_VGG),
        Preset(
            "autoencoder",
            "Auto-encoder",
            "No skips: everything passes through a few codes. Taught to repeat images, its encoder can start a U-Net.",
            "Hinton & Salakhutdinov, Science 2006",
            {"skip": "none", "bottleneck": "codes", "codes": 32, "up": "nearest"},
        ),
    )
}


def preset(
    name: PresetName,
    dims: Literal[2, 3] = 2,
    in_channels: int = 1,
    out_channels: int = 2,
    width: int | None = None,
    spacing: Spacing = (1.0, 1.0, 1.0),
) -> NetSettings:
    """A network of the literature.

    Parameters
    ----------
    name
        One of `PRESETS`; `UserError` for another, or one that has no form of these `dims`.
    width
        Channels of the first level, the others in proportion; None: as in the paper.
    spacing
        Between voxels (z, y, x) at the net's own resolution: z is pooled only where slices are close enough.
    """
    if name not in PRESETS:
        raise UserError(f"There is no network {name}: choose one of {', '.join(PRESETS)}.")
    return PRESETS[name].net(dims, spacing, in_channels, out_channels, width)


def pools_for(dims: int, spacing: Spacing, count: int) -> tuple[Triple, ...]:
    """How each level is pooled.

    z is pooled only where slices are at most about 1.5 times as far apart as the pixels of that level, so that the
    view of the tissue is about as deep as it is wide.
    """
    if dims == 2:
        return ((1, 2, 2),) * count
    depth, plane, deep = spacing[0], (spacing[1] * spacing[2]) ** 0.5, 1
    pools: list[Triple] = []
    for _ in range(count):
        along_z = 2 if depth <= 1.5 * plane and deep < _DEEPEST_Z else 1
        pools.append((along_z, 2, 2))
        depth, plane, deep = depth * along_z, plane * 2, deep * along_z
    return tuple(pools)
