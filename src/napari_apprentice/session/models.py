"""Which network the project uses: chosen, adopted after teaching, gone back from."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.image.light import Light, light_of
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.models import ModelHeader, why_not_known, why_not_masks
from napari_apprentice.data.weights import check_weights
from napari_apprentice.errors import UserError
from napari_apprentice.project.folder import Project
from napari_apprentice.project.versions import Lineage, Version
from napari_apprentice.session.catalog import (
    FRESH,
    Catalog,
    ModelChoice,
    are_unnamed,
    bundled_files,
    fresh,
    why_not_in_project,
    why_unlikely,
)
from napari_apprentice.session.choices import Choices
from napari_apprentice.session.images import Images, refuse
from napari_apprentice.session.requests import fresh_net, why_not_encoder
from napari_apprentice.session.signals import Signals
from napari_apprentice.session.suitability import Suited, in_order, purpose_of, why_doubtful

NO_IMAGE = "There is no image: drag a file into napari, or use File > Open Sample."
UNTAUGHT = "it cannot be taught"

Purpose = Literal["propose"]
"""What a model is used for; each has a model of its own."""


class Models:
    """The models that can be chosen, and the one in use for each purpose. What is chosen belongs to the project."""

    def __init__(self, signals: Signals, choices: Choices, images: Images) -> None:
        self._signals = signals
        self._choices = choices
        self._images = images
        self._catalog = Catalog()
        self._keys: dict[Purpose, str] = {}
        self._lit: tuple[Volume, Light | None] | None = None  # of the image that was looked at last
        signals.project_began.connect(self._on_project_began)

    def load(self, project: Project) -> None:
        """Use what a project used last."""
        if project.lineage.current is not None:
            self._keys["propose"] = project.lineage.current

    def forget(self) -> None:
        """Be as without a project."""
        self._keys.clear()
        self._lit = None

    def _on_project_began(self) -> None:
        key = self._keys.get("propose")
        if key is not None:
            with suppress(UserError):  # the file went away: `why_not_propose` says it
                self._use(self.find(key))

    @property
    def in_use(self) -> ModelChoice:
        """The model that proposes; the best bundled one that fits until one is chosen, else a fresh network."""
        key = self._keys.get("propose")
        if key is not None:
            try:
                return self.find(key)
            except UserError as error:  # the file went away or is damaged: `why_not_propose` says it
                return ModelChoice(key, str(error))
        return self._first_that_fits()

    def all(self) -> list[ModelChoice]:
        """What can be chosen: bundled models, versions of this project, files added, a fresh network."""
        return self._catalog.all(self._lineage, self._fresh)

    def suited(self) -> list[Suited]:
        """What can be chosen, the likely best for the current image first, with what each is for and against it."""
        used, choices = self.in_use, self.all()
        if all(one.key != used.key for one in choices):
            choices = [used, *choices]
        return self._in_order([self._suited(one) for one in choices], used.key)

    def purpose_of(self, choice: ModelChoice) -> str:
        """What a model is for, in a few words."""
        return purpose_of(choice, None if self._lineage is None else self._lineage.get(choice.key))

    def find(self, key: str) -> ModelChoice:
        """The choice with this key, as of `choose`; `UserError` when there is no such model."""
        return self._fresh if key == FRESH else self._catalog.find(key, self._lineage)

    def check_teachable(self, key: str) -> None:
        """`UserError` when there is no such model, or it cannot be taught, whatever the images are."""
        header = self.find(key).header
        if header is not None:
            refuse(why_not_known(header, UNTAUGHT) or why_not_masks(header))

    def choose(self, key: str) -> None:
        """Use a bundled model, a version, a model file or ``"fresh"``; `UserError` when there is no such model.

        In a project without labels a model for classes makes it a project of those classes, unless it has named ones.
        """
        choice = self.find(key)
        header = choice.header
        if choice.file is not None and key not in bundled_files():
            check_weights(choice.file)
        if header is not None:
            refuse(why_not_masks(header))
            kind = header.kind
            if kind in ("instances", "classes") and self._may_take_over(header) and not self._images.why_not_kind(kind):
                self._images.choose_kind(kind, header.classes)
        self._use(choice)

    def _may_take_over(self, header: ModelHeader) -> bool:
        """Whether what a model proposes becomes what labels mean here, where labels that exist allow it."""
        if header.kind != "classes" or self._choices.kind != "classes":
            return header.kind != self._choices.kind
        return are_unnamed(self._choices.classes) and not any(entry.is_labelled for entry in self._images.entries)

    @property
    def waiting(self) -> Version | None:
        """The version taught last from the model in use, as long as the user has not decided about it."""
        return None if self._lineage is None else self._lineage.waiting(self.in_use.key)

    def put_away(self, version: str) -> None:
        """The user prefers the model that a version was taught from: it does not wait any more."""
        if self._lineage is not None:
            with self._choices.telling_trouble():
                self._lineage.put_away(version)
            self._signals.model_changed.emit()

    def adopt(self, version: str) -> None:
        """Use a version of this project, also one that was not better."""
        if self._lineage is None or self._lineage.get(version) is None:
            raise UserError(f"This project has no version {version}: choose one from the list of models.")
        self.choose(version)

    def why_not_go_back(self) -> str:
        """One sentence when there is nothing to go back to."""
        if self._lineage is None or self._lineage.get(self.in_use.key) is None:
            return "The model in use was not taught here: there is no version before it."
        return ""

    def go_back(self) -> None:
        """Use the model that the one in use was taught from."""
        refuse(self.why_not_go_back())
        version = None if self._lineage is None else self._lineage.get(self.in_use.key)
        if version is not None:
            self.choose(version.parent)
            self._signals.message.emit(
                f"{self.in_use.title} is in use again; version {version.id.removeprefix('v')} is kept."
            )

    def why_not_propose(self, choice: ModelChoice | None = None) -> str:
        """One sentence when a model (the one in use) cannot propose anything for the current image."""
        choice = choice or self.in_use
        if self._images.current is None:
            return NO_IMAGE
        if choice.is_fresh:
            wanted = "correct a few objects" if self._choices.kind == "instances" else "paint a few areas of each class"
            return f"A fresh network knows nothing yet: {wanted} and press Teach."
        return self.why_not_fits(self._images.current.volume, choice)

    def why_not_fits(self, volume: Volume, choice: ModelChoice | None = None) -> str:
        """One sentence when a model (the one in use) cannot work on an image."""
        choice = choice or self.in_use
        if choice.header is None and not choice.is_fresh:
            return choice.title  # why it cannot be read
        if choice.is_fresh:
            return self.why_not_fresh([volume])
        return why_not_in_project(choice, volume, self._choices.kind, self._choices.classes)

    def why_unlikely(self, volume: Volume, choice: ModelChoice | None = None) -> str:
        """One sentence when a model (the one in use) learned from images of another sort than this one."""
        return why_unlikely(choice or self.in_use, volume, self._choices.classes)

    def fresh_net(self) -> NetSettings:
        """The network that a fresh start would have on the current image; `UserError` when it is not for it."""
        choices = self._choices
        if self._images.current is None:
            raise UserError("There is no image to choose a network for: open one first.")
        return fresh_net(choices.fresh, [self._images.current.volume], choices.kind, choices.classes)

    def why_not_fresh(self, volumes: Sequence[Volume]) -> str:
        """One sentence when the network chosen for a fresh start cannot begin on these images."""
        choices = self._choices
        try:
            fresh_net(choices.fresh, volumes, choices.kind, choices.classes)
        except UserError as error:
            return str(error)
        return why_not_encoder(choices.fresh)

    def _use(self, choice: ModelChoice) -> None:
        changed = choice.key != self.in_use.key
        self._keys["propose"] = choice.key
        if self._lineage is not None:
            with self._choices.telling_trouble():
                is_taught = self._lineage.get(choice.key) is not None
                is_elsewhere = choice.file is not None and not is_taught and choice.key not in bundled_files()
                self._lineage.use(choice.key, is_elsewhere=is_elsewhere)
        if changed:
            self._signals.model_changed.emit()

    def _first_that_fits(self) -> ModelChoice:
        if self._images.current is not None:
            known = [self._suited(one) for one in self._catalog.all(None, self._fresh)]
            return next((one.choice for one in self._in_order(known, "") if one.may_be_chosen), self._fresh)
        for key in bundled_files():
            choice = self._catalog.find(key, None)
            if choice.header is not None and choice.header.kind == self._choices.kind == "instances":
                return choice
        return self._fresh

    def _suited(self, choice: ModelChoice) -> Suited:
        entry, purpose = self._images.current, self.purpose_of(choice)
        if entry is None:
            return Suited(choice, purpose)
        why_not = self.why_not_fits(entry.volume, choice)
        unlikely = "" if why_not else why_unlikely(choice, entry.volume, self._choices.classes)
        doubtful = why_doubtful(choice, entry.volume, self._light(entry.volume))
        return Suited(choice, purpose, why_not, unlikely, doubtful)

    def _in_order(self, suited: list[Suited], used: str) -> list[Suited]:
        entry = self._images.current
        versions = () if self._lineage is None else self._lineage.versions
        return in_order(suited, used=used, versions=versions, is_3d=entry is not None and entry.volume.is_3d)

    def _light(self, volume: Volume) -> Light | None:
        """How the image was lit; looked at once."""
        if self._lit is None or self._lit[0] is not volume:
            self._lit = volume, light_of(volume)
        return self._lit[1]

    @property
    def _lineage(self) -> Lineage | None:
        return None if self._choices.project is None else self._choices.project.lineage

    @property
    def _fresh(self) -> ModelChoice:
        return fresh(
            self._choices.fresh, three_d=self._images.current is not None and self._images.current.volume.is_3d
        )
