"""What a model says of one image after the other, from the engine itself."""

from __future__ import annotations

from napari_apprentice.data.image.channels import fit_to_model
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.storage import scratch
from napari_apprentice.data.storage.temporary import TemporaryFolder
from napari_apprentice.engine.task import Task, open_task
from napari_apprentice.engine.warm import Warm
from napari_apprentice.jobs import VolumeRef
from napari_apprentice.session import Session
from napari_apprentice.settings import DeviceName, SegmentSettings


class ModelTasks:
    """A model that looks at the first frame of images, as *Segment* does; it stays loaded."""

    def __init__(self, model: str, device: DeviceName = "auto") -> None:
        with Session.temporary() as session:
            self._model = str(session.models.find(model).file)
        self._settings = SegmentSettings(device=device)
        self._warm = Warm()
        self._folder = TemporaryFolder()
        self._count = 0

    def open(self, volume: Volume) -> Task:
        """The task of predicting it; `UserError` for an image that the model does not fit."""
        self._count += 1  # another file each time: predictions are remembered by it
        pixels = fit_to_model(volume, 1).pixels[:1]
        ref = scratch.write(self._folder.path / f"{self._count}.npy", pixels)
        image = VolumeRef(pixels=ref, spacing=volume.spacing, unit=volume.unit, name=volume.name)
        return open_task(image, self._model, self._settings, self._warm, lambda: False)
