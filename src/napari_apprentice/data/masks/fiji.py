"""Outlines that Fiji (ImageJ) saved: one in a ``.roi`` file, a set of them in a ``.zip``.

What an outline encloses follows ImageJ: pixels whose centres lie inside of it, of an oval those whose centres lie in
the ellipse. A composite outline has holes and parts.
"""

from __future__ import annotations

import itertools
import re
import struct
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.exports.outlines import Ring
from napari_apprentice.data.masks.sections import Drawing, Plane, Section
from napari_apprentice.data.masks.words import LeftOut
from napari_apprentice.errors import UserError

SUFFIXES = (".roi", ".zip")
_LARGEST = 1 << 26  # bytes of one outline, unpacked
_LARGEST_SET = 1 << 30
_MOST_VALUE = 1e9  # that a coordinate may have
# what we call an object: its id (or class), slice, frame, and the number of a part that is an outline of its own
_OURS = re.compile(r"(?P<name>.+?)(?:-z(?P<z>\d+))?(?:-t(?P<t>\d+))?(?:-(?P<part>[1-9]\d{0,2}))?")
_OF_FIJI = re.compile(r"\d{4,}-\d{4,}(-\d{4,})?")  # Fiji names outlines by slice, row and column
_CURVE_STEPS = 16


def read(path: Path, image: tuple[int, int, int]) -> Drawing:
    """The outlines in a file, for an image of so many frames, channels and slices.

    Raises `UserError` for a file without any; what else is raised is damage.
    """
    drawing, left_out = Drawing([]), LeftOut()
    sections: list[tuple[Any, Section]] = []
    for roi in _rois(path):
        parts = None if roi is None else _parts_of(roi)
        if roi is not None and parts is None:
            left_out.marks[_what(roi)] += 1
        elif parts is None or not all(_is_sound(ring) for part in parts for ring in part):
            left_out.damaged += 1
        else:
            sections.append((roi, Section(parts, _plane_of(roi, image))))
    if not sections and not left_out.marks:
        raise UserError(
            f"{path} holds {left_out.only} of Fiji (.roi): choose a ROI set, or save it again in the ROI manager."
        )
    drawing.notes += left_out.notes()
    drawing.lacks = left_out.is_any
    drawing.sections = _named(sections)
    return drawing


_WHAT = {"POINT": "point", "LINE": "line", "FREELINE": "line", "POLYLINE": "line", "ANGLE": "angle"}


def _what(roi: Any) -> str:
    return _WHAT.get(roi.roitype.name, "text" if roi.subtype.name == "TEXT" else "other mark")


def holds_outlines(path: Path) -> bool:
    """Whether a ``.zip`` looks like a ROI set: by the first name in it, else by all of them."""
    try:
        with path.open("rb") as file:
            head = file.read(_ZIP_HEAD.size)
            if len(head) == _ZIP_HEAD.size and head.startswith(b"PK"):
                if _is_roi(file.read(_ZIP_HEAD.unpack(head)[0]).decode("utf-8", "replace")):
                    return True
                with zipfile.ZipFile(file) as members:
                    return any(_is_roi(name) for name in members.namelist())
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        pass
    return False


_ZIP_HEAD = struct.Struct("<26xH2x")  # of the first file: how long its name is, which follows


def _is_roi(name: str) -> bool:
    return name.lower().endswith(".roi") and not name.startswith("__MACOSX/")


def _rois(path: Path) -> Iterator[Any]:
    """Each outline as `roifile.ImagejRoi`; None for one that is damaged."""
    import roifile

    for content in _contents(path):
        try:
            yield roifile.ImagejRoi.frombytes(content)
        except Exception:  # what it makes of damage is a ValueError, struct.error, TypeError or another one
            yield None


def _contents(path: Path) -> Iterator[bytes]:
    if path.suffix.lower() != ".zip":
        if path.stat().st_size > _LARGEST:
            raise UserError(f"{path} is too large for an outline of Fiji: get the file again.")
        yield path.read_bytes()
        return
    with zipfile.ZipFile(path) as file:
        members = [one for one in file.infolist() if _is_roi(one.filename)]
        total = sum(one.file_size for one in members)
        if total > _LARGEST_SET or any(one.file_size > _LARGEST for one in members):
            raise UserError(f"{path} unpacks to {total / 2**20:,.0f} MB, which no ROI set needs: get the file again.")
        for one in members:
            yield file.read(one)


def _parts_of(roi: Any) -> tuple[tuple[Ring, ...], ...] | None:
    """What an outline encloses, in pixels; None for one that encloses nothing, such as a line."""
    kind = roi.roitype.name
    if roi.shape_roi_size > 0 and roi.multi_coordinates is not None:
        return (tuple(_rings_of(roi.multi_coordinates)),)
    if kind in ("POLYGON", "FREEHAND", "TRACED"):
        return ((np.asarray(roi.coordinates(), np.float64),),)
    if kind == "RECT" and roi.subtype.name not in ("TEXT", "IMAGE", "ARROW"):
        return ((_rectangle(*_box(roi), abs(roi.rounded_rect_arc_size)),),)
    if kind == "OVAL":
        return ((_oval(*_box(roi)),),)
    return None


def _box(roi: Any) -> tuple[float, float, float, float]:
    """Left, top, width and height."""
    if roi.subpixelrect:
        return float(roi.xd), float(roi.yd), float(roi.widthd), float(roi.heightd)
    return float(roi.left), float(roi.top), float(roi.right - roi.left), float(roi.bottom - roi.top)


