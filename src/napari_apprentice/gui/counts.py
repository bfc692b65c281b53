"""How much is vouched for, in words."""

from __future__ import annotations

import numpy as np

from napari_apprentice.data.corrections import AS_LABELLED, BACKGROUND
from napari_apprentice.session import Session

_COUNTED = 1 << 26  # voxels; of larger images the voxels are named, not the objects


def vouched_words(session: Session) -> str:
    """Such as "12 objects and some background vouched for in this image"."""
    entry = session.current
    if entry is None:
        return ""
    background = bool((entry.vouched == BACKGROUND).any()) if entry.labels.size < _COUNTED else False
    if entry.voxels_taught == 0:
        return "Only background is vouched for yet" if background else "Nothing is vouched for yet"
    if entry.labels.size >= _COUNTED:
        return f"{entry.voxels_taught:,} voxels vouched for"
    ids = np.unique(entry.labels[entry.vouched == AS_LABELLED])
    count = int((ids > 0).sum())
    if session.kind == "classes":
        names = [one.name for one in session.classes if one.value in ids]
        what = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names) or f"{count} classes"
    else:
        what = "1 object" if count == 1 else f"{count} objects"
    return f"{what} vouched for, and background" if background else f"{what} vouched for"
