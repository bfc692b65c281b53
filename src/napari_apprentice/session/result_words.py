"""What a finished job found, in the words that the panel and the command line share."""

from __future__ import annotations

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.image.zoom import pixel_micrometers
from napari_apprentice.jobs import SegmentLargeResult, SegmentResult
from napari_apprentice.session.tried import Trial
from napari_apprentice.settings import Kind


def describe_result(result: SegmentResult, kind: Kind, volume: Volume | None = None) -> str:
    """How many objects (or classes), how wide they look, and how long it took."""
    size = "" if result.diameter is None else f", about {width(result.diameter, volume)} wide,"
    return f"{count_words(result.objects, kind)}{size} in {result.seconds:.1f} s"


def describe_large_result(result: SegmentLargeResult, kind: Kind) -> str:
    """How much was found in all of a large image, and how long it took."""
    return f"{count_words(result.objects, kind)} in all of the image, in {result.seconds / 60:.1f} min"


def count_words(count: int, kind: Kind) -> str:
    """Such as "1 object" or "3,409 objects"."""
    one, many = ("object", "objects") if kind == "instances" else ("class", "classes")
    return f"{count:,} {one if count == 1 else many}"


def width(diameter: float, volume: Volume | None = None) -> str:
    """A diameter in image pixels, and in micrometers where the volume has a physical pixel size."""
    size = None if volume is None else pixel_micrometers(volume.spacing, volume.unit)
    return f"{diameter:.0f} px" if size is None else f"{diameter:.0f} px ({diameter * size:.3g} um)"


def describe_trial(trial: Trial, kind: Kind) -> str:
    """What a model made of the field, how sure it is, and its score on what is confirmed there."""
    said = f"{count_words(trial.objects, kind)} in {trial.seconds:.1f} s; {sure_words(trial.sure, kind)}"
    if trial.score is None:
        return said
    on = f"{trial.judged:,} corrected {'objects' if kind == 'instances' else 'pixels'}"
    return f"{said}; score {trial.score:.2f} on {on}{', which it learned from' if trial.knows else ''}"


def sure_words(sure: float, kind: Kind) -> str:
    """How sure a network is of the masks it made."""
    return f"expects {sure:.0%} to be right" if kind == "instances" else f"{sure:.0%} sure"
