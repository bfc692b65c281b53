"""Everything that can be chosen, written once: name, default, limits, unit and help.

A settings class becomes the form in the panel, the options of the command line and the
record in a model file. Nothing here imports torch or Qt.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, FailFast, Field

Kind = Literal["instances", "classes"]
# values: numbers for each voxel, as an auto-encoder gives; prompts: one object, asked for by clicks or a box
ModelKind = Literal["instances", "classes", "values", "prompts"]
DeviceName = Literal["auto", "cuda", "mps", "cpu"]
LengthName = Literal["px", "um"]
EngineName = Literal["auto", "torch", "fast"]
LabelLoss = Literal["entropy+dice", "entropy", "dice", "focal", "focal+dice"]
ValueLoss = Literal["smooth-l1", "l1", "l2"]
OptimizerName = Literal["adamw", "adam", "sgd"]
ScheduleName = Literal["cosine", "plateau"]
AugmentationName = Literal["light", "strong", "none"]
AugmentationChoice = Literal["auto", AugmentationName]
RepresentationName = Literal["log-distance", "affinities"]  # those of objects that can be chosen
MaskMeaning = Literal["auto", "numbers", "parts"]
Triple = tuple[int, int, int]
_MOST_SCALED = 4096  # channels


class Settings(BaseModel):
    """A frozen record; unknown names are refused so that a typing error never passes silently."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def changed_settings(settings: Settings) -> dict[str, Any]:
    """What differs from the defaults."""
    default = type(settings)()
    return {name: value for name, value in settings if value != getattr(default, name)}


class FiniteSettings(Settings):
    """A record in which no number is NaN or infinite: files that anyone may have written hold such."""

    model_config = ConfigDict(allow_inf_nan=False)


class ClassName(Settings):
    """One class of a semantic project: the value in the labels, what it is called and its colour."""

    value: Annotated[int, Field(ge=1, le=255)]
    name: Annotated[str, Field(min_length=1)]
    color: str = "#ff7f0e"


class ReadAs(Settings):
    """What is said about images in place of their files, and which channels are used; empty: as the file says.

    ``axes`` is one letter for each axis of the file (data/image/axes.py), ``spacing`` (z, y, x) in ``unit``;
    ``channels`` are names or numbers from 0, one for each input of the network.
    """

    channels: tuple[int | str, ...] = ()
    axes: str = ""
    spacing: tuple[float, float, float] | None = None
    unit: str = ""


class NormalizeSettings(FiniteSettings):
    """Intensities to network inputs, fitted once on the whole image, never per tile.

    The low percentile becomes 0 and the high one 1; the network sees that value and its
    logarithm ``log1p(gain * v) / log1p(gain)``, in which dim objects beside bright ones stand out.

    A network that was made elsewhere may want something else: ``by`` "mean" makes the mean 0 and the deviation 1,
    "values" leaves values as they are; ``together``: of all channels at once; then values are multiplied by ``scale``
    and ``offset`` is added (one for each channel, or one for all), and ``clip`` bounds them. It sees hot pixels, and
    what is brighter than we let ours see, unless ``mends``.
    """

    low: Annotated[float, Field(ge=0, le=50, description="Percentile that becomes 0.")] = 1.0
    high: Annotated[float, Field(ge=50, le=100, description="Percentile that becomes 1.")] = 99.8
    gain: Annotated[float, Field(ge=0, description="Gain of the logarithm; 0 leaves it out.")] = 20.0
    noise: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Noise, as a share of the range, that the network stands: noisier images are smoothed before. "
            "0: none is.",
        ),
    ] = 0.0
    by: Literal["percentiles", "mean", "values"] = "percentiles"
    together: bool = False
    scale: Annotated[tuple[float, ...], Field(max_length=_MOST_SCALED), FailFast()] = ()
    offset: Annotated[tuple[float, ...], Field(max_length=_MOST_SCALED), FailFast()] = ()
    clip: tuple[float, float] | None = None
    mends: bool = True

    @property
    def inputs_per_channel(self) -> int:
        """Network inputs made of one image channel."""
        return 2 if self.gain > 0 else 1


