"""How long a freshly taught model has to do without its fast form.

Adopting a version is choosing it and segmenting again; the first proposal comes from PyTorch, and a process of low
priority makes the fast form meanwhile. That is done here with a model whose weights are a little off, so that nothing
of it is in the cache.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

from apprentice_lab.bench import report
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.session import Session
from napari_apprentice.settings import SegmentSettings

GOAL_S = 15.0
_POLL_S = 0.02
_LONGEST_S = 300.0


def measure(model: str, image: Volume, repeats: int) -> Generator[str, None, dict[str, Any]]:
    """Seconds to the first proposal and to the fast form."""
    taken: dict[str, list[float]] = {"proposal_s": [], "fast_s": []}
    with tempfile.TemporaryDirectory() as folder, Session.temporary() as session:
        session.add_image(image)
        session.choose_model(model)
        session.segment_settings = SegmentSettings(device="cpu")
        session.segment()  # as in use: the engine is warm, the image read
        session.run_until_idle()
        for i in range(repeats):
            for name, seconds in _adopted(session, model, Path(folder) / f"taught-{i}.safetensors").items():
                taken[name].append(seconds)
    found: dict[str, Any] = {name: report.spread(values) for name, values in taken.items()}
    yield (
        f"adoption: proposal by PyTorch after {found['proposal_s']['median']:.1f} s, fast form ready after "
        f"{found['fast_s']['median']:.1f} s, goal {GOAL_S:.0f} s"
    )
    return {**found, "goal_s": GOAL_S}


def _adopted(session: Session, model: str, version: Path) -> dict[str, float]:
    """Adopt one that nobody has seen; the cache is left as it was."""
    from apprentice_lab.timing import stopwatch  # here: it loads torch

    stopwatch.write_changed(model, version)
    began = time.perf_counter()
    session.choose_model(str(version))
    session.segment()
    session.run_until_idle()
    proposal_s = time.perf_counter() - began
    while not stopwatch.is_made(str(version)):
        if time.perf_counter() - began > _LONGEST_S:
            raise UserError(
                f"The fast form was not ready after {_LONGEST_S:.0f} s: is another process keeping the machine busy?"
            )
        time.sleep(_POLL_S)
    fast_s = time.perf_counter() - began
    stopwatch.forget(str(version))
    return {"proposal_s": proposal_s, "fast_s": fast_s}
