"""Rewards of answers by a reward model (Bradley-Terry, as in Ouyang et al. 2022, arXiv 2203.02155)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

import orjson
import polars as pl
from pydantic import AfterValidator, Field, model_validator

from corpus.chat import RewardServer
from filters.learned import Judge, Judged, Services, values_frame
from filters.torch_scorer import Dtype, TorchScorer, text_items

_CHATS = {"response": ("prompt", "response"), "sft": ("messages",), "preference": ("prompt", "chosen")}
"""What makes the chat that is judged, by kind."""


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("`base_url` is no address; expected one like http://127.0.0.1:8000")
    return url.rstrip("/").removesuffix("/v1")


Address = Annotated[str, AfterValidator(_address)]


class Reward(TorchScorer):
    """How good a reward model finds the answer, in the model's own unit: of use to compare answers to one prompt.

    Takes models for sequence classification with one label (Skywork-Reward and its kind), and models with code of their
    own that give a `score` (ArmoRM and its kind; `trust_remote_code: true`). The whole chat, system turn included, is
    written by the model's own chat template. A chat that is longer than `max_tokens` or the model's window has no
    reward: half an answer is another answer. Of a `preference` row the chosen answer is judged.

    With `base_url` a server of vLLM's is asked instead (its `/classify`, without activation), and nothing is loaded.

    Several models are several scorers, `{reward: {model: A, as: a}}` and `{reward: {model: B, as: b}}`. Their units
    differ, so weigh them where they are used: `by: {score_a: 1, score_b: 1}` with `normalize: zscore`.
    """

    speed: ClassVar[tuple[str, ...]] = (*TorchScorer.speed, "base_url", "api_key_env", "max_concurrency")

    dtype: Dtype = "bfloat16"
    """Numbers to compute with, the same on every machine, since scores depend on them. Large models come as bfloat16;
    a CPU that lacks it is faster with float32."""
    max_tokens: int | None = Field(default=None, ge=1)
    """Longest chat, in tokens of the model; longer ones are null. Default: what the model can read."""
    base_url: Address | tuple[Address, ...] | None = None
    """Address of a vLLM server that serves `model` (`vllm serve MODEL --runner pooling`), or several."""
    api_key_env: str | None = None
    """Environment variable that holds the server's key."""
    max_concurrency: int = Field(default=64, ge=1)
    """Requests in flight at most, at all addresses together."""

    @model_validator(mode="after")
    def _server_decides(self) -> Reward:
        own = ("max_tokens", "dtype", "device", "batch_tokens", "trust_remote_code")
        given = [name for name in own if getattr(self, name) != type(self).model_fields[name].default]
        if self.base_url and given:
            raise ValueError(f"with `base_url` the server decides on {', '.join(given)}; leave it out here")
        return self

    def identity(self) -> object:
        """The content of the model's folder, its commit on the hub, or a served model's name and revision."""
        return {"served": self.model, "revision": self.revision} if self.base_url else super().identity()

    def licence(self) -> str | None:
        """The licence that the model's card states; of a served model it is not known."""
        return None if self.base_url else super().licence()

    def needs(self, kind: str) -> Sequence[str]:
        """The chat."""
        return _CHATS.get(kind, _CHATS["response"])

    def values(self) -> Mapping[str, bool | None]:
        """The reward."""
        return {"score": True}

    def signature(self) -> str:
        """Model, numbers, longest chat."""
        if self.base_url:
            return f"reward|model:{self.model}|served|revision:{self.revision}|version:{self.version}"
        return self.signed(max_tokens=self.max_tokens or "window")

    def items(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Chats as JSON."""
        items = text_items(frame, output=pl.col("@output"))
        return items.with_columns(_chats(frame).alias("chat")).drop("output")

    @contextmanager
    def open(self, services: Services) -> Iterator[Judge]:
        """Load the model, or ask its server."""
        if self.base_url:
            yield self._served(services)
            return
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

    def _served(self, services: Services) -> Judge:
        if services.rate is None:
            raise TypeError("nobody told the scorer how to ask a server")
        urls = [self.base_url] if isinstance(self.base_url, str) else list(self.base_url or ())
        rate = services.rate(RewardServer(self.model, urls, self.api_key_env, self.max_concurrency))

        def judged(items: pl.DataFrame) -> Iterator[Judged]:
            for place, rating in rate((place, orjson.loads(chat)) for place, chat in enumerate(items["chat"])):
                yield Judged([place], values_frame({"score": [rating.reward]}, [rating.problem]))

        return judged


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
