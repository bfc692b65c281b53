"""What is raised where the file of a model does not tell all: sentences for who types, a record for who is asked."""

from __future__ import annotations

from collections.abc import Sequence

from napari_apprentice.errors import UserError
from napari_apprentice.jobs import Untold


class NotTold(UserError):
    """Something has to be said before the model can be imported."""

    def __init__(self, sentences: Sequence[str], untold: Untold) -> None:
        super().__init__(" ".join(sentences))
        self.untold = untold


def trust_of(name: str) -> NotTold:
    """Whether a TorchScript may be run."""
    sentence = (
        f"{name} has TorchScript weights only, which are a program and could do anything: import it with --trust "
        "if you know where it comes from, and it is run once to make ONNX of it."
    )
    return NotTold([sentence], Untold(name=name, asks=("trusts",)))


def axes_of(name: str, count: int, why: str = "") -> NotTold:
    """Which axes the input has; ``why`` the usual ones do not do."""
    sentence = why or f"{name} takes {count} axes, and which they are is not told: give --axes, such as bcyx."
    return NotTold([sentence], Untold(name=name, asks=("axes",), axes=count))


def wrong_axes(name: str, count: int, said: str) -> UserError:
    """What was said is no answer to `axes_of`."""
    return UserError(
        f'"{said}" is not what {name} takes: give {count} letters, each once, of b(atch), c(hannel), z, y and x; y and '
        "x have to be among them."
    )
