"""What a job of teaching begins with: a parent or a fresh network, and the resolution it will look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from napari_apprentice.architecture import NetSettings
from napari_apprentice.architecture.presets import pools_for
from napari_apprentice.data.image.zoom import zoom_for, zoom_to_teach
from napari_apprentice.data.models import ModelHeader, why_not_fits, without_live
from napari_apprentice.data.representations import USUAL, Representation, representation
from napari_apprentice.data.storage import room, scratch
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.first_look import FirstLook, look_at
from napari_apprentice.engine.folding import ready
from napari_apprentice.engine.nets import Net, build
from napari_apprentice.engine.nets.transfer import load_all_but_heads, load_encoder
from napari_apprentice.engine.network import Network
from napari_apprentice.engine.training_data import CorrectedImages
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import TeachJob
from napari_apprentice.settings import DecodeSettings, NormalizeSettings

# A fresh network sees background at first, so that what was never corrected does not become an object; the head's
# weights are large enough for the few steps there are.
_BYTES = 4  # of a weight, as a model file keeps it
_FRESH_BIAS, _FRESH_HEAD = -2.0, 0.1


@dataclass(frozen=True)
class Start:
    """The network to teach; ``header`` of the new version, as far as it is known; one zoom for each image.

    ``after_live`` says whether the model that is taught proposes what *Live* learned: its network knows nothing of it.
    It is ``learned`` where the last layer is new, and can be set to say the same. ``further`` is what it goes on from,
    once the network as it is was judged. ``seen`` is what a parent of objects makes of the images.
    """

    net: Net
    header: ModelHeader
    parent: ModelHeader | None
    zooms: tuple[float, ...]
    after_live: bool = False
    learned: Network | None = None
    further: checkpoint.Loaded | None = None
    seen: FirstLook | None = None

    @property
    def knows_the_images(self) -> bool:
        """Whether the network that is taught finds most of what is in the images already."""
        return self._says_the_same and self.seen is not None and self.seen.knows

    @property
    def learns_in_halves(self) -> bool:
        """Whether few corrections are shared out in halves: they can show that it got much better, not a little."""
        is_of_objects = self.header.kind == "instances"
        return is_of_objects and self._says_the_same and not self.knows_the_images and self.further is None

    @property
    def _says_the_same(self) -> bool:
        """Whether the network that is taught proposes what its parent did, with the same last layer."""
        return (
            self.parent is not None and self.header.representation == self.parent.representation and not self.after_live
        )


def begin(job: TeachJob, corrected: CorrectedImages, cancelled: Callable[[], bool] = lambda: False) -> Start:
    """Load the parent or build a fresh network.

    Raises `UserError` when it does not fit the corrections, or when there is no room for what is learned.
    """
    parent, net, what, learned = None, None, None, None
    if job.parent is not None:
        parent, net, what = checkpoint.load_whole(job.parent)
        checkpoint.refuse_inputs(parent, job.parent)
        _check(parent, job, corrected)
        if what is not None:
            device, whole, looking = pick(job.settings.device), parent, net
            net, parent = _by_itself(net, parent, job)
            if net is not looking:
                learned = Network(whole, ready(looking, device), device, learned=what)
    first = corrected.refs[0].image
    known = [1.0 if parent is None else zoom_for(parent, r.image.spacing, r.image.unit) for r in corrected.refs]
    seen = None
    if parent is not None and net is not None and parent.kind == "instances":
        device = pick(job.settings.device)
        seen = look_at(Network(parent, ready(net, device), device), corrected, cancelled)
    measured = seen.diameter if seen is not None and seen.knows else None
    typical = measured or corrected.diameter
    zoom = zoom_to_teach(typical, parent, known[0])
    zooms = tuple(zoom * one / known[0] for one in known)
    diameter = None if typical is None or measured else typical * zoom
    changes = {
        "id": Path(job.out).stem,
        "name": Path(job.out).stem,
        "kind": job.kind,
        "classes": job.classes,
        "zoom": zoom,
        "measures": measured is not None,  # else the corrections say how large objects are
        "spacing": None if first.unit == "pixel" else first.spacing,
        "unit": first.unit,
        "channels": first.channels or (() if parent is None else parent.channels),
        "scores": {},
        "learned_from_all": False,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    names = tuple(ref.image.name for ref in corrected.refs)
    if parent is not None and net is not None:
        _refuse_without_room(job, parent.net)
        changes |= {
            "object_diameter": diameter or parent.object_diameter,
            "parent": parent.id,
            "trained_on": tuple(dict.fromkeys((*parent.trained_on, *names))),
            "notes": f"taught from {parent.name}",
        }
        header = parent.model_copy(update=changes)
        if job.representation not in (None, parent.representation):
            net, header = _saying_otherwise(net, header, job.representation)
        return Start(net, header, parent, zooms, what is not None, learned, _further(job, header), seen)
    settings, normalize = _fresh_settings(job, first.spacing, zoom), NormalizeSettings()
    _refuse_without_room(job, settings)
    channels = int(scratch.read(first.pixels).shape[1])
    header = ModelHeader(
        representation=job.representation or USUAL[job.kind],
        net=settings,
        normalize=normalize,
        decode=DecodeSettings(edge=0.0),
        image_channels=channels,
        object_diameter=diameter,
        trained_on=names,
        notes="taught from a fresh network",
        **changes,
    )
    return Start(_fresh(settings, job), header, None, zooms)


def _further(job: TeachJob, header: ModelHeader) -> checkpoint.Loaded | None:
    """The version that is taught on; `UserError` where it is another network than the one that is taught."""
    if job.goes_on_from is None:
        return None
    found = checkpoint.load_whole(job.goes_on_from)
    if found.learned is not None or (found.header.net, found.header.representation) != (
        header.net,
        header.representation,
    ):
        raise UserError(
            f"{found.header.name} is another network than the one that is taught now, and cannot be taught on: "
            "press Teach, or use it first."
        )
    return found


def _refuse_without_room(job: TeachJob, net: NetSettings) -> None:
    """`UserError` when the model will not fit on the disk: before minutes of teaching, not after them."""
    room.refuse(Path(job.out).parent, net.parameters * _BYTES, "the taught model")


def _by_itself(net: Net, header: ModelHeader, job: TeachJob) -> tuple[Net, ModelHeader]:
    """The network of a model that *Live* learned, which is to say the same things by itself.

    Of objects it keeps its own last layer, if that is of objects: to set it to what *Live* says was worse.
    """
    own = without_live(header)
    if job.kind == "instances" and own.kind == job.kind:
        return net, own
    outputs = 2 if job.kind == "instances" else _outputs(job)
    own = own.model_copy(update={"kind": job.kind, "representation": USUAL[job.kind], "classes": job.classes})
    return _with_outputs(net, own, representation(own.representation, own.net.dims, outputs))


def _outputs(job: TeachJob) -> int:
    """How many channels say all classes, and none of them."""
    return 1 + max((one.value for one in job.classes), default=0)


def _check(parent: ModelHeader, job: TeachJob, corrected: CorrectedImages) -> None:
    if parent.kind != job.kind:
        raise UserError(
            f"The model {parent.name} finds {parent.kind} and these labels are {job.kind}: choose another model."
        )
    outputs = _outputs(job)
    if job.kind == "classes" and parent.live is None and parent.net.out_channels < outputs:
        raise UserError(
            f"The model {parent.name} knows {parent.net.out_channels - 1} classes and this project has {outputs - 1}: "
            "teach a fresh network."
        )
    for ref in corrected.refs:
        misfit = why_not_fits(parent, scratch.read(ref.image.pixels).shape)
        if misfit:
            raise UserError(misfit)


def _saying_otherwise(net: Net, header: ModelHeader, name: str | None) -> tuple[Net, ModelHeader]:
    """A parent's network with heads for another representation, which have yet to learn all but foreground."""
    wanted = representation(name or header.representation, header.net.dims, header.net.out_channels)
    return _with_outputs(net, header, wanted)


