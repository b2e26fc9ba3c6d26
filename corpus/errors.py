"""Errors that end with a message instead of a traceback, and the nearest right spelling that messages offer."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """The user's input is wrong: the command line prints the message without a traceback and exits with 2."""


class Failure(Exception):
    """Something outside the user's input went wrong: printed without a traceback too, but the exit code is 1."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: ` Did you mean 'x'?`, or nothing where no known name is near.

    Case, `-`, `_` and spaces do not count as differences.
    """
    spelled = {_folded(name): name for name in sorted(known)}
    close = difflib.get_close_matches(_folded(word), spelled, n=1, cutoff=0.6)
    return f" Did you mean {spelled[close[0]]!r}?" if close else ""


def _folded(name: str) -> str:
    return name.casefold().replace("-", "_").replace(" ", "_")
