"""What a verifier is: it decides whether a response meets what its prompt asks, and says how it knows.

One implementation serves three masters: a scorer filters by it, a reward function trains by it, an evaluation counts
it. A row names its verifiers with their arguments (column `verifiers`), so that a row carries its own check.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, TypedDict

import orjson
from pydantic import ValidationError

from corpus.chat import Message
from corpus.errors import UserError
from filters.base import Part
from filters.names import verifier_class


class Row(TypedDict, total=False):
    """What a verifier may look at beside the response: columns of a `verifiable`, `prompt` or `response` row."""

    prompt: Sequence[Message]
    references: Sequence[str] | None
    source: str | None
    src_lang: str | None
    tgt_lang: str | None
    meta: str | None


class Verdict(NamedTuple):
    """A decision."""

    score: float | None
    """From 0 (not met) to 1 (met); None where it cannot be judged, which is never the response's fault."""
    extracted: str | None = None
    """What was found in the response and compared, so that a wrong verdict can be read."""
    reason: str = ""
    """In a few countable words why it is not 1; empty where it is."""


class Verifier(Part):
    """Checks one property of a response. Its fields are the arguments that a row gives; pure, and quick on any text.

    A verdict depends on the row and the response alone, takes under a second whatever the response is, and no response
    makes it raise.
    """

    gate: ClassVar[bool] = False
    """Whether the verifier says nothing of how good a response is, only whether the other verdicts may count."""

    def verify(self, row: Row, response: str) -> Verdict:
        """Decide whether the response meets the row."""
        raise NotImplementedError

    def compliant(self, row: Row) -> str | None:
        """A response that must be found right: a reference, or one made for it; None where none can be made."""
        references = row.get("references")
        return references[0] if references else None


class Named(NamedTuple):
    """A verifier of a row with its name."""

    name: str
    verifier: Verifier


def open_verifiers(entries: Sequence[Mapping[str, Any]] | None) -> list[Named]:
    """The verifiers that a row's column `verifiers` means: each `{name, args}`, with `args` as JSON text.

    Raises:
        UserError: an unknown name, or arguments that the verifier does not take.
    """
    return [Named(entry["name"], _open(entry["name"], entry["args"])) for entry in entries or ()]


def _open(name: str, args: str | None) -> Verifier:
    model = verifier_class(name)
    try:
        return model.model_validate(orjson.loads(args or "{}"))
    except orjson.JSONDecodeError as error:
        raise UserError(f"verifier {name!r}: its arguments are no JSON: {error}") from None
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, e['loc'])) or name}: {e['msg']}" for e in error.errors()[:3])
        raise UserError(f"verifier {name!r}: {told}") from None
