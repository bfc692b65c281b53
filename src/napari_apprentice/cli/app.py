"""Every command, and how a command line ends."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from cyclopts import App, CycloptsError

from napari_apprentice import __version__
from napari_apprentice.cli.check import check
from napari_apprentice.cli.classify import classify
from napari_apprentice.cli.demo import demo
from napari_apprentice.cli.evaluate import evaluate
from napari_apprentice.cli.export import export
from napari_apprentice.cli.import_model import import_
from napari_apprentice.cli.info import info
from napari_apprentice.cli.inside import inside
from napari_apprentice.cli.live import live
from napari_apprentice.cli.masks import masks
from napari_apprentice.cli.methods import methods
from napari_apprentice.cli.mistakes import sentence
from napari_apprentice.cli.progress import console
from napari_apprentice.cli.prune import prune
from napari_apprentice.cli.sample import sample
from napari_apprentice.cli.segment import segment
from napari_apprentice.cli.teach import teach
from napari_apprentice.cli.teach_clicks import teach_clicks
from napari_apprentice.cli.try_models import try_models
from napari_apprentice.cli.verbose import VERBOSE, heard, leave_quietly
from napari_apprentice.cli.versions import compare, use
from napari_apprentice.data.storage import disk
from napari_apprentice.errors import Cancelled, UserError
from napari_apprentice.runners.orderly import ends_in_order

log = logging.getLogger(__name__)

MISTAKE = 2
INTERRUPTED = 130

app = App(
    name="apprentice",
    version=__version__,
    help="Segment images, teach the network from corrections, and measure how well it does.",
    help_epilogue=f"With {VERBOSE} a command also says what other libraries say, and where an error comes from.",
)
for command in (
    segment,
    live,
    teach,
    teach_clicks,
    compare,
    use,
    evaluate,
    classify,
    masks,
    inside,
    info,
    methods,
    export,
    check,
    prune,
    sample,
    demo,
):
    app.command(command)
app.command(import_, name="import")
app.command(try_models, name="try")
# found when asked for: whether the lab is there, and what it loads, is nothing to the others
app.command("napari_apprentice.cli.lab:bench", name="bench", help="Measure something and write results.json and plots.")
app.command("napari_apprentice.cli.lab:train", name="train", help="Train a model from its recipe.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code: 0, 2 for a mistake of the user, 130 when interrupted."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # names may have letters that a terminal does not have
        sys.stdout.reconfigure(errors="backslashreplace")
    words = sys.argv[1:] if arguments is None else arguments
    code = run(words)
    if code:
        leave_quietly(words)
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """The exit code of a command line; a bug stays a traceback."""
    with heard(arguments) as words:
        return _run(words)


def _run(words: list[str]) -> int:
    try:
        with ends_in_order():
            app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        return _stop(sentence(error), MISTAKE)
    except UserError as error:
        return _stop(str(error), MISTAKE)
    except OSError as error:
        if not disk.is_full(error):
            raise
        return _stop(str(disk.refusal(error, Path(error.filename or "labels"))), MISTAKE)
    except (Cancelled, KeyboardInterrupt):
        return _stop("Cancelled.", INTERRUPTED)
    return 0


def _stop(message: str, code: int) -> int:
    log.debug("This is how it came to be:", exc_info=True)
    console().print(message, markup=False, highlight=False, soft_wrap=True)
    return code
