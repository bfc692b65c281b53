"""Where exported labels come from: product and version, the models that proposed masks, what was confirmed by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice import __version__
from napari_apprentice.data.labels.corrections import AS_LABELLED, rank_ids
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.settings import FiniteSettings, Settings, changed_settings

PRODUCT = "napari-apprentice"
KEY = PRODUCT  # the member of a file's metadata that holds it, or the namespace


class ModelNote(FiniteSettings):
    """A model as one finds it again: ``weights`` is the SHA-256 of its tensors, ``licence`` that of the model.

    ``network`` is the name of its architecture with its dimensions, such as "unet 2d"; ``says`` how it tells what is
    where (`data/representations`).
    """

    name: str
    id: str = ""
    weights: str = ""
    parent: str | None = None
    scores: dict[str, float] = {}
    licence: str = ""
    trained_on: tuple[str, ...] = ()
    created: str = ""
    network: str = ""
    says: str = ""

    @classmethod
    def of(cls, header: ModelHeader, weights: str, scores: dict[str, float] | None = None) -> ModelNote:
        """What a model's header says, and ``scores`` of it that stand elsewhere."""
        return cls(
            name=header.name,
            id=header.id,
            weights=weights,
            parent=header.parent,
            scores={**header.scores, **(scores or {})},
            licence=header.licence,
            trained_on=header.trained_on,
            created=header.created,
            network=f"{header.net.preset} {header.net.dims}d",
            says=header.representation,
        )


class MaskSource(FiniteSettings):
    """A model that proposed masks of an image, ``by`` which command, with the ``settings`` that were not the usual."""

    by: str
    model: ModelNote
    settings: dict[str, Any] = {}

    @classmethod
    def of(cls, by: str, model: ModelNote, settings: Settings | None = None) -> MaskSource:
        """``settings`` are kept as far as they are not the usual ones."""
        told = {} if settings is None else changed_settings(settings)
        return cls(by=by, model=model, settings={name: _plain(value) for name, value in told.items()})


class ConfirmedShare(FiniteSettings):
    """How much was confirmed by hand: objects ``whole`` and in ``part``; ``of_object`` is the share of voxels by id.

    Objects of which nothing was confirmed are not in ``of_object``; it is None where there were too many for a format.
    """

    whole: int = 0
    part: int = 0
    of_object: dict[str, float] | None = {}


class Provenance(FiniteSettings):
    """What a file says of itself; ``masks`` are in the order in which models were first used, () where none was noted.

    ``objects`` counts ids (or classes); ``confirmed`` is None where that is not known.
    """

    product: str = PRODUCT
    version: str = __version__
    image: str = ""
    masks: tuple[MaskSource, ...] = ()
    objects: int | None = None
    confirmed: ConfirmedShare | None = None

    def counted(self, labels: NDArray[Any], confirmed: NDArray[np.uint8] | None) -> Provenance:
        """The same with what is in ``labels``, and how much of it is ``confirmed`` (None: not known)."""
        ids, voxels, sure = _counts(labels, confirmed)
        told: dict[str, Any] = {"objects": len(ids)}
        if confirmed is not None:
            shares = {str(id_): round(float(part), 4) for id_, part in zip(ids, sure / voxels, strict=True) if part}
            whole = int((sure == voxels).sum())
            told["confirmed"] = ConfirmedShare(whole=whole, part=len(shares) - whole, of_object=shares)
        return self.model_copy(update=told)

    def text(self, most: int | None = None) -> str:
        """As JSON, in ASCII; without the shares of single objects where that is longer than ``most`` characters."""
        written = _ascii(self)
        if most is not None and len(written) > most and self.confirmed is not None:
            written = _ascii(self.model_copy(update={"confirmed": self.confirmed.model_copy(update=_NO_SHARES)}))
        if most is not None and len(written) > most:
            written = _ascii(Provenance(image=self.image[:200], objects=self.objects))
        return written

    def plain(self) -> dict[str, Any]:
        """As plain values."""
        return self.model_dump(mode="json", exclude_defaults=True) | {"product": self.product, "version": self.version}


def provenance_in(told: str | dict[str, Any] | None) -> Provenance | None:
    """What is written in JSON, or as plain values; None for what does not say that it was written here."""
    try:
        values = json.loads(told) if isinstance(told, str) else told
        return Provenance.model_validate(values) if values and values.get("product") == PRODUCT else None
    except (ValueError, RecursionError, AttributeError):  # pydantic's errors are ValueErrors
        return None


_NO_SHARES: dict[str, Any] = {"of_object": None}


def shares_of(labels: NDArray[Any], confirmed: NDArray[np.uint8]) -> dict[int, float]:
    """Which share of each id's voxels is confirmed, of labels (..., Y, X)."""
    ids, voxels, sure = _counts(labels, confirmed)
    return dict(zip(ids.tolist(), (sure / voxels).tolist(), strict=True))


def sidecar_of(path: Path) -> Path:
    """Where it lies beside a file that has no room for it."""
    return path.with_name(path.name + ".json")


def _counts(
    labels: NDArray[Any], confirmed: NDArray[np.uint8] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Ids (n,), how many voxels each has, and how many of these are confirmed."""
    names, ranks = rank_ids(labels)
    flat = ranks.ravel()
    voxels = np.bincount(flat, minlength=len(names))
    sure = np.zeros_like(voxels)
    if confirmed is not None:
        sure = np.bincount(flat[(confirmed == AS_LABELLED).ravel()], minlength=len(names))
    there = np.flatnonzero(voxels)
    there = there[names[there] > 0]
    return names[there].astype(np.int64), voxels[there], sure[there]


def _plain(value: object) -> object:
    return value if isinstance(value, bool | int | float | str | None) else str(value)


def _ascii(told: Provenance) -> str:
    return json.dumps(told.plain())
