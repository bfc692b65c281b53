"""What a project must hold after the process that worked on it was killed, whenever that was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from apprentice_lab.trust.kill_told import Begins, Opened, Plan, content_of, digest, digest_of, seen_of
from napari_apprentice.data.files import read_labels
from napari_apprentice.data.models import read_header
from napari_apprentice.errors import UserError
from napari_apprentice.session import Session
from napari_apprentice.session.project_image import ProjectImage

_UNFINISHED = (".part-*", ".old-*", ".levels-*", "*.partial")


def look(session: Session, plan: Plan) -> Opened:
    """Compare an open project with what was acknowledged; what was under way may be there wholly or not at all."""
    failures = [*_left_behind(session, plan), *_exports(plan)]
    complaints = list(session.images.complaints)
    if any(one.action == "add" for one in plan.under_way):
        complaints = [one for one in complaints if "does not name: look" not in one]  # it is there all the same
    cut = any("was cut off" in one for one in complaints)
    if complaints and not (plan.under_way and len(complaints) == 1 and cut):
        failures += [f"it says: {one}" for one in complaints]
    failures += [*_images(session, plan), *_models(session, plan), *_settings(session, plan)]
    paths = {*plan.exports, *(one.export for one in plan.under_way)} - {""}
    exports = {path: content for path in paths if (content := content_of(Path(path)))}
    return Opened(seen_of(session), exports, tuple(failures), cut)


def _images(session: Session, plan: Plan) -> Iterator[str]:
    entries = {entry.id: entry for entry in session.entries}
    for name, acknowledged in plan.expected.images.items():
        if name not in entries:
            yield f"the image {name} is gone"
            continue
        entry = entries[name]
        if digest_of(entry) != acknowledged:
            yield from _changed(session, entry, acknowledged, plan)
    for name in entries.keys() - plan.expected.images.keys():
        if not any(one.action == "add" for one in plan.under_way):
            yield f"the image {name} was not there"


def _changed(session: Session, entry: ProjectImage, acknowledged: str, plan: Plan) -> Iterator[str]:
    """An image is not as it was acknowledged: whether one thing under way was done as a whole."""
    found = digest_of(entry)
    for action in plan.under_way:
        if action.image not in ("", entry.id):
            continue
        if action.after:
            if found == action.after:
                return
        elif _is_one_step(session, entry, action, acknowledged, found):
            return
    names = [one.action for one in plan.under_way]
    yield f"labels of {entry.name} are neither as acknowledged nor one whole step further (under way: {names})"


def _is_one_step(session: Session, entry: ProjectImage, action: Begins, acknowledged: str, found: str) -> bool:
    """Whether undo gives what was before, and redo what was found."""
    session.choose_image(entry)
    session.undo()
    is_before = digest_of(entry) == (action.before or acknowledged)
    session.redo()
    return is_before and digest_of(entry) == found


def _models(session: Session, plan: Plan) -> Iterator[str]:
    project = session.project
    versions = () if project is None else tuple(version.id for version in project.lineage.versions)
    is_taught = any(one.action == "teach" for one in plan.under_way)
    if versions[: len(plan.expected.versions)] != plan.expected.versions:
        yield f"versions {plan.expected.versions} became {versions}"
    if len(versions) > len(plan.expected.versions) + is_taught:
        yield f"versions {versions} were not taught"
    for version in versions:
        try:
            read_header(Path(plan.project, "versions", f"{version}.safetensors"))
        except UserError as error:
            yield f"{version} cannot be read: {error}"
    chosen = "" if project is None else project.lineage.current or ""
    if chosen != plan.expected.model and not (is_taught or any(one.action == "model" for one in plan.under_way)):
        yield f"the model {plan.expected.model} became {chosen}"


def _settings(session: Session, plan: Plan) -> Iterator[str]:
    found = seen_of(session).settings
    allowed = {plan.expected.settings, *(one.settings for one in plan.under_way)} - {""}
    if allowed and found not in allowed:
        yield "settings are not as chosen"


def _exports(plan: Plan) -> Iterator[str]:
    """Every file that was exported is as it was then; one under way is whole, or as it was before."""
    begun = {one.export: one.exported for one in plan.under_way if one.export}
    for path in {*plan.exports, *begun}:
        content, before = content_of(Path(path)), plan.exports.get(path, "")
        if content == before:
            continue
        try:
            is_whole = path in begun and bool(content) and digest(read_labels(path)) == begun[path]
        except UserError as error:
            yield f"{Path(path).name} is damaged: {error}"
            continue
        if not is_whole:
            yield f"the export {Path(path).name} is {'another one' if content else 'gone'}"


def _left_behind(session: Session, plan: Plan) -> Iterator[str]:
    """What only a process that died can have left."""
    folder = Path(plan.folder)
    for pattern in _UNFINISHED:
        yield from (f"{path.relative_to(folder)} was left behind" for path in folder.rglob(pattern))
    for place in (folder / "temporary", folder / "home" / "unfinished", Path(plan.project, "scratch")):
        yield from (f"{path.relative_to(folder)} was left behind" for path in place.rglob("*") if path.is_file())
