"""Where a job runs: in this process, or in a process of its own. Nothing here imports torch."""

from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.runners.process import ProcessRunners
from napari_apprentice.runners.running import FoundDevice, Runners, RunningJob

__all__ = ["FoundDevice", "InlineRunners", "ProcessRunners", "Runners", "RunningJob"]
