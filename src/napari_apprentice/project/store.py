"""Labels and confirmed voxels of a large image: chunked arrays in a folder, of which only what is labelled takes space.

::

    store/labels-0/     uint32 (T, Z, Y, X)
          overview-0/   every n-th label along each axis: a coarse picture of all
          vouched/      what is confirmed (uint8), the same chunks
          sums.json     checksums of chunks: `chunk_sums`

When all labels are exchanged at once, which is how a proposal for the whole image is taken in, they get another number.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from napari_apprentice.data.geometry import regions
from napari_apprentice.data.geometry.regions import Region, Shape
from napari_apprentice.data.storage import chunks, disk, syncing
from napari_apprentice.data.storage.synced_store import clear_unfinished
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import StoreRef
from napari_apprentice.project import durable, numbered
from napari_apprentice.project.chunk_sums import ChunkSums
from napari_apprentice.project.snapshots import CONFIRMED

_UNREADABLE = (OSError, ValueError, RuntimeError)  # what damaged chunks raise


class LabelStore:
    """The arrays in a folder, made when they are first needed; `UserError` when the disk refuses.

    Of one that is ``read_only`` nothing is made or set aside: what is not there is empty.
    """

    def __init__(self, path: Path, shape: Shape, number: int = 0, *, read_only: bool = False) -> None:
        self.path = path
        self._read_only = read_only
        self.shape = shape
        self.number = number
        self.chunk = regions.chunk_of(shape)
        self.steps = regions.overview_steps(shape)
        self._arrays: dict[str, Any] = {}
        self._sums = ChunkSums(path)
        self._set_aside: list[Region] = []  # where something was no chunk, which was not said yet

    def read(self, region: Region) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """Labels and confirmed voxels of a region, to be written in.

        `UserError` when they are damaged: parts that cannot be read are set aside, so that the rest can be read next.
        """
        try:
            labels = np.ascontiguousarray(self._labels[region])
            confirmed = np.ascontiguousarray(self._confirmed[region])
        except _UNREADABLE as error:
            if isinstance(error, OSError) and disk.gives_nothing(error):
                raise disk.unreadable(error, f"The saved labels in {self.path}") from error
            if self._read_only:
                raise UserError(
                    f"Some of the saved labels in {self.path} are damaged: look at another part of the image."
                ) from error
            for chunk in self._unreadable(region):
                with suppress(OSError):
                    numbered.set_aside(chunk)
            self._is_changed(region)  # what is set aside is said once
            raise self._damaged("damaged and were set aside") from error
        if self._read_only:
            return labels, confirmed
        set_aside, self._set_aside = self._set_aside, []
        changed = [part for part in (region, *set_aside) if self._is_changed(part)]
        if set_aside or changed:
            raise self._damaged("damaged and were set aside" if set_aside else "missing, or older than they should be")
        return labels, confirmed

    def write(self, part: Region, labels: NDArray[np.uint32], confirmed: NDArray[np.uint8]) -> None:
        """Put the labels and confirmed voxels of ``part``, which ends at edges of chunks, on disk."""
        names, places = (f"labels-{self.number}", CONFIRMED), [*regions.chunks_in(part, self.chunk)]
        self._sums.forget(names, places)
        try:
            # a chunk that goes must not be looked for, one that comes must be there first
            self._sync(f"overview-{self.number}", self._draw(part, labels, only_clear=True))
            self._labels[part] = labels
            self._confirmed[part] = confirmed
            drawn = self._draw(part, labels)
            for name, written in (
                (f"labels-{self.number}", part),
                (CONFIRMED, part),
                (f"overview-{self.number}", drawn),
            ):
                self._sync(name, written)
        except OSError as error:
            raise durable.disk_trouble(error, self.path) from error
        self._sums.note(names, places)

    @property
    def labels(self) -> Path:
        """The folder of the array of labels, which is made if there is none."""
        _ = self._labels
        return self.path / f"labels-{self.number}"

    @property
    def confirmed(self) -> Path:
        """The folder of the array of what is confirmed, which is made if there is none."""
        _ = self._confirmed
        return self.path / CONFIRMED

    def link_into(self, folder: Path) -> tuple[Path, Path]:
        """Labels and what is confirmed as they are now, in another folder.

        Chunks are replaced and never changed, so links will do.
        """
        try:
            return _copied(self.labels, folder), _copied(self.confirmed, folder)
        except OSError as error:  # shutil's own error too, of many files at once
            shutil.rmtree(folder, ignore_errors=True)
            raise durable.disk_trouble(error, self.path) from error

    @property
    def overview(self) -> Any:
        """Every n-th label of the image, n as in ``steps``: a chunked array."""
        shape = [-(-n // step) for n, step in zip(self.shape, self.steps, strict=True)]
        return self._array(f"overview-{self.number}", shape, np.uint32)

    def labelled_chunks(self) -> Iterator[Region]:
        """The chunks that hold any label."""
        return chunks.written_chunks(self.path / f"labels-{self.number}", self.chunk, self.shape)

    def confirmed_chunks(self) -> Iterator[Region]:
        """The chunks in which anything is confirmed."""
        return chunks.written_chunks(self.path / CONFIRMED, self.chunk, self.shape)

    def exchange(self, first: int) -> StoreRef:
        """Where other labels of the whole image are to be written, new objects numbered from ``first``."""
        _ = self._labels, self._confirmed  # so that they are there
        number = 1 + max(numbered.numbers(self.path, "labels", ""))
        self._sums.forget([f"labels-{number}"])
        return StoreRef(
            labels=str(self.path / f"labels-{self.number}"),
            confirmed=str(self.path / CONFIRMED),
            merged=str(self.path / f"labels-{number}"),
            overview=str(self.path / f"overview-{number}"),
            steps=self.steps,
            first=first,
        )

    def clear_unfinished(self) -> None:
        """Remove what a process that was killed had begun to write."""
        clear_unfinished(self.path)

    def forget_others(self) -> None:
        """Remove labels that were exchanged for these."""
        for name in ("labels", "overview"):
            for number in numbered.numbers(self.path, name, ""):
                if number != self.number:
                    shutil.rmtree(self.path / f"{name}-{number}", ignore_errors=True)

    @property
    def _labels(self) -> Any:
        return self._array(f"labels-{self.number}", self.shape, np.uint32)

    @property
    def _confirmed(self) -> Any:
        return self._array(CONFIRMED, self.shape, np.uint8)

    def _array(self, name: str, shape: Any, dtype: Any) -> Any:
        if name not in self._arrays:
            chunk = [min(n, most) for n, most in zip(shape, self.chunk, strict=True)]
            folder = self.path / name
            try:
                if self._read_only:
                    if odd := next(chunks.misplaced(folder), None):
                        raise ValueError(f"no chunk: {odd}")
                    self._arrays[name] = chunks.look_at_chunks(folder, shape, chunk, dtype)
                    return self._arrays[name]
                # not its parents: a folder that was deleted must not come back empty
                syncing.make_folder(self.path, parents=False)
                if not _is_described(folder, shape, chunk, dtype):
                    numbered.set_aside(folder / "zarr.json")  # it says nothing that is not known
                for odd in list(chunks.misplaced(folder)):
                    numbered.set_aside(odd)
                    if not name.startswith("overview"):
                        self._set_aside.append(self._part_of(odd.relative_to(folder / "c").parts))
                self._arrays[name] = chunks.open_chunks(folder, shape, chunk, dtype)
            except OSError as error:
                raise durable.disk_trouble(error, self.path) from error
            except (ValueError, RuntimeError) as error:
                raise UserError(f"The saved labels in {folder} are damaged: restore them from a copy.") from error
        return self._arrays[name]

    def _part_of(self, place: Sequence[str]) -> Region:
        """Where the chunk at a place lies; all of the image for what is above chunks."""
        if len(place) < len(self.shape):
            return regions.whole_region(self.shape)
        return regions.chunk_region([int(i) for i in place], self.chunk, self.shape)

    def _damaged(self, how: str) -> UserError:
        return UserError(
            f"Some of the saved labels in {self.path} are {how}: "
            "the others are here; check the objects of this part of the image."
        )

    def _is_changed(self, region: Region) -> bool:
        """Whether chunks of a region are gone or others than were written; that is told once."""
        names = (f"labels-{self.number}", CONFIRMED)
        is_other = self._sums.take_changed(names, regions.chunks_in(region, self.chunk))
        return self._forget_missing(region) or is_other

    def _forget_missing(self, region: Region) -> bool:
        """Whether chunks of a region are gone in which the coarse picture shows labels, which then goes with them."""
        is_any = False
        for place in regions.chunks_in(region, self.chunk):
            if self.path.joinpath(f"labels-{self.number}", "c", *map(str, place)).exists():
                continue
            part = regions.chunk_region(place, self.chunk, self.shape)
            coarse = tuple(
                slice(edge.start // step, -(-edge.stop // step)) for edge, step in zip(part, self.steps, strict=True)
            )
            try:
                is_shown = bool(self.overview[coarse].any())
            except _UNREADABLE:
                continue
            if is_shown:
                is_any = True
                with suppress(OSError):
                    self._draw(part, np.zeros([edge.stop - edge.start for edge in part], np.uint32))
        return is_any

    def _draw(self, part: Region, labels: NDArray[np.uint32], *, only_clear: bool = False) -> Region:
        """Put labels into the coarse picture, and say where; where that is damaged it begins anew."""
        try:
            return chunks.draw(self.overview, self.steps, part, labels, only_clear=only_clear)
        except (ValueError, RuntimeError):
            shutil.rmtree(self.path / f"overview-{self.number}" / "c", ignore_errors=True)
            return chunks.draw(self.overview, self.steps, part, labels, only_clear=only_clear)

    def _unreadable(self, region: Region) -> Iterator[Path]:
        """The files of chunks of a region that hold something else."""
        for name, array in ((f"labels-{self.number}", self._labels), (CONFIRMED, self._confirmed)):
            for place in regions.chunks_in(region, self.chunk):
                file = self.path.joinpath(name, "c", *map(str, place))
                try:
                    _ = array[regions.chunk_region(place, self.chunk, self.shape)]
                except _UNREADABLE:
                    if os.path.lexists(file):
                        yield file

    def _sync(self, name: str, part: Region) -> None:
        """Which chunks there are, as what is in them, is on disk before the journal is let go of."""
        folders: set[Path] = set()
        for place in regions.chunks_in(part, self.chunk):
            folders.update(self.path.joinpath(name, "c", *map(str, place)).parents[: len(place) + 1])
        for folder in folders:
            if folder.is_dir():
                syncing.sync_folder(folder)


def _is_described(folder: Path, shape: Sequence[int], chunk: Sequence[int], dtype: Any) -> bool:
    """Whether an array that is there is what it should be; also when there is none."""
    if not os.path.lexists(folder / "zarr.json"):
        return True
    if not numbered.is_readable(folder / "zarr.json"):
        return False
    try:
        array = zarr.open_array(folder, mode="r")
    except Exception:  # what damaged metadata raise is anything
        return False
    return (array.shape, array.chunks, array.dtype) == (tuple(shape), tuple(chunk), np.dtype(dtype))


def _copied(array: Path, folder: Path) -> Path:
    return Path(shutil.copytree(array, folder / array.name, copy_function=_linked))


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copyfile(source, target)
