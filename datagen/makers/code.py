"""`code`: a programming problem with tests."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, ValidationError

from datagen.makers.base import Candidate, Maker, Problem, Rejected, asked, entry, with_instruction
from filters.verifiers.code import Code as CodeVerifier


class CodeProblems(Maker):
    """Programming problems in the forms of MBPP and HumanEval, or with inputs and outputs, read as `prompt` rows.

    What the form's fields are stands in `meta`: MBPP's `test_list` and `test_setup_code`; HumanEval's `test` and
    `entry_point`; or `pairs`, a list of `[input, output]` of a program that reads and writes text. The reference is a
    program; HumanEval's goes on where its prompt ends. Programs run only where the stage says `allow_code: true`.
    `score_difficulty` is the number of the reference's lines.
    """

    kinds: ClassVar[tuple[str, ...]] = ("prompt",)
    runs_code: ClassVar[bool] = True

    form: Literal["mbpp", "humaneval", "pairs"] = "mbpp"
    """In which form the tests are."""
    shown: int = Field(default=1, ge=0)
    """How many of MBPP's tests the prompt shows, so that the function's name is known; all of them are run."""
    seconds: int = Field(default=5, ge=1, le=30)
    """CPU time for all tests of a program, or for one input."""

    def problems(self, row: Mapping[str, Any], rng: random.Random, place: int) -> Iterable[Candidate]:
        """The row's problem."""
        del rng, place
        prompt, programs = asked(row)
        meta = row["meta"]
        try:
            verifier = CodeVerifier.model_validate({**self._tests(meta), "seconds": self.seconds})
        except (KeyError, TypeError) as error:
            return [Rejected("no_tests", f"meta lacks {error}; it has {', '.join(meta) or 'nothing'}"[:200])]
        except ValidationError as error:
            return [Rejected("no_tests", error.errors()[0]["msg"])]
        if self.form == "humaneval":
            programs = [f"{prompt[-1]['content'].rstrip()}\n{program.strip(chr(10))}" for program in programs]
        shown = verifier.tests[: self.shown] if self.form == "mbpp" else ()
        lines = [line for line in programs[0].splitlines() if line.strip()] if programs else ()
        return [
            Problem(
                prompt=with_instruction(prompt, "\n".join(shown)),
                verifiers=[entry(verifier)],
                references=programs,
                difficulty=float(len(lines)) or None,
            )
        ]

    def _tests(self, meta: Mapping[str, Any]) -> dict[str, Any]:
        match self.form:
            case "mbpp":
                return {"tests": meta["test_list"], "setup": meta.get("test_setup_code") or ""}
            case "humaneval":
                return {"tests": [f"{meta['test']}\ncheck({meta['entry_point']})"]}
        return {"pairs": meta["pairs"]}
