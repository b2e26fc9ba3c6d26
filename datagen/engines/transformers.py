"""A model in this process, by the library `transformers`: a folder suffices, no server."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from pydantic import Field, PrivateAttr

from corpus.errors import Failure, UserError
from datagen.engines.base import Engine, Request, Sink
from datagen.engines.completions import Usage, completion
from datagen.engines.problems import Problem
from filters.models import model_identity

if TYPE_CHECKING:
    from datagen.engines._causal import Causal, Row, Written

_DEVICES = {"cuda": (131_072, 256), "cpu": (32_768, 32)}
"""Tokens of a batch, and how many tokens of prompts are read in the time of one step that writes a token to each row:
a step is bound by the weights' way from memory, reading by arithmetic."""
_WINDOW = 8
"""Batches' worth of requests that are sorted by length together: more waste less padding, and wait longer."""


class Transformers(Engine):
    """Batches of prompts of about one length. A stop (Ctrl-C, a budget) takes effect with the next token.

    As soon as half of a batch's rows are at their end, their answers are handed on and the other half goes on alone.

    The model's generation config is respected: where it does not say `do_sample: true` and no `temperature` is given,
    the likeliest token is taken always. Samples are drawn from each request's own seed, so that an answer does not
    depend on the batch it was made in (but for rounding). A `<think>…</think>` at the beginning of an answer goes to
    `reasoning`. Log probabilities are those of the model as it is, before temperature and penalties, and include the
    token that ends the answer.
    """

    models: ClassVar[tuple[str, ...]] = ("model",)
    speed: ClassVar[tuple[str, ...]] = (*Engine.speed, "device", "batch_tokens", "batch_size")

    revision: str | None = None
    """Branch, tag or commit of a model on the hub; default: the newest commit, which enters the plan."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Numbers to compute with; `auto`: bfloat16 where the processor has it, else float32."""
    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    """Where to compute; `auto`: CUDA where there is one, else Apple's GPU, else the CPU."""
    batch_tokens: int | None = Field(default=None, ge=1)
    """Tokens of a batch, padding and the longest possible answers included; more are faster until memory ends, when
    batches are halved. Default: 131,072 on CUDA, else 32,768."""
    batch_size: int | None = Field(default=None, ge=1)
    """Requests of a batch at most; default: as many as `batch_tokens` allows."""
    trust_remote_code: bool = False
    """Whether to run code that comes with the model."""
    _keeps: bool = PrivateAttr(default=False)
    _held: Any = PrivateAttr(default=None)

    def identity(self) -> dict[str, str]:
        """The content of the model's folder, or its commit on the hub."""
        return model_identity(self.model, self.revision)

    def sampling(self) -> dict[str, Any]:
        """With `dtype`, where it is given, and the library: what is not given is up to it, and so are draws."""
        dtype = {} if self.dtype == "auto" else {"dtype": self.dtype}
        return super().sampling() | dtype | {"library": self.name()}

    def answer(self, requests: Iterator[Request], sink: Sink) -> None:
        """Answer in batches, longest prompts first within a window."""
        first = next(requests, None)
        if first is None or sink.stopped:
            return
        model = self._held or self._load()
        self._held = model if self._keeps else None
        fitted, step = _DEVICES.get(model.device.type, _DEVICES["cpu"])
        budget = self.batch_tokens or fitted
        asked = self._asked(model, itertools.chain([first], requests), sink)
        for window in self._windows(asked, budget):
            window.sort(key=lambda each: len(each.row.prompt.tokens), reverse=True)
            while window and not sink.stopped:
                count = self._fitting(window, budget, step)
                budget = self._answer_batch(model, window[:count], sink, budget)
                del window[:count]
            if sink.stopped:
                return

    @contextmanager
    def kept(self) -> Iterator[None]:
        """For as long, the model stays loaded."""
        self._keeps = True
        try:
            yield
        finally:
            self._keeps, self._held = False, None

    def _load(self) -> Causal:
        try:
            from datagen.engines._causal import Causal
        except ImportError as error:
            raise UserError(
                f"the engine `transformers` cannot be used here: {error}. Install it with pip install 'towerkit[train]'"
            ) from None
        return Causal(self, self.identity().get("commit"))

    def _asked(self, model: Causal, requests: Iterator[Request], sink: Sink) -> Iterator[_Asked]:
        """Requests as rows. Those that cannot be one fail."""
        from datagen.engines._chat import encode

        messages, prompt = None, None
        for request in requests:
            if sink.stopped:
                return
            if prompt is None or request.messages is not messages:
                try:
                    messages, prompt = request.messages, encode(model.tokenizer, request.messages)
                # Templates and tokenizers have errors of their own for chats that they refuse.
                except Exception as error:
                    sink.failed(request.key, Problem("bad_request", f"the chat template refuses the prompt: {error}"))
                    continue
            row = model.row(prompt, request.seed)
            if isinstance(row, Problem):
                sink.failed(request.key, row)
            else:
                yield _Asked(request.key, row)

    def _windows(self, asked: Iterator[_Asked], budget: int) -> Iterator[list[_Asked]]:
        """Rows for several batches."""
        window: list[_Asked] = []
        tokens = 0
        for each in asked:
            window.append(each)
            tokens += _width(each.row)
            if tokens >= _WINDOW * budget or len(window) == _WINDOW * (self.batch_size or len(window)):
                yield window
                window, tokens = [], 0
        if window:
            yield window

    def _fitting(self, window: Sequence[_Asked], budget: int, step: int) -> int:
        """How many of the rows, longest prompt first, make a batch: at least one.

        A batch ends where its padding costs more than another batch, whose tokens take as many steps.
        """
        widest, limit, padding, count = len(window[0].row.prompt.tokens), 0, 0, 0
        for each in window[: self.batch_size]:
            limit = max(limit, each.row.limit)
            padding += widest - len(each.row.prompt.tokens)
            if count and ((count + 1) * (widest + limit) > budget or padding > step * limit):
                break
            count += 1
        return count

    def _answer_batch(self, model: Causal, batch: Sequence[_Asked], sink: Sink, budget: int) -> int:
        """Answer a batch, or its halves where the whole does not work. Returns the tokens that later ones may have."""
        from filters.torch_models import devices

        if sink.stopped:
            return budget
        left = dict(enumerate(batch))
        error = self._answered(model, left, sink)
        sink.flying(0)
        if error is None:
            return budget
        if devices.is_device_lost(error):
            raise Failure(f"{self.model} stopped on {model.device}, which needs a new process: {error}") from None
        devices.release(model.device)
        full = devices.is_out_of_memory(error)
        rest = list(left.values())
        if len(batch) == 1:
            why = "no memory for it even alone" if full else type(error).__name__
            sink.failed(rest[0].key, Problem("too_long" if full else "server_error", f"{why}: {error}"))
            return budget
        if full:
            budget = max(1, len(rest) * max(_width(each.row) for each in rest) // 2)
        for half in (rest[: len(rest) // 2], rest[len(rest) // 2 :]):
            budget = self._answer_batch(model, half, sink, budget) if half else budget
        return budget

    def _answered(self, model: Causal, left: dict[int, _Asked], sink: Sink) -> Exception | None:
        """Hand answers on as soon as they end, and take their requests out of what is left; why not all, if not all.

        What is left without an error was not at its end when the run was stopped.
        """
        from filters.torch_models import devices

        started = time.monotonic()
        writing = model.write([each.row for each in left.values()], lambda: sink.stopped)
        while left:
            sink.flying(len(left))
            try:
                with devices.turn(model.device):
                    ended = next(writing, None)
            # Whatever goes wrong may be one row's fault, and is no other's.
            except Exception as error:
                # The frames hold the batch's tensors.
                return error.with_traceback(None)
            if ended is None:
                break
            for place, written in ended:
                _hand_on(left.pop(place), written, time.monotonic() - started, sink)
        return None


class _Asked(NamedTuple):
    """A request on its way through a batch."""

    key: bytes
    row: Row


def _width(row: Row) -> int:
    """Tokens that a row may come to."""
    return len(row.prompt.tokens) + row.limit


def _hand_on(asked: _Asked, written: Written | Problem, latency_s: float, sink: Sink) -> None:
    if isinstance(written, Problem):
        sink.failed(asked.key, written)
        return
    body = completion([written.answer], Usage(len(asked.row.prompt.tokens), written.tokens))
    [problem] = sink.answered([asked.key], body, latency_s)
    if problem:  # asking again would bring the same answer
        sink.failed(asked.key, problem)
