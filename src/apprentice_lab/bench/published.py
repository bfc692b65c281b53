"""What peers published on the sets we measure on: on images of their own, so beside our scores, never among them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """Scores as a paper gives them, for images of one ``kind`` in one set; ``images`` says which they were."""

    data: str
    kind: str
    method: str
    scores: dict[str, float]
    source: str
    images: str


_STARDIST = "Schmidt et al. 2018, MICCAI, arXiv:1806.03535"
_STARDIST_IMAGES = "50 of 497 fluorescence images of the same competition, another split"
_PUBLISHED = (
    Published(
        "dsb2018",
        "all fluorescence",
        "StarDist",
        {"AP .50": 0.864, "AP .75": 0.586, "AP .90": 0.119},
        _STARDIST,
        _STARDIST_IMAGES,
    ),
    Published(
        "dsb2018",
        "all fluorescence",
        "Mask R-CNN",
        {"AP .50": 0.832, "AP .75": 0.597, "AP .90": 0.189},
        _STARDIST,
        _STARDIST_IMAGES,
    ),
    Published(
        "hippocampus_msd",
        "hippocampus_msd",
        "nnU-Net",
        {"Dice anterior": 0.90, "Dice posterior": 0.89},
        "Isensee et al. 2021, Nature Methods 18:203",
        "the challenge's test cases",
    ),
)


def published_models(data: str, kind: str) -> list[Published]:
    """What there is for images of ``kind`` in the set ``data``."""
    return [one for one in _PUBLISHED if (one.data, one.kind) == (data, kind)]
