"""What an engine is: it takes requests one by one and hands each answer on as soon as it is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from corpus.chat import Message
from datagen.engines.completions import Answer
from datagen.engines.problems import Problem
from filters.language_model import LanguageModel


class Request(NamedTuple):
    """One sample of an answer to one prompt. Samples of a prompt follow one another and share their messages."""

    key: bytes
    """16 bytes: hash of (model identity, sampling, messages, sample)."""
    messages: Sequence[Message]
    seed: int
    """From 0 to 2³¹-1, made of the key: the same request has the same seed in every run."""


class Sink(Protocol):
    """Where an engine's answers go. May be called from any one thread at a time."""

    def answered(self, keys: Sequence[bytes], body: bytes, latency_s: float) -> Sequence[Problem | None]:
        """Keep what came back, before anything looks into it: a Chat Completion with a choice for each key.

        Returns:
            For each key what is wrong with its choice, None where nothing is. A choice with a problem is not kept: the
            engine asks again or says that it `failed`.

        Raises:
            Failure: the answer cannot be kept (the disk is full). The engine lets it through and ends.
        """

    def failed(self, key: bytes, problem: Problem) -> None:
        """Give a request up."""

    def troubled(self, problem: Problem) -> None:
        """Count a problem that a retry may mend; for people who watch."""

    def flying(self, requests: int) -> None:
        """Tell how many requests are on their way now; for people who watch."""

    @property
    def folder(self) -> Path:
        """Folder where the engine may keep what it needs to go on after a kill."""

    @property
    def stopped(self) -> bool:
        """Whether the run ends early (Ctrl-C, a budget): no new requests, those on their way may still come in."""


class Price(BaseModel):
    """What tokens cost, in the currency of your choice."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    input: float = Field(ge=0)
    """A million tokens of prompts."""
    output: float = Field(ge=0)
    """A million tokens of answers."""
    cached_input: float | None = Field(default=None, ge=0)
    """A million tokens of prompts that the server had in its cache; default: as `input`."""

    def of(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> float:
        """The price of so many tokens; `cached_tokens` are part of `prompt_tokens`."""
        cached = self.input if self.cached_input is None else self.cached_input
        fresh = prompt_tokens - cached_tokens
        return (fresh * self.input + cached_tokens * cached + completion_tokens * self.output) / 1e6


class Engine(LanguageModel):
    """Answers prompts. Options that are not given are left to the model's own generation config, or to the server."""

    speed: ClassVar[tuple[str, ...]] = ("max_cost", "max_tokens_total")
    """Options that change where, how fast and up to what price answers come, never what they are: not in any plan."""

    model: str = Field(min_length=1)
    """The model: a name that the server knows, a folder, or a hub id."""
    as_: str | None = Field(default=None, alias="as", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    """Name of the engine in the rows (`engine`), unique in the recipe; default: the last part of the model's name."""
    temperature: float | None = Field(default=None, ge=0)
    """0 takes the likeliest token always; 1 samples from the model as it is."""
    top_p: float | None = Field(default=None, gt=0, le=1)
    """Sample from the likeliest tokens that hold this probability together."""
    top_k: int | None = Field(default=None, ge=1)
    """Sample from so many of the likeliest tokens."""
    min_p: float | None = Field(default=None, ge=0, le=1)
    """Sample from tokens with at least this share of the likeliest one's probability."""
    repetition_penalty: float | None = Field(default=None, gt=0)
    """Above 1, tokens that occurred become less likely."""
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    """Above 0, tokens become less likely with every time that they occurred in the answer."""
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    """Above 0, tokens that occurred in the answer become less likely."""
    max_tokens: int | None = Field(default=None, ge=1)
    """Longest answer, in tokens; longer ones are cut and have the finish reason `length`."""
    stop: tuple[str, ...] = ()
    """Texts before which an answer ends."""
    logprobs: bool = False
    """Keep the log probability of each token of the answer, as a list in `meta`."""
    price: Price | None = None
    """What tokens cost; fills the column `cost`."""
    max_cost: float | None = Field(default=None, gt=0)
    """Stop, resumably, when this engine's answers for the stage have cost so much, those of earlier runs included."""
    max_tokens_total: int | None = Field(default=None, gt=0)
    """Stop, resumably, when this engine's prompts and answers for the stage have so many tokens together."""

    @model_validator(mode="after")
    def _budget_has_a_price(self) -> Self:
        if self.max_cost is not None and self.price is None:
            raise ValueError("`max_cost` needs `price: {input: ..., output: ...}`, the price of a million tokens")
        return self

    @property
    def called(self) -> str:
        """The engine's name in rows."""
        return self.as_ or self.model_name.rpartition("/")[2]

    @property
    def model_name(self) -> str:
        """The model's name in rows and manifests: no path of this machine."""
        local = "model" in self.models and Path(self.model).exists()
        return Path(self.model).resolve().name if local else self.model

    def identity(self) -> object:
        """What the model is: the hash of a folder's content, a hub commit, a served model's name and revision.

        Raises:
            UserError: there is no such model.
        """
        raise NotImplementedError

    def sampling(self) -> dict[str, Any]:
        """Options that decide what an answer is; part of every key. Without those that are not given."""
        names = (
            *("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "frequency_penalty"),
            *("presence_penalty", "max_tokens", "stop", "logprobs"),
        )
        given = {name: getattr(self, name) for name in names}
        # By identity: a temperature of 0 equals False.
        return {
            name: value for name, value in given.items() if value is not None and value is not False and value != ()
        }

    def adapted(self, *, temperature: float | None = None, schema: Mapping[str, Any] | None = None) -> Self:
        """With a temperature where none is given; engines that can be held to a JSON schema add that."""
        del schema
        return self if self.temperature is not None else self.model_copy(update={"temperature": temperature})

    @contextmanager
    def kept(self) -> Iterator[None]:
        """For as long, what was loaded to answer stays loaded, since more will be asked."""
        yield

    def misfit(self, answer: Answer) -> Problem | None:
        """What is wrong with an answer that reads well, None where nothing is; whoever keeps answers asks this."""
        del answer
        return None

    def answer(self, requests: Iterator[Request], sink: Sink) -> None:
        """Answer all requests, in any order, each exactly once through `sink.answered` or `sink.failed`.

        Comes back early when the sink is `stopped`.

        Raises:
            UserError: what the recipe says cannot work (wrong key, unknown model); nothing more is asked.
            Failure: the server is gone for good.
        """
        raise NotImplementedError
