"""The table of a paper's figure for a network: for people as lines, for programs as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from napari_apprentice.architecture import PRESETS, NetSettings
from napari_apprentice.architecture.ledger import ledger
from napari_apprentice.architecture.sizes import smallest_valid
from napari_apprentice.errors import UserError
from napari_apprentice.settings import Triple

# What the papers drew; others get a size that is easily read.
_DRAWN: dict[tuple[str, int], Triple] = {("unet-2015", 2): (1, 572, 572), ("unet3d", 3): (116, 132, 132)}
_USUAL: dict[int, Triple] = {2: (1, 256, 256), 3: (64, 64, 64)}
_COLUMNS = ("part", "size", "channels", "parameters", "GFLOP", "MB")


def about_network(net: NetSettings, size: Sequence[int] | None = None) -> dict[str, Any]:
    """What a network is made of, for an input of `size` (y, x), (z, y, x), or one that it takes."""
    entry = ledger(net, usual_size(net) if size is None else _triple(net, size))
    preset = PRESETS.get(net.preset)  # type: ignore[call-overload]  # a model file may name another
    first = smallest_valid(net)
    return {
        "what": "network",
        "name": net.preset,
        "title": preset.title if preset else net.preset,
        "words": preset.words if preset else "",
        "paper": preset.paper if preset else "",
        "dims": net.dims,
        "channels": net.in_channels,
        "outputs": net.out_channels,
        "widths": list(net.widths),
        "input": list(entry.input),
        "output": list(entry.output),
        "parameters": entry.parameters,
        "gflop": entry.flop / 1e9,
        "megabytes": entry.memory / 1e6,
        "multiple": list(net.multiple),
        "smallest": list(first if net.padding == "valid" else net.multiple),
        "margin": list(net.margin),
        "receptive_field": [2 * n + 1 for n in net.receptive_radius],
        "parts": [
            {
                "name": row.name,
                "size": list(row.size),
                "channels": row.channels,
                "parameters": row.parameters,
                "gflop": row.flop / 1e9,
                "megabytes": row.memory / 1e6,
            }
            for row in entry.rows
        ],
    }


def network_lines(found: dict[str, Any]) -> list[str]:
    """A heading, the aligned table with its sum, and what else there is to know."""
    flat = found["dims"] == 2

    def words(size: Sequence[int]) -> str:
        return " x ".join(map(str, size[1:] if flat else size))

    parts = [
        (
            part["name"],
            words(part["size"]),
            str(part["channels"]),
            f"{part['parameters']:,}",
            _number(part["gflop"]),
            _number(part["megabytes"]),
        )
        for part in found["parts"]
    ]
    total = ("in all", "", "", f"{found['parameters']:,}", _number(found["gflop"]), _number(found["megabytes"]))
    even = words(found["multiple"])
    sizes = f"multiples of {even}"
    if any(found["margin"]):
        sizes = f"{words(found['smallest'])} and every multiple of {even} more, for valid convolutions"
    outputs = "one output" if found["outputs"] == 1 else f"{found['outputs']} outputs"
    return [
        f"{found['title']} ({found['dims']}D). {found['words']}".rstrip(),
        *([found["paper"]] if found["paper"] else []),
        "",
        f"input {words(found['input'])}, {found['channels']} channel{'s' if found['channels'] > 1 else ''}",
        *(_aligned([_COLUMNS, *parts, total]) if parts else []),  # of a network made elsewhere they are not known
        f"output {words(found['output'])}, {outputs}",
        "",
        f"patch sizes: {sizes}",
        f"receptive field: at most {words(found['receptive_field'])}",
    ]


def usual_size(net: NetSettings) -> Triple:
    """The paper's own input size where it is known, else a usual one, up to the next that the net takes."""
    if net.size is not None:
        return net.size
    goal = _DRAWN.get((net.preset, net.dims), _USUAL[net.dims])
    first = smallest_valid(net) if net.padding == "valid" else net.multiple
    z, y, x = (
        max(low, low + -(-(n - low) // step) * step) for n, low, step in zip(goal, first, net.multiple, strict=True)
    )
    return z, y, x


def _triple(net: NetSettings, size: Sequence[int]) -> Triple:
    if len(size) != net.dims:
        axes = "z y x" if net.dims == 3 else "y x"
        raise UserError(f"--size {' '.join(map(str, size))} is not a size of a {net.dims}D image: give {axes}.")
    z, y, x = (1, *size) if net.dims == 2 else size
    return z, y, x


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Names to the left, numbers to the right; lines above and below the parts."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(n) for cell, n in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]
    rule = "-" * len(lines[0])
    return [lines[0], rule, *lines[1:-1], rule, lines[-1]]


def _number(value: float) -> str:
    """Two decimals, or the first digit that is not 0."""
    return f"{value:,.2f}" if value >= 0.01 or value == 0 else f"{value:.1g}"