def _with_outputs(net: Net, header: ModelHeader, wanted: Representation) -> tuple[Net, ModelHeader]:
    settings = header.net.model_copy(update={"out_channels": len(wanted.channels)})
    changed = build(settings)
    if wanted.kind == "instances":
        changed.lean_to_background(_FRESH_BIAS, _FRESH_HEAD)
        load_all_but_heads(changed, net)
    else:  # the first answer is none of the classes, which is no foreground
        load_all_but_heads(changed, net)
        changed.lean_to_background(0.0, _FRESH_HEAD)
    changes = {"net": settings, "representation": wanted.name, "decode": DecodeSettings()}
    return changed, header.model_copy(update=changes)


def _fresh_settings(job: TeachJob, spacing: tuple[float, float, float], zoom: float) -> NetSettings:
    """The job's network; in 3D its pooling honours the spacing at the network's own resolution."""
    settings = job.net
    if settings is None:
        raise ValueError("a teach job needs a parent or a net")
    if settings.dims == 2 or job.keeps_pools:
        return settings
    at_net = (spacing[0], spacing[1] / zoom, spacing[2] / zoom)
    return settings.model_copy(update={"pools": pools_for(3, at_net, settings.depth)})


def _fresh(settings: NetSettings, job: TeachJob) -> Net:
    net = build(settings)
    net.lean_to_background(_FRESH_BIAS if job.kind == "instances" else 0.0, _FRESH_HEAD)
    if job.encoder is not None:
        load_encoder(net, job.encoder)
    return net
