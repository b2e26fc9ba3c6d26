"""A provider's files and batches, asked until it answers; its errors in the words of `problems`."""

from __future__ import annotations

import contextlib
import io
import random
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import orjson

from corpus.errors import Failure, UserError
from datagen.engines.base import Sink
from datagen.engines.pace import backoff
from datagen.engines.problems import Problem, from_response
from datagen.engines.served import SECRET, Served

if TYPE_CHECKING:
    from openai.types import Batch

_METADATA = "towerkit_input"
"""Name of the metadata that holds the hash of a batch's file."""
_LISTED_S = 30 * 86_400
"""Older batches are not looked for: providers delete their files."""
_LOOK_S = 0.2
"""Between two looks whether the run is to end."""
_T = TypeVar("_T")


class Stopped(Exception):
    """The run is to end."""


class Provider:
    """One address, with one key. Whatever is asked raises `Stopped` when the run is to end while the provider is away.

    Raises:
        UserError: the provider says no, and would again.
        Failure: it has not answered for `max_wait_s`.
    """

    def __init__(self, engine: Served, base_url: str, max_wait_s: float, sink: Sink) -> None:
        import openai

        key = engine.key()
        self._engine, self._base_url, self._max_wait_s, self._sink = engine, base_url, max_wait_s, sink
        self._secret = key if key and len(key) >= SECRET else None
        self._jitter = random.Random()
        # Without a key of ours the library would send the one of OPENAI_API_KEY to any address. Retries are ours: after
        # a call that broke off one must look whether it made a batch.
        self._client = openai.OpenAI(base_url=base_url, api_key=key or "none", max_retries=0, timeout=600)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def upload(self, file: Path) -> str:
        """What the provider calls the file from now on."""
        return self._call(lambda: self._client.files.create(file=file, purpose="batch").id)

    def create(self, file: str, sha256: str, window: str, known: Collection[str | None]) -> str:
        """A batch of an uploaded file; one that a call made which broke off is not made again."""
        tried = False

        def create() -> str:
            nonlocal tried
            made = self._made(sha256, known) if tried else None
            tried = True
            if made:
                return made
            return self._client.batches.create(
                input_file_id=file,
                endpoint="/v1/chat/completions",
                completion_window=window,  # type: ignore[arg-type]
                metadata={_METADATA: sha256},
            ).id

        return self._call(create)

    def made(self, sha256: str, known: Collection[str | None]) -> str | None:
        """A batch that was made of a file of this hash, is none of those known, and was not refused."""
        return self._call(lambda: self._made(sha256, known))

    def _made(self, sha256: str, known: Collection[str | None]) -> str | None:
        for batch in self._client.batches.list(limit=100):
            if batch.created_at < time.time() - _LISTED_S:
                return None
            mine = (batch.metadata or {}).get(_METADATA) == sha256
            if mine and batch.id not in known and batch.status != "failed":
                return batch.id
        return None

    def batch(self, name: str) -> Batch:
        """How a batch stands."""
        return self._call(lambda: self._client.batches.retrieve(name))

    def lines(self, file: str) -> Iterator[dict[str, Any]]:
        """What a file of answers says of each request; lines that are no JSON are left out."""
        content = self._call(lambda: self._client.files.content(file)).content
        for line in io.BytesIO(content):
            with contextlib.suppress(orjson.JSONDecodeError):
                told = orjson.loads(line)
                if isinstance(told, dict):
                    yield told

    def cancel(self, name: str) -> None:
        """Cancel a batch, without insisting: one that has just ended cannot be."""
        import openai

        try:
            self._client.batches.cancel(name, timeout=1.0)
        except openai.OpenAIError as error:
            self._sink.troubled(self._problem(error))

    def sleep(self, seconds: float) -> None:
        """Wait, but not when the run is to end."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self._sink.stopped:
                raise Stopped
            time.sleep(min(left, _LOOK_S))

    def said(self, problem: Problem) -> str:
        """A problem in a message for people."""
        engine = self._engine
        said = (
            f"engine {engine.called!r} (model {engine.model!r} at {self._base_url}): {self._scrubbed(problem.message)}"
        )
        match problem.kind:
            case "unauthorized" if engine.key_name:
                return f"{said}. The key was taken from the environment variable {engine.key_name}"
            case "unauthorized":
                return f"{said}. No key was sent: name the environment variable that holds it as `api_key_env`"
        return said

    def _call(self, what: Callable[[], _T]) -> _T:
        """What the provider says; asked again while it is away or has too much to do."""
        import openai

        since, attempt = time.monotonic(), 0
        while True:
            try:
                return what()
            except openai.OpenAIError as error:
                problem = self._problem(error)
            if problem.kind in ("unknown_model", "unsupported"):
                raise UserError(
                    f"{self.said(problem)}. Has the server a batch API (/files and /batches), is `base_url` right, and "
                    "is the key of the account that made the batches?"
                )
            if problem.verdict in ("row", "run"):
                raise UserError(self.said(problem))
            self._sink.troubled(problem)
            if time.monotonic() - since > self._max_wait_s:
                raise Failure(
                    f"{self.said(problem)}. So it has been for {self._max_wait_s:g} s (`max_wait_s`). Batches run on "
                    "at the provider: run again to collect them"
                )
            attempt += 1
            self.sleep(problem.retry_after or backoff(attempt, self._jitter.random()))

    def _problem(self, error: Exception) -> Problem:
        import openai

        if isinstance(error, openai.APIStatusError):
            problem = from_response(error.status_code, error.response.headers, error.response.content)
        elif isinstance(error, openai.APITimeoutError):
            problem = Problem("timeout", "no answer in time")
        elif isinstance(error, openai.APIConnectionError):
            problem = Problem("unreachable", str(error.__cause__ or error))
        else:
            problem = Problem("malformed", str(error))
        return problem._replace(message=self._scrubbed(problem.message))

    def _scrubbed(self, text: str) -> str:
        return text.replace(self._secret, "***") if self._secret else text
