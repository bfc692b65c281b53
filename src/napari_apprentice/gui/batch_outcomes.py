"""A table of what became of each file of a batch."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from napari_apprentice.gui.widgets.lines import LinesTable
from napari_apprentice.session.batch import ImageOutcome, short_name

_COLUMNS = {"File": 170, "Objects": 80, "Seconds": 60, "What went wrong": 200}
_WORDS = {"done": "segmented", "done before": "done before", "failed": "failed"}


class OutcomeTable(LinesTable):
    """A line for each file: how many objects in how many seconds, or the sentence why not."""

    def __init__(self) -> None:
        super().__init__(_COLUMNS)
        self.outcomes: list[ImageOutcome] = []

    def begin(self) -> None:
        """Another batch."""
        self.outcomes = []
        self.setRowCount(0)

    def add(self, outcome: ImageOutcome) -> None:
        """Append a line; a bug's traceback is in its tooltip."""
        self.outcomes.append(outcome)
        seconds = "" if outcome.seconds is None else f"{outcome.seconds:.1f}"
        objects = outcome.state if outcome.objects is None else str(outcome.objects)
        place = self.rowCount()
        self.insertRow(place)
        name = short_name(Path(outcome.source))
        problem = outcome.problem.replace(outcome.source, name)
        for column, text in enumerate((name, objects, seconds, problem)):
            self.put(place, column, text, outcome.source if column == 0 else outcome.details or text)
        if problem:
            self.resizeRowToContents(place)
        self.scrollToBottom()

    @property
    def words(self) -> str:
        """Such as "12 segmented, 1 failed"; "" for none."""
        counts: Counter[str] = Counter(outcome.state for outcome in self.outcomes)
        return ", ".join(f"{counts[state]} {words}" for state, words in _WORDS.items() if counts[state])
