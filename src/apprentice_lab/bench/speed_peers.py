"""Against peers in environments of their own: Cellpose 3, and MONAI's sliding window with our network.

Every contender is a process that holds image and model in memory and uses all cores; they are asked in turn.

- Cellpose: image in memory to labels in memory. Its network has random weights (nothing is downloaded, and the time is
  the same), so its mask step gets the flows of the true objects: what a perfect network would say.
- MONAI: the same network and the same tiles, and as many at once as named. That the image is normalised before, and no
  probabilities are made of its logits after, is in its favour.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from apprentice_lab.bench import report, speed_images
from apprentice_lab.bench.speed_beside import Beside

GOALS = {"torch": 15.0, "fast": 40.0, "monai": 1.5, "memory": 1 / 3}
_LARGE = 2048  # from here on Cellpose is asked once and the others at most
_FEW = 3  # times
_AT_ONCE = (1, 4)  # tiles that MONAI computes at a time; 4 is what its tutorials take

Lines = Generator[str, None, dict[str, Any]]


@dataclass(frozen=True)
class Contest:
    """What is compared: the peers' Pythons, our model's file, a sample at some sizes."""

    model: str
    sample: str = "nuclei_2d"
    edges: Sequence[int] = (1024, 4096)
    repeats: int = 3
    tile: int = 384
    cellpose: Path | None = None
    monai: Path | None = None
    engines: Sequence[str] = field(default_factory=lambda: ("torch", "fast") if find_spec("openvino") else ("torch",))


def measure(contest: Contest) -> Lines:
    """Seconds, memory and ratios for each peer that is there."""
    found: dict[str, Any] = {"goals": GOALS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for edge in contest.edges:
            pixels, truth = speed_images.plane(contest.sample, edge)
            np.save(folder / f"{edge}.npy", pixels)
            np.save(folder / f"{edge}-truth.npy", truth)
        if contest.cellpose is None:
            yield "Cellpose: left out, --cellpose PYTHON names the Python of an environment that has it"
        else:
            found["cellpose"] = yield from _cellpose(contest, folder)
        if contest.monai is None:
            yield "MONAI: left out, --monai PYTHON names the Python of an environment that has it"
        else:
            found["monai"] = yield from _monai(contest, folder)
    return found


def _cellpose(contest: Contest, folder: Path) -> Lines:
    """Image in memory to labels in memory, each half shown."""
    found: dict[str, Any] = {}
    with ExitStack() as stack:
        peer = stack.enter_context(Beside("cellpose", folder, contest.model, contest.cellpose))
        we = stack.enter_context(Beside("ours", folder, contest.model))
        found["about"] = {"cellpose": peer.ask("about"), "ours": we.ask("about")}
        for edge in contest.edges:
            peer.ask("prepare", image=str(edge))  # flows, outside of the clock
        release = found["about"]["cellpose"]["cellpose"]
        yield f"Cellpose {release}: random weights, masks from the flows of the true objects"
        for i, edge in enumerate(contest.edges):
            rounds = _rounds(contest, edge)
            taken: dict[str, list[dict[str, Any]]] = {name: [] for name in ("cellpose", *contest.engines)}
            for turn in range(rounds + 1):  # the first one warms up
                if turn == 1 or (edge < _LARGE and (turn or i == 0)):
                    answer = peer.ask("segment", image=str(edge))
                    taken["cellpose"] += [answer] if turn else []
                for engine in contest.engines:
                    answer = we.ask("segment", image=str(edge), engine=engine)
                    taken[engine] += [answer] if turn else []
            found[str(edge)] = halves(taken)
            yield from _say_halves(edge, found[str(edge)])
    return found


def _rounds(contest: Contest, edge: int) -> int:
    return contest.repeats if edge < _LARGE else min(_FEW, contest.repeats)


def halves(taken: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Medians of each half and of both, and how many times longer Cellpose takes."""
    found: dict[str, Any] = {}
    for name, answers in taken.items():
        parts = {half: [one[half] for one in answers] for half in ("network_s", "masks_s")}
        parts["seconds"] = [sum(both) for both in zip(*parts.values(), strict=True)]
        found[name] = {part: report.spread(values) for part, values in parts.items()}
        found[name]["objects"] = answers[-1]["objects"]
    for name in found:
        parts_of = ("network_s", "masks_s", "seconds")
        found[name]["times"] = {p: found["cellpose"][p]["median"] / found[name][p]["median"] for p in parts_of}
    return found


