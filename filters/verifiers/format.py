"""`format`: a reply is whole and in the form that was asked for."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from corpus.errors import UserError
from filters.replies import Fence, answer_part, breaks_off, fences
from filters.verifier import Row, Verdict, Verifier


class Format(Verifier):
    """The reply is complete, of the right length, and JSON of a schema where one is given. A gate on other verdicts.

    Incomplete is a reply that the length limit ended (`finish_reason`), whose reasoning or code fence is never closed,
    or whose last paragraph of prose ends within a sentence. JSON must be the whole reply, without repeated names or
    numbers out of range.
    """

    gate: ClassVar[bool] = True

    json_schema: dict[str, Any] | None = None
    """A JSON schema (draft 2020-12 unless it names another) that the reply meets; `{}` is any JSON."""
    fences: Literal["no", "allowed", "only"] = "allowed"
    """Whether the reply may hold code fences: `no` forbids them; `only` wants the whole reply to be one fenced block.
    JSON is looked for within a fence that is the whole reply."""
    complete: bool = True
    """Whether the reply must not break off."""
    min_chars: int = Field(default=1, ge=0)
    """Fewest characters, reasoning and white space around aside."""
    max_chars: int = Field(default=1_000_000, ge=1)
    """Most characters, reasoning and white space around aside."""

    @field_validator("json_schema")
    @classmethod
    def _is_schema(cls, schema: dict[str, Any] | None) -> dict[str, Any] | None:
        if schema:
            from filters.json_reply import validator

            try:
                validator(schema)
            except UserError as error:
                raise ValueError(str(error)) from None
        return schema

    def verify(self, row: Row, response: str) -> Verdict:
        """Look for the first fault."""
        fault = self._fault(row, response)
        return Verdict(0.0 if fault else 1.0, None, fault)

    def compliant(self, row: Row) -> str | None:
        """A reference, where one meets the format."""
        fitting = (text for text in row.get("references") or () if not self._fault(row, text))
        return next(fitting, None)

    def _fault(self, row: Row, response: str) -> str:
        if self.complete and row.get("finish_reason") == "length":
            return "broken off"
        text = answer_part(response)
        if text is None:
            return "no answer after the reasoning"
        text = text.strip()
        if len(text) < self.min_chars:
            return "empty output" if not text else "too short"
        if len(text) > self.max_chars:
            return "too long"
        blocks = fences(text)
        return self._fenced_wrongly(text, blocks) or self._content_fault(text, blocks)

    def _fenced_wrongly(self, text: str, blocks: list[Fence]) -> str:
        if self.fences == "no" and (blocks or "```" in text):
            return "a code fence"
        if self.fences == "only" and not _is_one_block(text, blocks):
            return "more than one code fence"
        return ""

    def _content_fault(self, text: str, blocks: list[Fence]) -> str:
        if self.json_schema is not None:
            from filters.json_reply import problem

            return problem(blocks[0].content if _is_one_block(text, blocks) else text, self.json_schema)
        return "broken off" if self.complete and breaks_off(text) else ""


def _is_one_block(text: str, blocks: list[Fence]) -> bool:
    return len(blocks) == 1 and blocks[0].closed and blocks[0].start == 0 and blocks[0].end == len(text)
