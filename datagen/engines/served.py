"""What engines that ask a server with OpenAI's API have in common: what is asked, in which words, with which key."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

import regex
from pydantic import AfterValidator, Field, model_validator

from corpus.errors import UserError
from datagen.engines.base import Engine
from datagen.engines.bodies import OWN
from datagen.engines.completions import Answer
from datagen.engines.problems import Problem
from datagen.engines.structured import Style, fields, misfit

OPENAI = "https://api.openai.com/v1"
SECRET = 8
"""Shorter keys are words like EMPTY, which local servers are given for want of a key."""


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("`base_url` is no address; expected one like http://127.0.0.1:8000/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(
            "`base_url` has more than host, port and path; a key stays in an environment variable: `api_key_env`"
        )
    return url.rstrip("/").removesuffix("/chat/completions")


def _compiled(pattern: str) -> str:
    try:
        regex.compile(pattern)
    except regex.error as error:
        raise ValueError(f"`regex` is no regular expression: {error}") from None
    return pattern


Address = Annotated[str, AfterValidator(_address)]


class Served(Engine):
    """A model behind a server: the same model, whether it is asked at once or in batches."""

    speed: ClassVar[tuple[str, ...]] = (
        *Engine.speed,
        *("base_url", "api_key_env", "retries", "samples_together", "max_tokens_as", "structured_as"),
    )

    revision: str | None = None
    """What you call this state of the served model; another revision is another model, and is asked anew."""
    api_key_env: str | None = None
    """Environment variable that holds the key. Default: OPENAI_API_KEY for OpenAI's own address, none for others."""
    samples_together: bool = False
    """Ask for all samples of a prompt in one request (`n`), whose prompt is then paid once."""
    json_schema: dict[str, Any] | None = None
    """Answers are JSON of this schema."""
    choice: tuple[str, ...] = ()
    """Answers are one of these texts."""
    regex: Annotated[str, AfterValidator(_compiled)] | None = None
    """Answers match this regular expression, whole."""
    structured_as: Style = "vllm"
    """How the server wants `choice` and `regex`: in `structured_outputs` (vLLM), or as a `regex` (SGLang)."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Fields to add to every request's body; null leaves a field out (`{seed: null}` for servers that refuse it)."""
    max_tokens_as: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the server calls `max_tokens`; OpenAI's reasoning models want `max_completion_tokens`."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        given = [name for name in ("json_schema", "choice", "regex") if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"give at most one of {', '.join(given)}")
        for name in OWN:
            if self.extra_body.get(name) is not None or (name in self.extra_body and name in ("model", "messages")):
                raise ValueError(f"`extra_body` cannot set {name!r}: each request has its own")
        return self

    @property
    def base_urls(self) -> tuple[str, ...]:
        """The servers' addresses, each once."""
        raise NotImplementedError

    def identity(self) -> object:
        """The served model's name and revision."""
        return {"served": self.model, "revision": self.revision}

    def sampling(self) -> dict[str, Any]:
        """With the form of answers and whatever else a body says."""
        form = {"json_schema": self.json_schema, "choice": list(self.choice), "regex": self.regex}
        more = {**form, "extra_body": self.extra_body}
        return super().sampling() | {name: value for name, value in more.items() if value}

    def adapted(self, *, temperature: float | None = None, schema: Mapping[str, Any] | None = None) -> Self:
        """With a temperature where none is given, and with `response_format` where nothing is said of a form.

        It goes into `extra_body`: an answer of another form is the business of who asked.
        """
        adapted = super().adapted(temperature=temperature)
        if schema is None or self.has_form:
            return adapted
        return adapted.model_copy(update={"extra_body": {**fields(schema, (), None, "vllm"), **self.extra_body}})

    def misfit(self, answer: Answer) -> Problem | None:
        """An answer that has not the form that was asked for. Those cut at `max_tokens` are the recipe's affair."""
        if answer.finish_reason != "stop" or not self.has_form:
            return None
        why = misfit(answer.text, self.json_schema, self.choice, self.regex)
        return Problem("unstructured", f"{why}: {answer.text[:100]}") if why else None

    def body(self) -> dict[str, Any]:
        """What all requests say."""
        told = super().sampling()
        if "max_tokens" in told:
            told[self.max_tokens_as] = told.pop("max_tokens")
        return {"model": self.model} | told | fields(self.json_schema, self.choice, self.regex, self.structured_as)

    @property
    def has_form(self) -> bool:
        """Whether answers shall have a form that is given."""
        return bool(self.json_schema or self.choice or self.regex or self.extra_body.get("response_format"))

    @property
    def key_name(self) -> str | None:
        """The environment variable that holds the key, None where there is none."""
        if self.api_key_env:
            return self.api_key_env
        return "OPENAI_API_KEY" if self.base_urls == (OPENAI,) and "OPENAI_API_KEY" in os.environ else None

    def key(self) -> str | None:
        """The key, None where none is named.

        Raises:
            UserError: the environment variable that is named is not set.
        """
        if self.key_name is None:
            return None
        key = os.environ.get(self.key_name, "").strip()
        if not key:
            raise UserError(
                f"engine {self.called!r}: the environment variable {self.key_name} is not set; "
                "it shall hold the key (`api_key_env`)"
            )
        return key