def _say_halves(edge: int, found: dict[str, Any]) -> Generator[str, None, None]:
    for name, one in found.items():
        seconds = ", ".join(f"{what} {one[key]['median']:.2f} s" for what, key in _HALVES.items())
        line = f"{edge} x {edge}, {name}: {seconds}, {one['objects']} objects"
        if name in GOALS:
            times = one["times"]
            line += (
                f": {times['seconds']:.1f} times faster, goal {GOALS[name]:.0f} "
                f"(network {times['network_s']:.1f}, masks {times['masks_s']:.1f})"
            )
        yield line


_HALVES = {"network": "network_s", "masks": "masks_s", "both": "seconds"}


def _monai(contest: Contest, folder: Path) -> Lines:
    """The same network on the same tiles: seconds at the smallest size, memory in fresh processes at the largest."""
    edge = min(contest.edges)
    seconds: dict[str, list[float]] = {}
    with ExitStack() as stack:
        peer = stack.enter_context(Beside("monai", folder, contest.model, contest.monai))
        we = stack.enter_context(Beside("ours", folder, contest.model))
        found: dict[str, Any] = {"about": {"monai": peer.ask("about"), "ours": we.ask("about")}}
        ways = _ways(contest.tile, half=we.ask("half")["half"])
        for turn in range(contest.repeats + 1):  # the first one warms up
            for name, how in ways.items():
                asked = we if name == "ours" else peer
                answer = asked.ask("predict", image=str(edge), **how)
                seconds.setdefault(name, []).extend([answer["seconds"]] if turn else [])
    spread = {name: report.spread(values) for name, values in seconds.items()}
    times = {name: one["median"] / spread["ours"]["median"] for name, one in spread.items()}
    for name, one in spread.items():
        more = "" if name == "ours" else f": {times[name]:.2f} times as long, goal {GOALS['monai']}"
        yield f"{edge} x {edge}, network in tiles, {name}: {one['median']:.2f} s{more}"
    found |= {"edge": edge, "seconds": spread, "times": times}
    found["memory"] = yield from _memory(contest, folder, ways)
    return found


def _ways(tile: int, *, half: bool) -> dict[str, dict[str, Any]]:
    ways: dict[str, dict[str, Any]] = {"ours": {"tile": tile}}
    for precision in (False, True) if half else (False,):
        for at_once in _AT_ONCE:
            name = f"MONAI, {at_once} at once, {'bfloat16' if precision else 'single precision'}"
            ways[name] = {"tile": tile, "at_once": at_once, "half": precision}
    return ways


def _memory(contest: Contest, folder: Path, ways: dict[str, dict[str, Any]]) -> Lines:
    """Bytes at the peak, above those in use before, each in a fresh process."""
    edge = max(contest.edges)
    found: dict[str, Any] = {"edge": edge, "bytes": {}, "share": {}}
    for name, how in ways.items():
        if how.get("half"):
            continue
        who, python = ("ours", None) if name == "ours" else ("monai", contest.monai)
        with Beside(who, folder, contest.model, python) as fresh:
            peak = fresh.ask("memory", image=str(edge), **how)["bytes"]
        if peak is None:
            yield "memory: this system does not tell a process its peak"
            return found
        found["bytes"][name] = peak
        found["share"][name] = found["bytes"]["ours"] / peak
        share = "" if name == "ours" else f": ours is {found['share'][name]:.2f} of it, goal {GOALS['memory']:.2f}"
        yield f"{edge} x {edge}, peak memory, {name}: {peak / 1e6:.0f} MB{share}"
    return found
