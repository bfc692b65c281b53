"""Progress on stderr, so that stdout stays for results."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from napari_apprentice.errors import Cancelled, UserError
from napari_apprentice.events import Event, Failed, Note, Started, Validated, WasCancelled, is_last
from napari_apprentice.events import Progress as Step
from napari_apprentice.runners import RunningJob
from napari_apprentice.session import Session

log = logging.getLogger(__name__)


def console() -> Console:
    """Where people read; made when needed, because stderr may have been replaced since."""
    return Console(stderr=True)


def say(text: str) -> None:
    """One line of results on stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def progress_bar(*columns: ProgressColumn) -> Progress:
    """A bar that goes when it is done; none where nobody looks on."""
    shown = console()
    return Progress(*columns, console=shown, transient=True, disable=not shown.is_terminal)


def warn(text: str) -> None:
    """Something to know, on stderr."""
    console().print(text, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def show_progress(session: Session, title: str, *, curve: bool = False) -> Iterator[ProgressDisplay]:
    """Show what the session's jobs report while the block runs, and raise what went wrong."""
    show = ProgressDisplay(title, curve)
    session.job_event.connect(show.on_event)
    session.job_ended.connect(show.on_ended)
    session.message.connect(show.on_message)
    try:
        with show.bar:
            yield show
            show.say_pending()
    finally:
        session.job_event.disconnect(show.on_event)
        session.job_ended.disconnect(show.on_ended)
        session.message.disconnect(show.on_message)
    if show.last is not None:
        _raise_failure(show.last)


def follow_job(job: RunningJob, title: str) -> Event:
    """Show what a job outside a session reports until it ends; returns the last event, or raises what went wrong."""
    show = ProgressDisplay(title, curve=False)
    with show.bar:
        while not job.ended:
            for event in job.poll():
                if isinstance(event, Note):
                    show.on_message(event.text)
                show.on_event("", event)
                if is_last(event):
                    show.on_ended("", event)
        show.say_pending()
    if show.last is None:
        raise RuntimeError("the job ended without a word")
    _raise_failure(show.last)
    return show.last


class ProgressDisplay:
    """One progress bar, and a line for what should stay on the screen. ``last`` is the event that ended a job."""

    def __init__(self, title: str, curve: bool) -> None:
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
        self.bar = progress_bar(*columns, TimeRemainingColumn())
        self.last: Event | None = None
        self._title = title
        self._curve = curve
        self._task = self.bar.add_task(title, total=None)
        self._pending: list[str] = []

    def on_event(self, kind: str, event: Event) -> None:
        """Move the bar or write a line."""
        if self.bar.console.is_terminal:
            self.say_pending()
        match event:
            case Started(device=device):
                self.bar.update(self._task, description=f"{self._title} ({device})")
            case Step(done=done, total=total):
                self.bar.update(self._task, completed=done, total=total or None)
            case Validated() if self._curve:
                self._line(_point(event))

    def on_ended(self, kind: str, event: Event) -> None:
        """Remember how it ended; the first failure, when another job follows."""
        if not isinstance(self.last, Failed):
            self.last = event
        if isinstance(event, Failed):
            self._fall_silent()

    def on_message(self, text: str) -> None:
        """Hold a sentence back until it is known whether it is the failure that will be raised.

        Where nobody looks on, until it is known whether there will be one, which is said alone then.
        """
        if self.bar.console.is_terminal:
            self.say_pending()
        self._pending.append(text)

    def say_pending(self) -> None:
        """Write the sentences held back."""
        pending, self._pending = self._pending, []
        for text in pending:
            self._line(text)

    def _fall_silent(self) -> None:
        pending, self._pending = self._pending, []
        for text in pending:
            log.info(text)

    def _line(self, text: str) -> None:
        self.bar.console.print(text, markup=False, highlight=False, soft_wrap=True)


def _point(event: Validated) -> str:
    values = {
        "training loss": event.training_loss,
        "validation loss": event.validation_loss,
        "score": event.score,
    }
    known = ", ".join(f"{name} {value:.3f}" for name, value in values.items() if value is not None)
    return f"step {event.step}, {event.seconds:.0f} s: {known or 'nothing to judge by yet'}"


def _raise_failure(event: Event) -> None:
    match event:
        case Failed(user_error=True, message=message):
            raise UserError(message)
        case Failed(message=message, details=details):
            raise RuntimeError(f"{message}\n{details}")
        case WasCancelled():
            raise Cancelled
