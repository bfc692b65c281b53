"""The card of a model that travels: what it is, how it was made, how well it does, and how to use it elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.travel.told import Told

_MOST = 40  # images named


def card(told: Told, header: ModelHeader, authors: Sequence[str]) -> str:
    """A text in Markdown."""
    net = header.net
    trained = ", ".join(header.trained_on[:_MOST]) + (" and others" if len(header.trained_on) > _MOST else "")
    lines = [
        f"# {header.name}",
        "",
        f"A network for {net.dims}D images with {_channels(header)}, that proposes {header.kind}. Made with "
        f"{told.made_by}; authors: {', '.join(authors)}.",
        "",
        f"- **network**: {net.preset}, {net.parameters:,} parameters",
        f"- **learned from**: {trained or 'not told'}",
        f"- **made how**: {header.notes or 'not told'}" + (f"; parent: {header.parent}" if header.parent else ""),
        f"- **licence**: {header.licence or 'not told'}",
        f"- **weights (SHA-256)**: {told.weights}",
        "",
        "## Input",
        "",
        f"Axes {told.axes}. {told.resolution.words} {told.input}",
        "",
        "## Output",
        "",
        *(f"{i}. {one.name} ({one.meaning})" for i, one in enumerate(told.outputs)),
        "",
        told.labels,
        "",
        "The numbers: " + ", ".join(f"{name} {value:g}" for name, value in told.decode.model_dump().items()) + ".",
        "",
        "## Validation",
        "",
    ]
    if header.scores:
        lines += ["| score | |", "|---|---:|", *(f"| {name} | {value:.3f} |" for name, value in header.scores.items())]
    else:
        lines.append("No scores are noted in the model: try it on images of your own that are annotated.")
    return "\n".join(lines).rstrip() + "\n"


def _channels(header: ModelHeader) -> str:
    return "one channel" if header.image_channels == 1 else f"{header.image_channels} channels"
