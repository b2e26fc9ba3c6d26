"""`math`: the final answer of a solution is the right one."""

from __future__ import annotations

import re
from typing import Self

from pydantic import Field, model_validator

from filters.maths import expressions, latex
from filters.maths.answers import Answer, final_answer
from filters.maths.equality import numbers_equal
from filters.maths.notation import notation
from filters.maths.numerals import read
from filters.verifier import LanguageCode, Row, Verdict, Verifier

_SHORTEST_COPY = 20


class Math(Verifier):
    r"""The final answer equals that of a reference.

    Taken as the answer is what stands last after `####`, in `\boxed{}` or `<answer>`, else what is announced in words
    (in some 30 languages), else the last number. Numbers are read in the notation of the response's language: digits of
    any script, its decimal sign, its groups, its words for thousands and millions. Where the right answer is a plain
    number, the given one must be one too, worked out, and equal exactly (to six places where one side is a rounded
    fraction); all else is compared by math-verify under a hard limit of CPU time. Several answers side by side,
    characters that hide another number, and a copy of the prompt are not right.
    """

    answer: str | None = Field(default=None, max_length=500)
    """The right answer, numbers as in English without groups (1234.5), or LaTeX. Default: the row's references, read in
    the same way and notation as a response."""
    language: LanguageCode | None = None
    """Whose notation numbers are in. Default: the row's `tgt_lang`."""

    @model_validator(mode="after")
    def _not_blank(self) -> Self:
        if self.answer is not None and not self.answer.strip():
            raise ValueError("the answer is blank; leave it out to use the row's references")
        return self

    def verify(self, row: Row, response: str) -> Verdict:
        """Compare the final answer with the right ones."""
        language = self.language or row.get("tgt_lang")
        right = self._right(row, language)
        if not right:
            return Verdict(None, None, "no reference that can be read")
        prompt = _last_turn(row)
        if len(response.strip()) >= _SHORTEST_COPY and response.strip() in prompt:
            return Verdict(0.0, None, "copies the prompt")
        if len(prompt.strip()) >= _SHORTEST_COPY:
            response = response.replace(prompt.strip(), "")
        number = any(answer.number for answer in right)
        given = final_answer(response, language, number=number)
        if given.problem:
            return Verdict(0.0, given.text[:200] or None, given.problem)
        verdicts = [_judged(one, given, prompt) for one in right]
        return max(verdicts, key=lambda verdict: -1.0 if verdict.score is None else verdict.score)

    def compliant(self, row: Row) -> str | None:
        """The answer in a box, or the first reference."""
        if self.answer is None:
            return super().compliant(row)
        written = self.answer
        if read(written, "en"):
            written = written.replace(".", notation(self.language or row.get("tgt_lang")).decimal)
        return f"\\boxed{{{written}}}"

    def _right(self, row: Row, language: str | None) -> list[Answer]:
        if self.answer is not None:
            return [Answer(latex.plain(self.answer, fractions=False), read(latex.plain(self.answer), "en"))]
        found = [
            final_answer(text, language, number=True, reference=True) for text in row.get("references") or () if text
        ]
        return [answer for answer in found if answer.text and not answer.problem]


def _judged(right: Answer, given: Answer, prompt: str) -> Verdict:
    shown = given.text[:200]
    if right.number:
        if given.number is None:
            return Verdict(0.0, shown, "not a plain number")
        problem = numbers_equal(right.number, given.number)
        return Verdict(0.0 if problem else 1.0, shown, problem)
    copied = _squeezed(given.text) and _squeezed(given.text) in _squeezed(prompt)
    if copied and not expressions.is_same_text(right.text, given.text):
        return Verdict(0.0, shown, "copies the prompt")
    match expressions.compare(right.text, given.text):
        case "equal":
            return Verdict(1.0, shown)
        case "unreadable reference":
            return Verdict(None, shown, "no reference that can be read")
        case "overrun":
            return Verdict(0.0, shown, "took too long to compare")
        case "unreadable":
            return Verdict(0.0, shown, "not an expression")
    return Verdict(0.0, shown, "another answer")


def _last_turn(row: Row) -> str:
    turns = row.get("prompt") or ()
    return turns[-1]["content"] if turns else ""


def _squeezed(text: str) -> str:
    return re.sub(r"[\s${}]|\\(?:left|right|,|!|;)", "", latex.plain(text) if len(text) < 500 else text)
