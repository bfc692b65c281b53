"""What is chosen for a network that knows nothing yet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from napari_apprentice.architecture.net import NetSettings
from napari_apprentice.architecture.presets import PRESETS, PresetName, Spacing, preset
from napari_apprentice.errors import UserError
from napari_apprentice.settings import RepresentationName, Settings


class FreshSettings(Settings):
    """Which network a fresh start has: one of the literature, or, in Python, any: ``network=NetSettings(...)``.

    Such a network of one's ``own`` is taken as it is, but for its inputs and outputs, which the images and what is
    taught ask for; of the other fields only ``representation`` and ``encoder`` count then.
    """

    network: Annotated[PresetName, Field(description="Which network of the literature.")] = "unet"
    width: Annotated[int, Field(ge=4, le=64, description="Channels of the first level; more learns more, slower.")] = 16
    representation: Annotated[
        RepresentationName,
        Field(
            description="What tells objects apart. log-distance: how far each pixel is from the outline of its object; "
            "learned best from few corrections. affinities: which pixels belong together, also in long and bent "
            "objects; needs many more corrections and more time. Classes need neither."
        ),
    ] = "log-distance"
    norm: Annotated[
        Literal["auto", "batch", "group", "instance", "none"],
        Field(description="What keeps activations in range; auto: as published, or what a start from scratch needs."),
    ] = "auto"
    padding: Annotated[
        Literal["same", "valid"],
        Field(description="Of the U-Nets of 2015 and 2016: same keeps the size; valid, as published, costs far more."),
    ] = "same"
    dropout: Annotated[float, Field(ge=0, le=0.9, description="Share of channels dropped at the bottleneck.")] = 0.0
    encoder: Annotated[
        Path | None,
        Field(description="File with weights for the encoder: an auto-encoder, another model, or VGG-16 (.pth)."),
    ] = None

    own: NetSettings | None = None

    @model_validator(mode="before")
    @classmethod
    def _takes_networks(cls, told: Any) -> Any:
        if not isinstance(told, dict) or not isinstance(told.get("network"), NetSettings):
            return told
        own = told["network"]
        named = own.preset if own.preset in PRESETS else cls.model_fields["network"].default
        return {**told, "network": named, "own": own}

    def net(
        self, dims: Literal[2, 3], spacing: Spacing = (1.0, 1.0, 1.0), in_channels: int = 1, out_channels: int = 2
    ) -> NetSettings:
        """The network for images of `spacing` (z, y, x); `UserError` when one's own is not for them."""
        if self.own is not None:
            if self.own.decoder == "elsewhere":
                raise UserError("A network made elsewhere cannot be taught: describe it with NetSettings.")
            if self.own.dims > dims:
                raise UserError("The network that was given is for volumes, and the image is 2D: give a 2D network.")
            return self.own.model_copy(update={"in_channels": in_channels, "out_channels": out_channels})
        chosen = preset(self.network, dims, in_channels, out_channels, self.width, spacing)
        changes: dict[str, Any] = {"dropout": self.dropout}
        if chosen.padding == "valid":
            changes["padding"] = self.padding
        if self.norm != "auto":
            changes["norm"] = self.norm
        elif self.encoder is None:
            changes |= PRESETS[self.network].from_scratch
        return chosen.model_copy(update=changes)
