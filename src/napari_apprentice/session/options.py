"""How a session works, whatever project is open."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from napari_apprentice.settings import Settings


class SessionOptions(Settings):
    """Chosen by whoever makes the session, and not kept with a project.

    ``largest_whole`` is how many voxels an image may have whose labels are held whole; None: all images, or with
    ``in_window`` those that a window can draw and memory can hold.
    """

    in_window: bool = False
    largest_whole: Annotated[int | None, Field(ge=0)] = None
    resegment_after_teach: bool = True