def _rectangle(left: float, top: float, width: float, height: float, arc: float) -> Ring:
    """A rectangle whose corners are rounded by ellipses that are ``arc`` wide and high."""
    across, down = min(arc, width) / 2, min(arc, height) / 2
    right, bottom = left + width, top + height
    if not (across > 0 and down > 0):
        return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    corners = ((right, bottom, 0), (left, bottom, 1), (left, top, 2), (right, top, 3))
    turned = []
    for x, y, quarter in corners:
        angles = np.linspace(quarter, quarter + 1, 4 * _CURVE_STEPS) * np.pi / 2
        middle = (x - across if x == right else x + across, y - down if y == bottom else y + down)
        turned.append(np.stack([across * np.cos(angles), down * np.sin(angles)], axis=1) + middle)
    return np.concatenate(turned)


def _oval(left: float, top: float, width: float, height: float) -> Ring:
    """A ring that has the pixels whose centres lie in an ellipse: the chord of each row, from row to row."""
    if not (width > 0 and height > 0 and np.isfinite([left, top, width, height]).all()):
        return np.zeros((0, 2))
    first, stop = (int(np.clip(np.floor(at), -_MOST_ROWS, _MOST_ROWS)) for at in (top, top + height + 1))
    rows = np.arange(first, stop)
    reach = 1 - ((rows + 0.5 - (top + height / 2)) / (height / 2)) ** 2
    rows, reach = rows[reach >= 0], reach[reach >= 0]
    half = width / 2 * np.sqrt(reach) + _JUST
    middle = left + width / 2
    ends = np.stack([rows, rows + 1], axis=1).ravel().astype(np.float64)
    right = np.stack([np.repeat(middle + half, 2), ends], axis=1)
    left_side = np.stack([np.repeat(middle - half, 2), ends], axis=1)[::-1]
    return np.concatenate([right, left_side])


_MOST_ROWS = 1 << 20
_JUST = 1e-9  # a centre on the ellipse belongs to it


def _rings_of(path: NDArray[np.float32]) -> Iterator[Ring]:
    """The rings of a composite outline: a path of moves, lines and curves, each a number and its points."""
    values = np.asarray(path, np.float64).tolist()
    ring: list[tuple[float, float]] = []
    at = 0
    while at < len(values):
        number = _POINTS.get(values[at], 0)
        if values[at] not in _POINTS or at + 2 * number >= len(values):
            yield np.full((1, 2), np.nan)  # cut off, or a step that there is not
            return
        points = [(values[at + 1 + 2 * i], values[at + 2 + 2 * i]) for i in range(number)]
        if values[at] == 0 and ring:
            yield np.array(ring)
            ring = []
        ring += _curve([ring[-1], *points]) if number > 1 and ring else points
        at += 1 + 2 * number
    if ring:
        yield np.array(ring)


_POINTS = {0: 1, 1: 1, 2: 2, 3: 3, 4: 0}  # of a move, a line, a curve of second and third order, and what closes a ring


def _curve(controls: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points along a Bezier curve, without its first one (de Casteljau's construction)."""
    share = np.linspace(0, 1, _CURVE_STEPS + 1)[1:, None]
    points = [np.asarray(one, np.float64)[None] for one in controls]
    while len(points) > 1:
        points = [a * (1 - share) + b * share for a, b in itertools.pairwise(points)]
    return [(float(x), float(y)) for x, y in points[0]]


def _is_sound(ring: Ring) -> bool:
    return bool(np.isfinite(ring).all() and (np.abs(ring) < _MOST_VALUE).all())


def _plane_of(roi: Any, image: tuple[int, int, int]) -> Plane | None:
    """Frame and slice, from 0; None where the outline belongs to no certain one.

    In a hyperstack each has a position. Else there is one in the stack, in which channels follow each other first,
    then slices, then frames. An image has slices or frames whatever the stack was read as where it was outlined.
    """
    frames, channels, slices = image
    z, t = int(roi.z_position), int(roi.t_position)
    if z > 0 or t > 0:
        z, t = max(z, 1), max(t, 1)
        if slices == 1 and t == 1:
            z, t = 1, z
        elif frames == 1 and z == 1:
            z, t = t, 1
        return t - 1, z - 1
    if roi.position <= 0:
        return None
    at = int(roi.position) - 1
    if at >= frames * slices and channels > 1:
        at //= channels
    return at // slices, at % slices


def _named(found: Sequence[tuple[Any, Section]]) -> list[Section]:
    """Sections under the numbers and classes in their names; the parts of one that are outlines of their own joined."""
    together: dict[tuple[str, Plane | None], list[tuple[int, Section]]] = defaultdict(list)
    names = [_name_of(roi) for roi, _ in found]
    for (name, part), (_, section) in zip(names, found, strict=True):
        if part:
            together[name, section.plane].append((part, section))
    whole = {key for key, parts in together.items() if _are_all([part for part, _ in parts])}
    made: list[Section] = []
    for (name, part), (roi, section) in zip(names, found, strict=True):
        key = (name, section.plane)
        parts = section.parts
        if part and key in whole:
            if part > 1:
                continue
            parts = (tuple(ring for _, one in together[key] for rings in one.parts for ring in rings),)
        elif part:
            name = str(roi.name)
        made.append(Section(parts, section.plane, int(name) if name.isdecimal() and len(name) < 12 else None, name))
    return made


def _are_all(parts: Iterable[int]) -> bool:
    found = sorted(parts)
    return len(found) > 1 and found == list(range(1, len(found) + 1))


def _name_of(roi: Any) -> tuple[str, int]:
    """What an outline is called without slice and frame, and which part of it this is; 0 for all of it."""
    name = str(roi.name or "").removesuffix(".roi")
    match = _OURS.fullmatch(name)
    if match is None or _OF_FIJI.fullmatch(name):
        return name, 0
    return match["name"], int(match["part"] or 0)
