"""A causal language model of the library `transformers` that answers chats in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
import transformers
from torch.nn.functional import pad
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from datagen.engines._chat import Prompt, cut, split_reasoning
from datagen.engines._decoding import Draw, Ends, Penalties, Processor, uniforms
from datagen.engines.completions import Answer
from datagen.engines.problems import Problem
from datagen.engines.transformers import Transformers
from filters.models import check_template
from filters.torch_models.devices import find_device
from filters.torch_models.load import load

_LONGEST = 2048
"""Tokens of an answer where neither the recipe nor the generation config limits it."""
_ROWWISE = {DynamicLayer, DynamicSlidingWindowLayer}
"""Layers of a cache that hold nothing but keys and values of each row."""
_FROM_THE_PROMPT = {
    "begin_suppress_tokens": None,
    "encoder_no_repeat_ngram_size": 0,
    "encoder_repetition_penalty": 1.0,
    "exponential_decay_length_penalty": None,
    "guidance_scale": 1.0,
    "min_new_tokens": 0,
}
"""Settings that count from where `generate` begins or look at what stands before it, with what changes nothing."""
_NOT_A_NUMBER = Problem(
    "server_error", "the model's logits are not numbers; with float16, try bfloat16 or float32 (option `dtype`)"
)


class Row(NamedTuple):
    """What a batch needs to know of a request."""

    prompt: Prompt
    seed: int
    limit: int
    """Longest answer in tokens."""


class Written(NamedTuple):
    """An answer, and how many tokens the model wrote for it: with the one that ended it, and those of a stop text."""

    answer: Answer
    tokens: int


class Causal:
    """A model, its tokenizer, and how it is to answer."""

    def __init__(self, options: Transformers, revision: str | None) -> None:
        """Load the model onto its device.

        Raises:
            UserError: it cannot be loaded, or was not made for chats.
        """
        self._options = options
        self.device = find_device(options.device)
        self.tokenizer, self._model, _, self.context = load(
            "AutoModelForCausalLM",
            options.model,
            revision,
            dtype=options.dtype,
            device=self.device,
            trust_remote_code=options.trust_remote_code,
        )
        """`context`: tokens of prompt and answer together that the model can read."""
        check_template(self.tokenizer, options.model)
        self._settings = self._model.generation_config
        self._stop = options.stop or tuple(_listed(self._settings.stop_strings))
        self._ends = {*_listed(self._settings.eos_token_id), *_listed(self.tokenizer.eos_token_id)}
        self._repetition_penalty = self._given("repetition_penalty")
        self._warpers = self._sampling()
        self._longest = options.max_tokens or self._settings.max_new_tokens or _LONGEST
        self._prepare()

    def row(self, prompt: Prompt, seed: int) -> Row | Problem:
        """A request, with the longest answer that it may have, or why it can have none."""
        room = self.context - len(prompt.tokens)
        if room < 1:
            return Problem("too_long", f"a prompt of {len(prompt.tokens)} tokens, the context is {self.context}")
        return Row(prompt, seed, min(room, self._longest))

    def write(self, rows: Sequence[Row], stopped: Callable[[], bool]) -> Iterator[list[tuple[int, Written | Problem]]]:
        """Answers to all rows at once, each with its row's place, those that ended together together.

        Half of the rows go on without the half that is at its end, where the model's cache allows it. Rows that were
        not at their end when `stopped` have no answer.
        """
        width = max(len(row.prompt.tokens) for row in rows)
        # Padding is masked, so it may be any token. A row's own first one stands in its prompt anyway: penalties for
        # tokens that occurred stay what they are without padding.
        tokens = [row.prompt.tokens[:1] * (width - len(row.prompt.tokens)) + row.prompt.tokens for row in rows]
        mask = [[0] * (width - len(row.prompt.tokens)) + [1] * len(row.prompt.tokens) for row in rows]
        limits = torch.tensor([row.limit for row in rows], device=self.device)
        cache = self._cache()
        draw = self._draw(rows, width)
        ends = Ends(self.tokenizer, width, limits, sorted(self._ends), self._stop, stopped, leave=cache is not None)
        going = list(range(len(rows)))
        batch, read = torch.tensor(tokens, device=self.device), torch.tensor(mask, device=self.device)
        while going and not stopped():
            batch = self._model.generate(
                input_ids=batch,
                attention_mask=read,
                past_key_values=cache,
                max_new_tokens=width + max(rows[place].limit for place in going) - batch.shape[1],
                logits_processor=transformers.LogitsProcessorList([draw]),
                stopping_criteria=transformers.StoppingCriteriaList([ends]),
            )
            ended = self._ended([rows[place] for place in going], batch[:, width:], draw, ends)
            yield [(going[place], written) for place, written in ended]
            if cache is None:
                return
            left = (~ends.ended).nonzero()[:, 0]
            going = [going[place] for place in left.tolist()]
            batch, read = batch[left], pad(read[left], (0, batch.shape[1] - read.shape[1]), value=1)
            for each in (draw, ends):
                each.keep(left)
            cache.batch_select_indices(left)

    def _ended(
        self, rows: Sequence[Row], made: torch.Tensor, draw: Draw, ends: Ends
    ) -> Iterator[tuple[int, Written | Problem]]:
        """Place and answer of each row at its end; `made` are the tokens written so far (rows, longest)."""
        answers, broken = made.tolist(), draw.broken.tolist()
        logprobs = torch.stack(draw.logprobs, dim=1).tolist() if draw.logprobs else [None] * len(rows)
        for place in ends.ended.nonzero()[:, 0].tolist():
            if broken[place]:
                yield place, _NOT_A_NUMBER
                continue
            row = rows[place]
            yield place, self._written(row, answers[place][: row.limit], ends.lengths.get(place), logprobs[place])

    def _cache(self) -> Any:
        """A cache of which rows can be taken, so that a batch goes on without those at their end; None for others."""
        settings = self._settings
        whole = any(getattr(settings, name, None) not in (None, idle) for name, idle in _FROM_THE_PROMPT.items())
        # On Apple's GPUs the library goes a step too far and takes it back, of which `Draw` and `Ends` do not know.
        if whole or settings.cache_implementation or settings.use_cache is False or self.device.type == "mps":
            return None
        if not self._model._supports_default_dynamic_cache():
            return None
        cache = transformers.DynamicCache(config=self._model.config)
        return cache if {type(layer) for layer in cache.layers} <= _ROWWISE else None

    def _written(self, row: Row, tokens: list[int], length: int | None, logprobs: list[float] | None) -> Written:
        """What the tokens say; `length` counts those up to a stop text, where there is one."""
        tokens = tokens[:length]
        end = next((place for place, token in enumerate(tokens) if token in self._ends), None)
        said, count = (tokens, len(tokens)) if end is None else (tokens[:end], end + 1)
        text = self.tokenizer.decode(said, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        text, found = cut(text, self._stop)
        finish_reason = "stop" if found or length is not None or end is not None else "length"
        if finish_reason == "length":
            text = text.rstrip("\ufffd")  # Many tokens are a few bytes of a character: leave no half of one.
        text, reasoning = split_reasoning(text, thinking=row.prompt.thinking)
        return Written(Answer(text, reasoning, finish_reason, logprobs and logprobs[:count]), count)

    def _draw(self, rows: Sequence[Row], width: int) -> Draw:
        options = self._options
        processors: list[Processor] = []
        if self._repetition_penalty not in (None, 1.0):
            processors.append(transformers.RepetitionPenaltyLogitsProcessor(float(self._repetition_penalty)))
        if options.frequency_penalty or options.presence_penalty:
            processors.append(Penalties(width, options.frequency_penalty or 0.0, options.presence_penalty or 0.0))
        numbers = None
        if self._warpers is not None:
            processors += self._warpers
            numbers = uniforms([row.seed for row in rows], [row.limit for row in rows], self.device)
        return Draw(processors, numbers, logprobs=options.logprobs)

    def _sampling(self) -> list[Processor] | None:
        """What narrows the distribution down before a token is drawn, in the library's order; None to draw nothing."""
        temperature = self._given("temperature")
        if temperature == 0 or (self._options.temperature is None and not self._settings.do_sample):
            return None
        top_k, top_p, min_p = (self._given(name) for name in ("top_k", "top_p", "min_p"))
        warpers: list[Processor] = []
        if temperature not in (None, 1.0):
            warpers.append(transformers.TemperatureLogitsWarper(float(temperature)))
        if top_k:
            warpers.append(transformers.TopKLogitsWarper(top_k))
        if top_p is not None and top_p < 1:
            warpers.append(transformers.TopPLogitsWarper(top_p))
        if min_p:
            warpers.append(transformers.MinPLogitsWarper(min_p))
        return warpers

    def _given(self, name: str) -> Any:
        """An option, else what the generation config says."""
        value = getattr(self._options, name)
        return getattr(self._settings, name) if value is None else value

    def _prepare(self) -> None:
        """Leave to the library what is not done here: it takes the likeliest token, of logits that leave no choice."""
        settings = self._model.generation_config
        settings.update(do_sample=False, num_beams=1, num_return_sequences=1, max_length=None, max_new_tokens=None)
        settings.update(temperature=None, top_k=None, top_p=None, min_p=None)
        settings.update(repetition_penalty=None, stop_strings=None)
        settings.eos_token_id = sorted(self._ends) or None
        if settings.pad_token_id is None:
            settings.pad_token_id = min(self._ends, default=0)


def _listed(value: Any) -> list[Any]:
    """A setting that may be null, one or several."""
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]
