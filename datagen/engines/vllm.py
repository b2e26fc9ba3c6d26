"""vLLM in this process: its own scheduler batches, so that requests only have to be there."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple, Self

from pydantic import Field, PrivateAttr, model_validator

from corpus.errors import Failure, UserError
from datagen.engines._chat import Prompt, encode, split_reasoning
from datagen.engines.base import Engine, Request, Sink
from datagen.engines.completions import Answer, Usage, completion
from datagen.engines.problems import Problem
from datagen.engines.structured import misfit
from filters.models import check_template, model_identity

_GRACE_S = 1.0
"""What is being answered when a run ends may still come in for so long."""
_SHUTDOWN_S = 1.0
"""vLLM's processes have nothing to save: after so long they are killed."""
_ENVIRONMENT = {"VLLM_WORKER_MULTIPROC_METHOD": "spawn", "VLLM_LOGGING_STREAM": "ext://sys.stderr"}
"""What the environment need not say. A forked worker may hang on locks that other threads of this process held; what
goes to standard output is for programs."""


class Vllm(Engine):
    """As many requests at once as vLLM's memory holds, on one machine.

    Several copies of a model (data parallelism) or several machines need a server each, or one in front of them: start
    `vllm serve` and use the engine `openai`. A `<think>…</think>` at the beginning of an answer goes to `reasoning`.
    Log probabilities are those of the model as it is, and include the token that ends the answer.
    """

    models: ClassVar[tuple[str, ...]] = ("model",)
    speed: ClassVar[tuple[str, ...]] = (
        *Engine.speed,
        *("tensor_parallel_size", "gpu_memory_utilization", "enforce_eager", "in_flight"),
    )

    revision: str | None = None
    """Branch, tag or commit of a model on the hub; default: the newest commit, which enters the plan."""
    dtype: str = "auto"
    """Numbers to compute with (`bfloat16`, `float16`, `float32`); `auto`: as the model's config says."""
    tensor_parallel_size: int = Field(default=1, ge=1)
    """GPUs that share each layer of the model."""
    gpu_memory_utilization: float | None = Field(default=None, gt=0, le=1)
    """Share of each GPU's memory to take; default: vLLM's."""
    enforce_eager: bool = False
    """Start sooner and answer slower: no CUDA graphs, nothing compiled."""
    max_model_len: int | None = Field(default=None, ge=1)
    """Tokens of prompt and answer together at most; default: the model's context."""
    in_flight: int = Field(default=2048, ge=1)
    """Requests that vLLM is given at a time; of these it answers as many at once as it can."""
    trust_remote_code: bool = False
    """Whether to run code that comes with the model."""
    json_schema: dict[str, Any] | None = None
    """Answers are JSON of this schema."""
    choice: tuple[str, ...] = ()
    """Answers are one of these texts."""
    regex: str | None = None
    """Answers match this regular expression, whole."""
    llm: dict[str, Any] = Field(default_factory=dict)
    """Other arguments of `vllm.LLM`, as vLLM names them (`{quantization: fp8, max_num_seqs: 512}`)."""
    _keeps: bool = PrivateAttr(default=False)
    _held: Any = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _each_thing_once(self) -> Self:
        given = [name for name in ("json_schema", "choice", "regex") if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"give at most one of {', '.join(given)}")
        twice = sorted(self.llm.keys() & type(self).model_fields.keys())
        if twice:
            raise ValueError(f"`{twice[0]}` is an option of the engine; write it beside `llm`, not in it")
        return self

    def identity(self) -> dict[str, str]:
        """The content of the model's folder, or its commit on the hub."""
        return model_identity(self.model, self.revision)

    def sampling(self) -> dict[str, Any]:
        """With what decides how the model computes, how long answers can be and which form they have.

        And with the library: what is not given is up to it, and so are draws.
        """
        names = ("max_model_len", "json_schema", "choice", "regex", "llm")
        more = {name: getattr(self, name) for name in names if getattr(self, name)}
        dtype = {} if self.dtype == "auto" else {"dtype": self.dtype}
        return super().sampling() | more | dtype | {"library": self.name()}

    def adapted(self, *, temperature: float | None = None, schema: Mapping[str, Any] | None = None) -> Self:
        """With a temperature where none is given, and `json_schema` where nothing is said of a form."""
        adapted = super().adapted(temperature=temperature)
        if schema is None or self.json_schema or self.choice or self.regex:
            return adapted
        return adapted.model_copy(update={"json_schema": dict(schema)})

    def misfit(self, answer: Answer) -> Problem | None:
        """An answer that has not the form that was asked for. Those cut at `max_tokens` are the recipe's affair."""
        if answer.finish_reason != "stop" or not (self.json_schema or self.choice or self.regex):
            return None
        why = misfit(answer.text, self.json_schema, self.choice, self.regex)
        return Problem("unstructured", f"{why}: {answer.text[:100]}") if why else None

    def answer(self, requests: Iterator[Request], sink: Sink) -> None:
        """Keep vLLM supplied, and hand each answer on when it is done."""
        first = next(requests, None)
        if first is None or sink.stopped:
            return
        llm = self._held or self._load()
        self._held = llm if self._keeps else None
        try:
            self._answer(llm, itertools.chain([first], requests), sink)
        except BaseException:
            self._held = None
            raise
        finally:
            if self._held is None:
                _shut_down(llm)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """For as long, vLLM stays up."""
        self._keeps = True
        try:
            yield
        finally:
            held, self._keeps, self._held = self._held, False, None
            if held is not None:
                _shut_down(held)

    def _load(self) -> Any:
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        try:
            import vllm
        except ImportError as error:
            raise UserError(
                f"the engine `vllm` cannot be used here: {error}. Install it with pip install 'towerkit[vllm]', or "
                "start `vllm serve` where it is installed and use the engine `openai` with its `base_url`"
            ) from None
        commit = self.identity().get("commit")
        given = {"gpu_memory_utilization": self.gpu_memory_utilization, "max_model_len": self.max_model_len}
        try:
            llm = vllm.LLM(
                model=self.model,
                revision=commit,
                tokenizer_revision=commit,
                dtype=self.dtype,
                trust_remote_code=self.trust_remote_code,
                tensor_parallel_size=self.tensor_parallel_size,
                enforce_eager=self.enforce_eager,
                **{name: value for name, value in given.items() if value is not None},
                **self.llm,
            )
        except (ValueError, TypeError, OSError) as error:
            raise UserError(f"vLLM cannot load {self.model}: {error}") from None
        except RuntimeError as error:
            raise Failure(f"vLLM does not start with {self.model}: {error}") from None
        check_template(llm.get_tokenizer(), self.model)
        return llm

    def _answer(self, llm: Any, requests: Iterator[Request], sink: Sink) -> None:
        from vllm.v1.engine.exceptions import EngineDeadError

        engine = llm.llm_engine
        flying: dict[str, _Asked] = {}
        waiting = self._added(llm, requests, flying, sink)
        end = None
        try:
            while True:
                if not sink.stopped:
                    for _ in itertools.islice(waiting, self.in_flight - len(flying)):
                        pass
                elif end is None:
                    end = time.monotonic() + _GRACE_S
                sink.flying(len(flying))
                if not flying or (end is not None and time.monotonic() > end):
                    break
                for output in engine.step():
                    if output.finished:
                        self._hand_on(flying.pop(output.request_id), output, sink)
            engine.abort_request(list(flying))
        except EngineDeadError as error:
            raise Failure(f"vLLM broke down with {len(flying)} requests on their way: {error}") from None

    def _added(self, llm: Any, requests: Iterator[Request], flying: dict[str, _Asked], sink: Sink) -> Iterator[None]:
        """Gives vLLM a request for every step of the iterator. Those that cannot be asked fail."""
        tokenizer, params = llm.get_tokenizer(), self._params(llm)
        context = llm.llm_engine.model_config.max_model_len
        messages, prompt = None, None
        for number, request in enumerate(requests):
            try:
                if prompt is None or request.messages is not messages:
                    messages, prompt = request.messages, encode(tokenizer, request.messages)
                if len(prompt.tokens) >= context:
                    told = f"a prompt of {len(prompt.tokens)} tokens, the context is {context}"
                    sink.failed(request.key, Problem("too_long", told))
                    continue
                mine = params.clone()
                mine.seed = request.seed
                llm.llm_engine.add_request(str(number), {"prompt_token_ids": prompt.tokens}, mine)
            # Templates, tokenizers and vLLM's own checks have errors of many kinds for what they refuse.
            except Exception as error:
                sink.failed(request.key, Problem("bad_request", f"the prompt is refused: {error}"))
                continue
            flying[str(number)] = _Asked(request.key, prompt, time.monotonic())
            yield

    def _params(self, llm: Any) -> Any:
        """What all requests share: options that are given, then what the model's generation config says."""
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

        config = llm.get_default_sampling_params()
        names = (
            "temperature",
            "top_p",
            "top_k",
            "min_p",
            "repetition_penalty",
            "frequency_penalty",
            "presence_penalty",
        )
        form = {"json": self.json_schema, "choice": list(self.choice) or None, "regex": self.regex}
        return SamplingParams(
            **{name: getattr(config, name) if getattr(self, name) is None else getattr(self, name) for name in names},
            # None: as many as the context has room for.
            max_tokens=self.max_tokens or (llm.default_sampling_params or {}).get("max_tokens"),
            stop=list(self.stop),
            logprobs=0 if self.logprobs else None,
            output_kind=RequestOutputKind.FINAL_ONLY,
            structured_outputs=StructuredOutputsParams(**form) if any(form.values()) else None,
        )

    def _hand_on(self, asked: _Asked, output: Any, sink: Sink) -> None:
        [choice] = output.outputs
        text, reasoning = split_reasoning(choice.text, thinking=asked.prompt.thinking)
        logprobs = None
        if choice.logprobs is not None:
            pairs = zip(choice.token_ids, choice.logprobs, strict=True)
            # JSON has no infinity.
            logprobs = [max(float(told[token].logprob), -9999.0) for token, told in pairs]
        answer = Answer(text, reasoning, choice.finish_reason, logprobs)
        usage = Usage(len(asked.prompt.tokens), len(choice.token_ids))
        [problem] = sink.answered([asked.key], completion([answer], usage), time.monotonic() - asked.since)
        if problem is not None:  # asking again would bring the same answer
            sink.failed(asked.key, problem)


def _shut_down(llm: Any) -> None:
    llm.llm_engine.engine_core.shutdown(timeout=_SHUTDOWN_S)


class _Asked(NamedTuple):
    """A request that vLLM works on."""

    key: bytes
    prompt: Prompt
    since: float
