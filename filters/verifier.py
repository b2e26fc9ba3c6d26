"""What a verifier is: it decides whether a response meets what its prompt asks, and says how it knows.

One implementation serves three masters: a scorer filters by it, a reward function trains by it, an evaluation counts
it. A row names its verifiers with their arguments (column `verifiers`), so that a row carries its own check.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, NamedTuple, TypedDict

import orjson
from pydantic import AfterValidator, PrivateAttr, ValidationError

from corpus.chat import Message
from corpus.errors import UserError
from corpus.languages import canonical
from filters.base import Part
from filters.names import verifier_class


def _language(code: str) -> str:
    try:
        return canonical(code)
    except UserError as error:
        raise ValueError(str(error)) from None


LanguageCode = Annotated[str, AfterValidator(_language)]
"""An argument that names a language, in any of the spellings in use; kept as its canonical code."""


class Row(TypedDict, total=False):
    """What a verifier may look at beside the response: columns of a `verifiable`, `prompt` or `response` row."""

    prompt: Sequence[Message]
    references: Sequence[str] | None
    source: str | None
    src_lang: str | None
    tgt_lang: str | None
    meta: str | None
    finish_reason: str | None


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
    runs_code: ClassVar[bool] = False
    """Whether the verifier runs programs that responses hold: then whoever opens it must allow that."""

    _code_allowed: bool = PrivateAttr(default=False)
    """Set by `open_verifiers`, never by a row."""

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


class CodeNotAllowed(UserError):
    """A row asks for a verifier that runs programs, and whoever opened it did not allow that."""


def open_verifiers(entries: Sequence[Mapping[str, Any]] | None, *, allow_code: bool = False) -> list[Named]:
    """The verifiers that a row's column `verifiers` means: each `{name, args}`, with `args` as JSON text.

    Args:
        entries: the column's value.
        allow_code: whether verifiers may run the programs in responses. A row never says so itself: who wrote the
            data does not decide what runs on this machine.

    Raises:
        CodeNotAllowed: a verifier runs programs, and `allow_code` is off.
        UserError: an unknown name, or arguments that the verifier does not take.
    """
    named = [Named(entry["name"], _open(entry["name"], entry["args"])) for entry in entries or ()]
    for name, verifier in named:
        if verifier.runs_code and not allow_code:
            raise CodeNotAllowed(
                f"the verifier {name!r} runs programs that a model wrote. They run without network, in an empty "
                "folder and under limits, yet on this machine; say `allow_code: true` where that may be"
            )
        verifier._code_allowed = allow_code
    return named


def _open(name: str, args: str | None) -> Verifier:
    model = verifier_class(name)
    try:
        return model.model_validate(orjson.loads(args or "{}"))
    except orjson.JSONDecodeError as error:
        raise UserError(f"verifier {name!r}: its arguments are no JSON: {error}") from None
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, e['loc'])) or name}: {e['msg']}" for e in error.errors()[:3])
        raise UserError(f"verifier {name!r}: {told}") from None
