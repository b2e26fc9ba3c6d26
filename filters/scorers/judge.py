"""A language model as a judge: it reads a row by a rubric and gives a verdict, through any engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import ClassVar, Literal, Self

import polars as pl
from pydantic import Field, field_validator, model_validator

from corpus.errors import UserError
from filters.families import model_family
from filters.judge_items import REFERENCE, judge_items, needed
from filters.judging import Judging
from filters.language_model import LanguageModel
from filters.learned import Judge as Judges
from filters.learned import LearnedScorer, Services
from filters.rubric import Rubric, read_rubric

_SHAPED = "engine with a schema"


class Judge(LearnedScorer):
    """Verdicts of a language model by a rubric: a folder with a wording, the verdict's JSON schema and its columns.

    A verdict that cannot be read (no JSON, not of the schema, out of scale) is asked for once more, then the row has
    null and the note `unreadable verdict`; a request that fails gives null and `failed: ...`, and is asked again with
    `--retry-failed`. Comparisons are made in both orders, and `label_<name>_order` says where the order decided.
    Replies are kept among the run's answers, so that no question is paid for twice.

    Rubrics that come along: prompt_quality, answer_quality, translation_quality (direct assessment, 0 to 100),
    translation_errors (MQM), instruction_following (1 to 6), pairwise.
    """

    version: ClassVar[int] = 2
    engines: ClassVar[tuple[str, ...]] = ("engine",)
    models: ClassVar[tuple[str, ...]] = ("rubric",)

    engine: LanguageModel
    """Who judges: `{openai: {model: Qwen/Qwen3-32B, base_url: "http://127.0.0.1:8000/v1"}}`. Without a temperature it
    is asked at 0."""
    rubric: str = "translation_quality"
    """A rubric that comes along, or a folder of one's own."""
    against: str | None = None
    """For rows of kind `response` and a rubric that compares: with what, the name of another engine that answered the
    same prompts, or `reference` for the first reference."""
    structured: Literal["auto", "never"] = "auto"
    """Whether to send the schema as `response_format` to servers that take it; verdicts are read out of prose in any
    case."""
    samples: int = Field(default=1, ge=1, le=64)
    """Verdicts on each row, whose scores are averaged; more than one need an engine with a temperature above 0."""

    @field_validator("rubric")
    @classmethod
    def _readable(cls, rubric: str) -> str:
        try:
            read_rubric(rubric)
        except UserError as error:
            raise ValueError(str(error)) from None
        return rubric

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.against is not None and not self.wording.told.compares:
            raise ValueError(f"`against` is for rubrics that compare; {self.rubric!r} judges an answer alone")
        if self.samples > 1 and not self.judging_model.sampling().get("temperature"):
            raise ValueError(
                f"`samples: {self.samples}` would be equal at temperature 0: give the engine a `temperature`"
            )
        return self

    @cached_property
    def wording(self) -> Rubric:
        """The rubric, as it was when it was first needed."""
        return read_rubric(self.rubric)

    @property
    def judging_model(self) -> LanguageModel:
        """The engine as it is asked."""
        return self.engine.adapted(temperature=0.0)

    @property
    def compares_answers(self) -> bool:
        """Where an answer is judged against another engine's."""
        return self.against not in (None, REFERENCE)

    def needs(self, kind: str) -> Sequence[str]:
        """The columns that the rubric's placeholders stand for."""
        rubric = self.wording
        if kind not in rubric.told.kinds:
            raise UserError(
                f"the rubric {rubric.name!r} is for rows of kind {', '.join(rubric.told.kinds)}, not {kind!r}"
            )
        if rubric.told.compares and kind == "response" and self.against is None:
            raise UserError(
                f"the rubric {rubric.name!r} compares answers: say with what, `against: ENGINE` (another engine that "
                "answered the same prompts) or `against: reference`"
            )
        if kind != "response" and self.against is not None:
            raise UserError(f"`against` is for rows of kind response; rows of kind {kind!r} hold both answers")
        return needed(rubric, kind, self.against)

    def values(self) -> Mapping[str, bool | None]:
        """The rubric's columns."""
        return self.wording.values()

    def signature(self) -> str:
        """The rubric by content, the model as far as it is known, and how it is asked."""
        model, rubric = self.judging_model, self.wording
        parts = [f"judge|rubric:{rubric.name}@{rubric.content[:8]}|model:{model.model_name}"]
        told = model.identity()
        known = told if isinstance(told, Mapping) else {}
        parts += [f"{name}:{known[name][:8]}" for name in ("content", "commit", "revision") if known.get(name)]
        parts.append(f"temperature:{model.sampling().get('temperature', 0):g}")
        parts += [f"samples:{self.samples}"] if self.samples > 1 else []
        parts += [f"against:{self.against}"] if self.against else []
        return "|".join([*parts, f"structured:{self.structured}", f"version:{self.version}"])

    def identity(self) -> object:
        """The rubric's content, what the model is, and how it is sampled."""
        model = self.judging_model
        return [self.wording.content, model.identity(), model.sampling()]

    def family(self) -> str:
        """The judging model's family."""
        return f"judge:{model_family(self.engine.model_name)}"

    def asked(self) -> Mapping[str, LanguageModel]:
        """The engine, and the same one held to the rubric's schema where it can be."""
        plain = self.judging_model
        shaped = plain.adapted(schema=self.wording.schema)
        differ = self.structured == "auto" and shaped.sampling() != plain.sampling()
        return {"engine": plain, **({_SHAPED: shaped} if differ else {})}

    def items(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The texts that the rubric's placeholders stand for."""
        return judge_items(frame, self.wording, self.against)

    @contextmanager
    def open(self, services: Services) -> Iterator[Judges]:
        """Nothing is loaded: engines load when they are asked."""
        generate = services.generate
        yield Judging(self.wording, self.samples, generate["engine"], generate.get(_SHAPED), services.tell).judge
