"""What a user can fix, said in one sentence; everything else stays a bug with a traceback."""


class UserError(Exception):
    """A mistake the user can fix. The message is one sentence: what came, what is allowed, what to do."""


class Cancelled(Exception):
    """Raised inside a plan when a polite cancel was asked for; carries no message to show."""