class DecodeSettings(FiniteSettings):
    """From network output to instances; fitted on training data, never asked of the user."""

    foreground: Annotated[float, Field(ge=0, le=1, description="Probability from which a voxel is foreground.")] = 0.5
    prominence: Annotated[
        float, Field(ge=0, description="How far a peak of log-distance must rise above the saddle to be an object.")
    ] = 0.2
    split: Annotated[
        float,
        Field(ge=0, le=1, description="How much more pairs that part objects count than those that join; 0: join all."),
    ] = 0.5
    edge: Annotated[
        float, Field(ge=0, description="Log-distance from which a voxel is inside: what sparse corrections teach best.")
    ] = 0.0
    min_size: Annotated[int, Field(ge=0, description="Objects of fewer voxels are dropped.")] = 12
    confidence: Annotated[
        float, Field(ge=0, le=1, description="Objects whose mean probability is lower are dropped.")
    ] = 0.0


class SegmentSettings(FiniteSettings):
    """How *Segment* runs."""

    device: Annotated[DeviceName, Field(description="Where the network runs; auto takes the best there is.")] = "auto"
    diameter: Annotated[
        float | None,
        Field(gt=0, description="Typical object diameter; empty: measured in the image, or as the model says."),
    ] = None
    diameter_unit: Annotated[LengthName, Field(description="Of the diameter: pixels of the image, or micrometers.")] = (
        "px"
    )
    link: Annotated[
        bool, Field(description="Time series: an object keeps its id where it overlaps itself in the next frame.")
    ] = False
    tile: Annotated[int, Field(ge=32, le=4096, description="Tile edge in network pixels.")] = 384
    blend: Annotated[bool, Field(description="Blend overlapping tiles; off: crop exactly.")] = True
    engine: Annotated[
        EngineName,
        Field(description="What computes on a processor; auto: the fast engine where it is installed and ready."),
    ] = "auto"


class FilterSettings(FiniteSettings):
    """Which objects a filter removes: those that lie outside a range, which holds its ends, or touch the border."""

    min_size: Annotated[
        float | None,
        Field(ge=0, description="Remove smaller objects; in um2, um3 or such, in pixels where there is no pixel size."),
    ] = None
    max_size: Annotated[float | None, Field(ge=0, description="Remove larger objects.")] = None
    min_intensity: Annotated[float | None, Field(description="Remove objects that are darker in the mean.")] = None
    max_intensity: Annotated[float | None, Field(description="Remove objects that are brighter in the mean.")] = None
    intensity_channel: Annotated[
        int, Field(ge=0, description="The channel of the image that says how bright, from 0.")
    ] = 0
    touching_border: Annotated[
        bool, Field(description="Remove objects at the edges of the image; of a volume also in its end slices.")
    ] = False

    @property
    def is_wanted(self) -> bool:
        """Whether there is any condition."""
        ends = (self.min_size, self.max_size, self.min_intensity, self.max_intensity)
        return self.touching_border or any(end is not None for end in ends)


class MaskSettings(Settings):
    """What masks that were made elsewhere say."""

    meaning: Annotated[
        MaskMeaning,
        Field(
            description="Of label images: numbers of objects, or just what is object, so that each connected part is "
            "one; auto: parts where the only value is 1 or 255."
        ),
    ] = "auto"
    background: Annotated[
        int, Field(ge=0, le=255, description="The value that is background; pixel classifiers often give it 1 or 2.")
    ] = 0
    partial: Annotated[
        bool, Field(description="Only some objects were annotated: nothing is said of what lies between them.")
    ] = False


class ClusterSettings(Settings):
    """Which workers do the pieces of a large image; without any, this process does them."""

    workers: Annotated[
        int | None, Field(ge=1, le=1024, description="Work with so many processes of one thread on this computer.")
    ] = None
    scheduler: Annotated[
        str | None,
        Field(
            description="Work with the workers of a dask scheduler: tls://host:8786, or a scheduler file; "
            "tcp://... only on this machine."
        ),
    ] = None
    tls_ca: Annotated[str | None, Field(description="The certificate authority of a scheduler with TLS.")] = None
    tls_cert: Annotated[str | None, Field(description="Our certificate for a scheduler with TLS.")] = None
    tls_key: Annotated[str | None, Field(description="The key of our certificate.")] = None

    @property
    def is_wanted(self) -> bool:
        """Whether there are any."""
        return self.workers is not None or self.scheduler is not None


