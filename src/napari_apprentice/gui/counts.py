"""How much is confirmed, in words."""

from __future__ import annotations

import numpy as np

from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND
from napari_apprentice.session import Session

_COUNTED = 1 << 26  # voxels; of larger images the voxels are named, not the objects


def confirmed_words(session: Session) -> str:
    """Such as "12 objects and some background confirmed in this image"."""
    entry = session.current
    if entry is None:
        return ""
    background = bool((entry.confirmed == BACKGROUND).any()) if entry.labels.size < _COUNTED else False
    if entry.voxels_taught == 0:
        return "Only background is confirmed yet" if background else "Nothing is confirmed yet"
    if entry.labels.size >= _COUNTED:
        return f"{entry.voxels_taught:,} voxels confirmed"
    ids = np.unique(entry.labels[entry.confirmed == AS_LABELLED])
    count = int((ids > 0).sum())
    if session.kind == "classes":
        names = [one.name for one in session.classes if one.value in ids]
        what = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names) or f"{count} classes"
    else:
        what = "1 object" if count == 1 else f"{count} objects"
    return f"{what} confirmed, and background" if background else f"{what} confirmed"
