"""Rewards of answers by a reward model (Bradley-Terry, as in Ouyang et al. 2022, arXiv 2203.02155)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import orjson
import polars as pl
from pydantic import Field

from filters.learned import Judge, Judged, Services
from filters.torch_scorer import TorchScorer, text_items

_CHATS = {"response": ("prompt", "response"), "sft": ("messages",), "preference": ("prompt", "chosen")}
"""What makes the chat that is judged, by kind."""


class Reward(TorchScorer):
    """How good a reward model finds the answer, in the model's own unit: of use to compare answers to one prompt.

    Takes models for sequence classification with one label (Skywork-Reward and its kind), and models with code of their
    own that give a `score` (ArmoRM and its kind; `trust_remote_code: true`). The whole chat, system turn included, is
    written by the model's own chat template. A chat that is longer than `max_tokens` or the model's window has no
    reward: half an answer is another answer. Of a `preference` row the chosen answer is judged.

    Several models are several scorers, `{reward: {model: A, as: a}}` and `{reward: {model: B, as: b}}`. Their units
    differ, so weigh them where they are used: `by: {score_a: 1, score_b: 1}` with `normalize: zscore`.
    """

    max_tokens: int | None = Field(default=None, ge=1)
    """Longest chat, in tokens of the model; longer ones are null. Default: what the model can read."""

    def needs(self, kind: str) -> Sequence[str]:
        """The chat."""
        return _CHATS.get(kind, _CHATS["response"])

    def values(self) -> Mapping[str, bool | None]:
        """The reward."""
        return {"score": True}

    def signature(self) -> str:
        """Model, numbers, longest chat."""
        return self.signed(max_tokens=self.max_tokens or "window")

    def items(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Chats as JSON."""
        items = text_items(frame, output=pl.col("@output"))
        return items.with_columns(_chats(frame).alias("chat")).drop("output")

    @contextmanager
    def open(self, services: Services) -> Iterator[Judge]:
        """Load the model."""
        loaded, runner = self.load("AutoModelForSequenceClassification", "a reward model", services)
        from filters.torch_models.running import judge
        from filters.torch_models.sequences import RewardModel

        model = RewardModel(loaded, self.model, self.max_tokens)

        def judged(items: pl.DataFrame) -> Iterator[Judged]:
            chats = items["chat"]
            return judge(
                items.height,
                lambda place: model.read(chats[place]),
                runner,
                model.rewards,
                lambda rewards: {"score": rewards[0] if rewards else None},
            )

        yield judged


def _chats(frame: pl.DataFrame) -> pl.Series:
    """The chat of each row, prompt and answer, as JSON."""
    columns = next(columns for columns in _CHATS.values() if set(columns) <= set(frame.columns))
    parts = [frame[column] for column in columns]
    if frame.schema[columns[-1]] == pl.String:
        answers = [[{"role": "assistant", "content": answer}] for answer in parts.pop().to_list()]
    else:
        answers = [list(answer or ()) for answer in parts.pop().to_list()]
    prompts = parts[0].to_list() if parts else [[]] * frame.height
    return pl.Series([orjson.dumps([*(p or ()), *a]).decode() for p, a in zip(prompts, answers, strict=True)])