class TimeToTeach(FiniteSettings):
    """Where a network is taught, and for how long at most."""

    device: Annotated[DeviceName, Field(description="Where the network runs; auto takes the best there is.")] = "auto"
    max_seconds: Annotated[float, Field(gt=0, description="Longest time to teach, in seconds.")] = 180.0
    max_steps: Annotated[int, Field(ge=1, description="Most training steps.")] = 2000


class TeachClicksSettings(TimeToTeach):
    """How the network that is asked by clicks learns."""

    max_seconds: Annotated[float, Field(gt=0, description="Longest time to learn, in seconds.")] = 180.0
    max_steps: Annotated[int, Field(ge=1, description="Most training steps.")] = 100
    seed: Annotated[int, Field(ge=0, description="Seed of everything random.")] = 0
    threads: Annotated[
        int | None, Field(ge=1, description="Processor threads; empty: one fewer than there are cores.")
    ] = None


class TeachSettings(TimeToTeach):
    """How *Teach* runs."""

    learning_rate: Annotated[
        float | None, Field(gt=0, le=0.1, description="Peak learning rate; empty: what suits the start and optimiser.")
    ] = None
    batch_size: Annotated[
        int | None, Field(ge=1, le=256, description="Patches in one step; empty: what suits objects, classes, volumes.")
    ] = None
    patch: Annotated[
        int | None,
        Field(ge=16, le=1024, description="Patch edge, network pixels; empty: 64 for objects, 128 for classes."),
    ] = None
    replay: Annotated[
        float, Field(ge=0, le=0.9, description="Share of patches that keep the model from forgetting.")
    ] = 0.25
    patience: Annotated[int, Field(ge=1, description="Validations in a row that were no better before it stops.")] = 6
    augmentation: Annotated[
        AugmentationChoice,
        Field(
            description="How far patches are varied while learning; auto: lightly for a fresh network, else strongly."
        ),
    ] = "auto"
    loss: Annotated[LabelLoss, Field(description="What is made small for objects or classes.")] = "entropy+dice"
    distance_loss: Annotated[ValueLoss, Field(description="What is made small for distances in objects.")] = "smooth-l1"
    optimizer: Annotated[OptimizerName, Field(description="How weights follow the gradient.")] = "adamw"
    schedule: Annotated[
        ScheduleName,
        Field(description="Learning rate: falls as a cosine, or is halved when the validation loss does not fall."),
    ] = "cosine"
    weight_decay: Annotated[float, Field(ge=0, le=1, description="Pull of the weights towards 0.")] = 1e-2
    seed: Annotated[int, Field(ge=0, description="Seed of everything random.")] = 0
    threads: Annotated[
        int | None, Field(ge=1, description="Processor threads; empty: one fewer than there are cores.")
    ] = None


class AutoencoderSettings(Settings):
    """How an auto-encoder is made."""

    dims: Annotated[Literal[2, 3], Field(description="2 looks at volumes slice by slice, 3 sees them whole.")] = 2
    width: Annotated[int, Field(ge=4, le=64, description="Channels of the first level, as the U-Net will have.")] = 16
    codes: Annotated[int, Field(ge=1, le=4096, description="Numbers for each place of the coarsest level.")] = 32
    noise: Annotated[float, Field(ge=0, le=1, description="Most noise on inputs; 1 is the image's range.")] = 0.2
    loss: Annotated[ValueLoss, Field(description="What is made small.")] = "smooth-l1"
    steps: Annotated[int, Field(ge=1, description="Training steps.")] = 2000
    batch_size: Annotated[int, Field(ge=1, le=256, description="Patches in one step.")] = 8
    learning_rate: Annotated[float, Field(gt=0, le=0.1, description="Peak learning rate.")] = 2e-3
    seed: Annotated[int, Field(ge=0, description="Seed of everything random.")] = 0
    device: Annotated[DeviceName, Field(description="Where it runs; auto takes the best there is.")] = "auto"
