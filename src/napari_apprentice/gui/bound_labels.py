"""A labels layer that belongs to an image of a session: its history is the session's, napari's own stays empty."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from napari.layers import Labels

from napari_apprentice.gui.axis_mapping import AxisMapping
from napari_apprentice.gui.tool_labels import ToolLabels
from napari_apprentice.session import ProjectImage, Session


@dataclass(frozen=True)
class Binding:
    """Whose labels a layer shows, and how they lie in it."""

    session: Session
    entry: ProjectImage
    axis_mapping: AxisMapping


class BoundLabels(ToolLabels):
    """Undo, redo and strokes of several parts are the session's while the layer is bound.

    Parameters
    ----------
    data, binding, why_not_edit, **options
        As for `labels_layer.ApprenticeLabels`.
    """

    def __init__(self, data: Any, *, binding: Binding | None = None, why_not_edit: str = "", **options: Any) -> None:
        self._binding = binding
        self._why_not_edit = why_not_edit
        self._is_ended = False
        self._held: AbstractContextManager[None] | None = None
        self._drags: set[ExitStack] = set()  # under way
        self._step_before = 0
        super().__init__(data, **options)

    @property
    def binding(self) -> Binding | None:
        """Whose labels the layer shows."""
        return self._binding

    def unbind(self) -> None:
        """Become an ordinary labels layer that cannot be edited: the session that keeps its labels is closed."""
        self._release()
        self.end_drags()
        self._binding = None
        self._is_ended = True
        self.editable = False

    @property
    def editable(self) -> bool:
        """Whether napari's tools may edit the labels."""
        return bool(Labels.editable.fget(self))

    @editable.setter
    def editable(self, on: bool) -> None:
        """What cannot be recorded cannot be edited, although napari allows it anew with each change to 2D or 3D."""
        Labels.editable.fset(self, on and not self._is_ended and not self._why_not_edit)

    @property
    def _type_string(self) -> str:
        return "labels"  # for saving, duplicating and the icon in the layer list

    # history

    def _save_history(self, value: Any) -> None:
        if self._binding is None:
            super()._save_history(value)

    @contextmanager
    def block_history(self) -> Iterator[None]:
        """Edits inside are one undo step."""
        if self._binding is None:
            with super().block_history():
                yield
            return
        with ExitStack() as drag:
            drag.enter_context(self._binding.session.edits.stroke())
            drag.callback(self._drags.discard, drag)
            self._drags.add(drag)
            yield
        self.events.paint(value=[])

    def end_drags(self) -> None:
        """What was painted so far is a step."""
        for drag in self._drags.copy():
            drag.close()

    def _begin_stroke(self) -> None:
        if self._binding is None:
            super()._begin_stroke()
            return
        self._release()
        self._step_before = self._last_step()
        self._held = self._binding.session.edits.stroke()
        self._held.__enter__()

    def _commit_stroke(self) -> None:
        if self._binding is None:
            super()._commit_stroke()
        elif self._release():
            self.events.paint(value=[])

    def _abort_stroke(self) -> None:
        if self._binding is None:
            super()._abort_stroke()
        elif self._release() and self._last_step() != self._step_before:
            self._binding.session.edits.undo()

    def _last_step(self) -> int:
        """The number of the image's last step, so that a stroke that did nothing takes nothing back."""
        done = [] if self._binding is None else self._binding.entry.history.done
        return done[-1].number if done else 0

    def _release(self) -> bool:
        held, self._held = self._held, None
        if held is not None:
            held.__exit__(None, None, None)
        return held is not None

    def undo(self) -> None:
        """Take back the session's last step on this image."""
        if self._binding is None:
            super().undo()
        elif self._is_current():
            self._binding.session.edits.undo()

    def redo(self) -> None:
        """Do the session's last step that was taken back again."""
        if self._binding is None:
            super().redo()
        elif self._is_current():
            self._binding.session.edits.redo()

    def _is_current(self) -> bool:
        if self._binding is None or self._binding.entry not in self._binding.session.entries:
            return False
        if self._binding.session.current is not self._binding.entry:
            self._binding.session.choose_image(self._binding.entry)
        return True
