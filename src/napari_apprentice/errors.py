"""What a user can fix, said in one sentence; everything else stays a bug with a traceback."""

import errno

_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_NOT_ALLOWED = {errno.EROFS, errno.EACCES, errno.EPERM}
_ABSENT = {errno.ENOENT, errno.ENOTDIR}
_OUT_OF_REACH = {
    getattr(errno, name)
    for name in ("EIO", "ESTALE", "ENODEV", "ENXIO", "ETIMEDOUT", "EHOSTDOWN", "EHOSTUNREACH", "ENOTCONN", "EREMOTEIO")
    if hasattr(errno, name)
}


class UserError(Exception):
    """A mistake the user can fix. The message is one sentence: what came, what is allowed, what to do."""


class Cancelled(Exception):
    """Raised inside a plan when a polite cancel was asked for; carries no message to show."""


def what_to_do(error: OSError) -> str:
    """What helps against a write that failed, to follow "...: " in a sentence."""
    if error.errno in _FULL:
        return "free some space there"
    if error.errno in _NOT_ALLOWED:
        return "allow writing there or choose another folder"
    if error.errno in _ABSENT:
        return "put the folder back or choose another one"
    if error.errno in _OUT_OF_REACH:
        return "connect the drive again or choose another folder"
    return "check the disk or choose another folder"
