"""The command line, the second face of the loop: the same session and jobs as the window, without one."""

from napari_apprentice.cli.app import main, run

__all__ = ["main", "run"]
