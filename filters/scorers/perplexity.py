"""How unlikely a causal language model finds the output."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Literal

import orjson
import polars as pl
from pydantic import Field

from filters.learned import Judge, Judged, Services
from filters.models import check_template
from filters.torch_scorer import Dtype, TorchScorer, text_items

if TYPE_CHECKING:
    from filters.torch_models.likelihoods import Likelihoods
    from filters.torch_models.running import Read


class Perplexity(TorchScorer):
    """How unlikely a causal language model finds the output, by token or by byte; lower is likelier.

    By token it is the perplexity, which compares texts under one tokenizer; by byte it is bits for each byte of UTF-8,
    which compares models and, within a script, languages. The output stands alone, or after the source (and a line
    break), or after the prompt as the model's chat template writes it. Alone and after the source a text begins with
    the token that begins texts, else the one that ends them; where the tokenizer has neither, the first token does not
    count. The end of the text is not judged.

    A long text is read in windows: every token counts once, and all but those of the first window have at least
    `window - stride` tokens before them. Text that repeats itself is likely: look at it with `looping`.
    """

    budgets: ClassVar[dict[str, int]] = {"cuda": 16_384, "cpu": 1_024}

    dtype: Dtype = "bfloat16"
    """Numbers to compute with, the same on every machine, since scores depend on them. Large models come as bfloat16;
    a CPU that lacks it is faster with float32."""
    unit: Literal["token", "byte"] = "token"
    """Perplexity (`token`), or bits for each byte (`byte`)."""
    given: Literal["nothing", "source", "prompt"] = "nothing"
    """What the model reads before the output."""
    window: int | None = Field(default=None, ge=2)
    """Tokens that are read at once. Default: as many as the model can."""
    stride: int | None = Field(default=None, ge=1)
    """Tokens from one window to the next; fewer give more context and take longer. Default: half a window."""

    def needs(self, kind: str) -> Sequence[str]:
        """The output and what it is given."""
        del kind
        return ("@output", *{"nothing": (), "source": ("@source",), "prompt": ("prompt",)}[self.given])

    def values(self) -> Mapping[str, bool | None]:
        """Perplexity or bits."""
        return {"score": False}

    def signature(self) -> str:
        """Model, numbers, unit, context, windows."""
        window, stride = self.window or "model", self.stride or "half"
        return self.signed(unit=self.unit, given=self.given, window=window, stride=stride)

    def items(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Outputs with what they are given; a prompt as JSON."""
        if self.given == "source":
            return text_items(frame, output=pl.col("@output"), source=pl.col("@source"))
        items = text_items(frame, output=pl.col("@output"))
        if self.given == "nothing":
            return items
        prompts = [orjson.dumps(prompt).decode() for prompt in frame["prompt"].to_list()]
        return items.with_columns(pl.Series("prompt", prompts, dtype=pl.String))

    @contextmanager
    def open(self, services: Services) -> Iterator[Judge]:
        """Load the model."""
        loaded, runner = self.load("AutoModelForCausalLM", "a causal language model", services)
        from filters.torch_models.likelihoods import Likelihoods, bits, perplexity
        from filters.torch_models.running import judge

        if self.given == "prompt":
            check_template(loaded.tokenizer, self.model)
        model = Likelihoods(loaded, window=self.window, stride=self.stride)
        total = perplexity if self.unit == "token" else bits

        def judged(items: pl.DataFrame) -> Iterator[Judged]:
            read = self._reader(items, model)
            lengths = items["output"].str.len_bytes()
            for places, values in judge(
                items.height, read, runner, model.surprises, lambda surprises: {"score": total(surprises)}
            ):
                share = 1 if self.unit == "token" else lengths.gather(list(places))
                yield Judged(places, values.with_columns(pl.col("score") / share))

        yield judged

    def _reader(self, items: pl.DataFrame, model: Likelihoods) -> Callable[[int], Read]:
        from filters.torch_models.running import Read

        outputs = items["output"]
        if self.given != "prompt":
            sources = items["source"] if self.given == "source" else None
            return lambda place: model.read(outputs[place], f"{sources[place]}\n" if sources is not None else "")
        prompts = items["prompt"]

        def read(place: int) -> Read:
            try:
                context = model.tokenizer.apply_chat_template(
                    json.loads(prompts[place]), add_generation_prompt=True, tokenize=True, return_dict=False
                )
            # Templates have errors of their own for chats that they refuse.
            except Exception:
                return Read([], "refused by the model's chat template")
            return model.read(outputs[place], context)

        return read
