"""What a user can fix, said in one sentence; everything else stays a bug with a traceback."""

import unicodedata

_LONGEST = 1000  # characters
_OBEYED = ("Cc", "Cs", "Zl", "Zp")  # by a terminal, or not to be written at all: controls, lone surrogates, line breaks


class UserError(Exception):
    """A mistake the user can fix. The message is one sentence: what came, what is allowed, what to do.

    It may quote what a file says (a name, another library's words): line breaks become spaces, what else a terminal
    obeys does not get through, and what is too long loses its middle.
    """

    def __init__(self, message: object) -> None:
        text = " ".join(str(message).splitlines())
        plain = "".join("?" if unicodedata.category(one) in _OBEYED else one for one in text)
        half = _LONGEST // 2
        super().__init__(plain if len(plain) <= _LONGEST else f"{plain[:half]} ... {plain[-half:]}")


class Cancelled(Exception):
    """Raised inside a plan when a polite cancel was asked for; carries no message to show."""
