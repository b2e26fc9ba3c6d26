"""`constraints`: an instruction with constraints that a program can check."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from corpus.chat import Message
from corpus.errors import UserError
from datagen.makers.base import Candidate, Maker, Problem, Rejected, asked, entry, with_instruction
from filters.constraints import catalog
from filters.constraints.base import Constraint
from filters.constraints.compose import conflicts, sample_set
from filters.constraints.readers import from_ifeval, from_tulu
from filters.verifiers.constraints import Constraints as ConstraintsVerifier


class ConstraintProblems(Maker):
    """Instructions with constraints on the answer: drawn for any prompts, or those that a benchmark's rows bring along.

    Drawn constraints are told in the language of the prompt (`tgt_lang`, which must be one of the 22 of Tower+), do not
    conflict, and are met together by a text made for them. The forms of IFEval and M-IFEval (`instruction_id_list` and
    `kwargs` in `meta`) and of Tülu 3's RLVR-IF (`ground_truth` in `meta`) have told them in the prompt already.
    `score_difficulty` is the number of constraints.
    """

    kinds: ClassVar[tuple[str, ...]] = ("prompt", "sft")

    form: Literal["drawn", "ifeval", "tulu"] = "drawn"
    """Where the constraints come from."""
    least: int = Field(default=1, ge=1, le=6)
    """Fewest constraints that are drawn for a prompt."""
    most: int = Field(default=3, ge=1, le=6)
    """Most constraints that are drawn for a prompt."""
    copies: int = Field(default=1, ge=1, le=100)
    """How many problems are made of a prompt, each with constraints of its own."""
    mode: Literal["strict", "loose"] = "strict"
    """Loose also accepts an answer that meets a constraint without its first or last line or its asterisks."""

    conflicts: Literal["reject", "keep"] = "reject"
    """What becomes of given constraints that hardly any text meets together; `keep` takes a benchmark as it is."""

    @model_validator(mode="after")
    def _ordered(self) -> ConstraintProblems:
        if self.least > self.most:
            raise ValueError(f"least: found {self.least}, expected at most `most`, which is {self.most}")
        if self.form != "drawn" and self.model_fields_set & {"least", "most", "copies"}:
            raise ValueError(f"least, most and copies are for drawn constraints; the form is {self.form!r}")
        return self

    def problems(self, row: Mapping[str, Any], rng: random.Random, place: int) -> Iterable[Candidate]:
        """The prompt with constraints, `copies` times where they are drawn."""
        del place
        prompt, _ = asked(row)
        if self.form != "drawn":
            return [self._given(prompt, row["meta"])]
        return [self._drawn(prompt, row["tgt_lang"], rng) for _ in range(self.copies)]

    def _given(self, prompt: Sequence[Message], meta: Mapping[str, Any]) -> Candidate:
        try:
            constraints = from_ifeval(meta) if self.form == "ifeval" else from_tulu(meta)
        except KeyError as error:
            return Rejected("no_constraints", f"meta lacks {error}; it has {', '.join(meta) or 'nothing'}"[:200])
        except UserError as error:
            return Rejected("unknown_constraint", str(error)[:200])
        return self._problem(prompt, constraints)

    def _drawn(self, prompt: Sequence[Message], language: str | None, rng: random.Random) -> Candidate:
        if language is None:
            return Rejected("no_language")
        try:
            constraints = sample_set(rng, language, rng.randint(self.least, self.most))
            told = [constraint.describe(language) for constraint in constraints]
        except UserError as error:
            return Rejected("no_wording", str(error)[:200])
        listed = len(told) > 1 and rng.random() < 0.5
        return self._problem(with_instruction(prompt, "\n".join(f"- {t}" if listed else t for t in told)), constraints)

    def _problem(self, prompt: Sequence[Message], constraints: Sequence[Constraint]) -> Candidate:
        found = conflicts(constraints)
        if found and self.conflicts == "reject":
            return Rejected("constraints_conflict", f"{found[0].one} and {found[0].other}: {found[0].reason}")
        entries = [catalog.entry(constraint) for constraint in constraints]
        names = [constraint.name for constraint in constraints]
        verifier = ConstraintsVerifier.model_validate({"constraints": entries, "mode": self.mode})
        return Problem(prompt, [entry(verifier)], checks=sorted(names), difficulty=float(len(names)))
