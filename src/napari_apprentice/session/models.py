"""Which network the project uses: chosen, adopted after teaching, gone back from."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import why_not_masks
from napari_apprentice.data.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.project.folder import Project
from napari_apprentice.project.versions import Lineage
from napari_apprentice.session.catalog import FRESH, Catalog, ModelChoice, bundled_files, fresh, why_not_fits
from napari_apprentice.session.requests import fresh_net, why_not_encoder
from napari_apprentice.session.state import State, refuse


class Models(State):
    """Adds the model to the state. What is chosen belongs to the project."""

    def __init__(self, project: Project | None = None) -> None:
        self._catalog = Catalog()
        super().__init__(project)

    def _forget(self) -> None:
        super()._forget()
        self._key: str | None = None

    def _load(self, project: Project) -> None:
        super()._load(project)
        self._key = project.lineage.current or self._key

    def _begin_project(self) -> None:
        super()._begin_project()
        if self._key is not None:
            with suppress(UserError):  # the file went away: `why_not_segment` says it
                self._use(self._find(self._key))

    @property
    def model(self) -> ModelChoice:
        """The model in use; the best bundled one that fits until one is chosen, else a fresh network."""
        if self._key is not None:
            try:
                return self._find(self._key)
            except UserError as error:  # the file went away or is damaged: `why_not_segment` says it
                return ModelChoice(self._key, str(error))
        return self._first_that_fits()

    def models(self) -> list[ModelChoice]:
        """What can be chosen: bundled models, versions of this project, files added, a fresh network."""
        return self._catalog.all(self._lineage, self._fresh)

    def choose_model(self, key: str) -> None:
        """Use a bundled model, a version, a model file or ``"fresh"``; `UserError` when there is no such model.

        In a project without labels a model for classes makes it a project of those classes.
        """
        choice = self._find(key)
        header = choice.header
        if header is not None:
            refuse(why_not_masks(header))
            if header.kind != "values" and header.kind != self.kind and not self.why_not_kind(header.kind):
                self.choose_kind(header.kind, header.classes)
        self._use(choice)

    def adopt(self, version: str) -> None:
        """Use a version of this project, also one that was not better."""
        if self._lineage is None or self._lineage.get(version) is None:
            raise UserError(f"This project has no version {version}: choose one from the list of models.")
        self.choose_model(version)

    def why_not_go_back(self) -> str:
        """One sentence when there is nothing to go back to."""
        if self._lineage is None or self._lineage.get(self.model.key) is None:
            return "The model in use was not taught here: there is no version before it."
        return ""

    def go_back(self) -> None:
        """Use the model that the one in use was taught from."""
        refuse(self.why_not_go_back())
        version = None if self._lineage is None else self._lineage.get(self.model.key)
        if version is not None:
            self.choose_model(version.parent)
            self.said.emit(f"{self.model.title} is in use again; version {version.id.removeprefix('v')} is kept.")

    def why_not_fits(self, volume: Volume, choice: ModelChoice | None = None) -> str:
        """One sentence when a model (the one in use) cannot work on an image."""
        choice = choice or self.model
        if choice.header is None and not choice.is_fresh:
            return choice.title  # why it cannot be read
        if choice.is_fresh:
            return self._why_not_fresh([volume])
        return why_not_fits(choice, volume, self.kind, self.classes)

    def fresh_net(self) -> NetSettings:
        """The network that a fresh start would have on the current image; `UserError` when it is not for it."""
        if self.current is None:
            raise UserError("There is no image to choose a network for: open one first.")
        return fresh_net(self.fresh_settings, [self.current.volume], self._outputs)

    def _why_not_fresh(self, volumes: Sequence[Volume]) -> str:
        """One sentence when the network chosen for a fresh start cannot begin on these images."""
        try:
            fresh_net(self.fresh_settings, volumes, self._outputs)
        except UserError as error:
            return str(error)
        return why_not_encoder(self.fresh_settings)

    @property
    def _outputs(self) -> int:
        """What a network answers for each voxel: foreground and distance, or background and each class."""
        return 2 if self.kind == "instances" else 1 + max((one.value for one in self.classes), default=1)

    def _find(self, key: str) -> ModelChoice:
        return self._fresh if key == FRESH else self._catalog.find(key, self._lineage)

    def _use(self, choice: ModelChoice) -> None:
        changed = choice.key != self.model.key
        self._key = choice.key
        if self._lineage is not None:
            try:
                is_elsewhere = choice.file is not None and self._lineage.get(choice.key) is None
                if is_elsewhere and choice.key not in bundled_files():
                    self._lineage.add_file(choice.key)
                self._lineage.use(choice.key)
            except UserError as error:
                self.said.emit(str(error))
        if changed:
            self.model_changed.emit()

    def _first_that_fits(self) -> ModelChoice:
        if self.current is not None:
            volume = self.current.volume
            fitting = [one for one in self._catalog.all(None, self._fresh) if not self.why_not_fits(volume, one)]
            for dims in (3, 2) if volume.is_3d else (2,):  # a model of volumes sees more of one than a model of slices
                for choice in fitting:
                    if choice.header is not None and choice.header.net.dims == dims:
                        return choice
        else:
            for key in bundled_files():
                choice = self._catalog.find(key, None)
                if choice.header is not None and choice.header.kind == self.kind:
                    return choice
        return self._fresh

    @property
    def _lineage(self) -> Lineage | None:
        return None if self.project is None else self.project.lineage

    @property
    def _fresh(self) -> ModelChoice:
        return fresh(self.fresh_settings, three_d=self.current is not None and self.current.volume.is_3d)
