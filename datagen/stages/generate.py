"""`generate`: ask models for answers. Whatever is answered is kept at once; a dataset is a view of what was kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from corpus.errors import UserError
from datagen.stages.base import Context, FlowStage, Header, Output, Piece, only
from datagen.stages.parts import Engines


class Generate(FlowStage):
    """Ask every engine `n` times for an answer to every prompt.

    Of prompts with equal ids, over all shards and inputs, the first is asked; the others, with references of their own
    where they have such, are set aside as `repeated`.
    """

    version: ClassVar[int] = 2
    seeded: ClassVar[bool] = True
    retries: ClassVar[bool] = True

    engines: Engines = Field(min_length=1)
    """Engines by name: `- openai: {model: Qwen/Qwen3-8B, base_url: "http://127.0.0.1:8000/v1"}`."""
    n: int = Field(default=1, ge=1)
    """Answers to each prompt from each engine."""
    max_failed: float = Field(default=0.1, ge=0, le=1)
    """Share of an engine's requests that may fail, of those done or of a thousand if those are fewer; more stop the
    stage, resumably."""

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        twice = [name for name, times in Counter(engine.called for engine in self.engines).items() if times > 1]
        if twice:
            raise ValueError(f"two engines are called {twice[0]!r}; give one another name with `as:`")
        return self

    def header(self, inputs: Sequence[Header], name: str) -> Header:
        """Answers, in the shards of their prompts."""
        del name
        header = only(inputs, "generate", ["prompt", "verifiable"])
        return replace(header, kind="response", grouped_by="prompt_id")

    def options(self) -> dict[str, Any]:
        """Without what changes no row: where and how fast answers come."""
        return self.model_dump(mode="json", by_alias=True, exclude={"max_failed"})

    def identity(self) -> object:
        """What the models are."""
        return [engine.identity() for engine in self.engines]

    def flow(self, pieces: Sequence[Piece], out: Output, context: Context) -> None:
        """Ask for what is not there yet, and write each shard when all of its answers are."""
        # These take as long to import as checking a whole recipe.
        from datagen.answers.asking import Asked, ask
        from datagen.answers.keys import engine_salt
        from datagen.answers.prompts import prompts_of
        from datagen.answers.store import Answers
        from datagen.answers.view import View

        salts = [engine_salt(engine.identity(), engine.sampling(), context.seed) for engine in self.engines]
        for place, engine in enumerate(self.engines):
            if salts[place] in salts[:place]:
                other = self.engines[salts.index(salts[place])].called
                raise UserError(
                    f"the engines {other!r} and {engine.called!r} are the same model with the same sampling, so their "
                    "answers are the same. For more answers raise `n`; several servers of one model are one engine "
                    "with a list of `base_url`s"
                )
        prompts = prompts_of(pieces, context.header)
        made = [each for each in prompts if out.done(each.piece.name)]
        missing = [each for each in prompts if not out.done(each.piece.name)]
        asked = Asked(missing, made, context.header, self.n, context.retry, self.max_failed)
        with Answers(context.run_folder / "answers") as store:
            view = View(store, salts, self.engines, self.n, context)
            with closing(ask(self.engines, salts, store, asked, context.tell)) as whole:
                for each in whole:
                    out.write(each.piece.name, view.of(each), each.piece.split)
        out.count({"engines": len(self.engines), "samples": self.n})
