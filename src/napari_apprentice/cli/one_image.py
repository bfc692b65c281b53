"""One image of a batch: read, segmented, its labels written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from napari_apprentice.cli.large import is_large, segment_large
from napari_apprentice.cli.progress import show_progress, warn
from napari_apprentice.data.exports import needs_objects, write_labels
from napari_apprentice.data.exports.image_numbers import ImageNumbers
from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.blank import value_of_blank
from napari_apprentice.data.image.reading import not_said, read_as
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Finished
from napari_apprentice.jobs import SegmentResult
from napari_apprentice.runners import Runners
from napari_apprentice.session import Session
from napari_apprentice.session.batch import SegmentedImage, Target
from napari_apprentice.session.result_words import count_words, describe_result
from napari_apprentice.settings import FilterSettings, ReadAs, SegmentSettings

_OPTIONS = {"axes": "--axes", "spacing": "--spacing with --unit"}


@dataclass
class OneImage:
    """Segments one image after the other in the same way; what files do not say is said once."""

    model: str
    settings: SegmentSettings
    filter: FilterSettings
    runners: Runners
    read_as: ReadAs
    blocks: bool | None
    block_mb: Callable[[], float]
    _said: set[str] = field(default_factory=set)
    _numbers: ImageNumbers = field(default_factory=ImageNumbers)

    def segment(self, target: Target) -> SegmentedImage:
        """Read, segment and write one image."""
        volume = read_as(read_image(target.source), self.read_as)
        value = value_of_blank(volume)
        large = is_large(volume)
        if value is not None and not large:
            found = self._blank(volume, target)
        elif large if self.blocks is None else self.blocks:
            source, written = target.source, target.written
            if self.filter.is_wanted:
                raise UserError(
                    f"{source.name} is segmented block by block, where objects are not filtered: leave the filter out, "
                    "and what is too small or too dark in the table (--format csv)."
                )
            block_mb = self.block_mb()
            found = segment_large(source, written, self.model, self.settings, self.runners, self.read_as, block_mb)
        else:
            found = self._segmented(volume, target)
        for gap in not_said(volume):  # now that the image could be read
            if gap.words not in self._said:
                self._said.add(gap.words)
                warn(f"{target.source.name}: {gap.words}; {_OPTIONS[gap.about]} says otherwise.")
        told = list(volume.metadata.get("notes", ()))
        if value is not None:
            told.append(f"Every pixel of {target.source} is {value:g}: the image is blank, and has no objects.")
        return found.model_copy(update={"problem": " ".join(told)}) if told else found

    def _segmented(self, volume: Volume, target: Target) -> SegmentedImage:
        with Session.temporary(self.runners) as session:
            session.choose_model(self.model)
            session.add_image(volume)
            session.segment_settings = self.settings
            with show_progress(session, target.source.name) as show:
                session.segment()
                session.run_until_idle()
            result = _result(show.last)
            if self.filter.is_wanted:
                session.filter_objects(self.filter)
                left = np.unique(session.objects.now().objects[:, 1])
                result = result.model_copy(update={"objects": len(left)})
            wanted = [path for path in target.written if result.objects or not needs_objects(path)]
            each_of(wanted, lambda path: session.export_labels(path, self._numbers.of(path, volume)))
            return SegmentedImage(
                objects=result.objects, seconds=result.seconds, words=describe_result(result, session.kind, volume)
            )

    def _blank(self, volume: Volume, target: Target) -> SegmentedImage:
        """The labels of an image in which there is nothing."""
        labels = np.zeros(volume.labels_shape, np.uint32)

        def write(path: Path) -> None:
            write_labels(path, labels, like=volume, first_number=self._numbers.of(path, volume))

        each_of([path for path in target.written if not needs_objects(path)], write)
        return SegmentedImage(objects=0, seconds=0.0, words=count_words(0, "instances"))


def each_of(paths: Sequence[Path], write: Callable[[Path], None]) -> None:
    """Write each file, whatever becomes of the others.

    `UserError` after that, with what is wrong with those that cannot be written and the names of those that were; a
    bug comes up after that, too.
    """
    written: list[str] = []
    refused: list[str] = []
    bugs: list[Exception] = []
    for path in paths:
        try:
            write(path)
        except UserError as error:
            refused.append(str(error))
        except Exception as error:
            bugs.append(error)
        else:
            written.append(path.name)
    if bugs:
        raise bugs[0]
    if refused:
        raise UserError(" ".join([*refused, f"Written: {', '.join(written)}."] if written else refused))


def _result(event: Event | None) -> SegmentResult:
    if not isinstance(event, Finished) or not isinstance(event.result, SegmentResult):
        raise RuntimeError("segmenting ended without a result")
    return event.result
