"""How likely a causal language model finds a text, window by window where it is long."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from filters.torch_models.batches import windows
from filters.torch_models.load import Loaded
from filters.torch_models.running import Piece, Read, looks_back_only, padded


class Likelihoods:
    """A causal language model and how its probabilities are counted."""

    def __init__(self, loaded: Loaded, *, window: int | None, stride: int | None) -> None:
        """`window`: tokens read at once; `stride`: how far the next window begins behind the one before."""
        self.tokenizer, self._model, self._device, most = loaded
        self._window = min(most, window or most)
        # A window's first token is context: nothing stands before it.
        self._stride = min(stride or max(1, self._window // 2), self._window - 1)
        self._looks_back_only = looks_back_only(self._model)
        self._model.config.get_text_config().use_cache = self._model.config.use_cache = False
        named = (self.tokenizer.bos_token_id, self.tokenizer.eos_token_id)
        self._begin = next(([token] for token in named if token is not None), [])

    def read(self, text: str, context: Sequence[int] | str) -> Read:
        """A text as windows of tokens. What stands before it is context, a text or the tokens of a chat."""
        before = [*self._begin, *self._tokens(context)] if isinstance(context, str) else list(context)
        tokens = [*before, *self._tokens(text)]
        # With nothing before it, the first token has no probability.
        counted = max(1, len(before))
        pieces = []
        for start, end in windows(len(tokens), self._window, self._stride):
            if end > counted:
                pieces.append(Piece(tokens[start:end], counted - start))
                counted = end
        return Read(pieces, None if pieces else "too short for a probability")

    def _tokens(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"]) if text else []

    def surprises(self, pieces: Sequence[Piece]) -> list[tuple[float, int]]:
        """For each piece the negative log probability of the tokens that count (nats), and how many they are."""
        tokens, mask = padded(pieces, 0, self._device)
        told: Any = self._model(input_ids=tokens, attention_mask=None if self._looks_back_only else mask)
        made = []
        for row, piece in enumerate(pieces):
            end = len(piece.tokens)
            # Row by row: logits as float32 are the largest thing there is.
            logits = told.logits[row, piece.counted - 1 : end - 1].float()
            lost = torch.nn.functional.cross_entropy(logits, tokens[row, piece.counted : end], reduction="sum")
            made.append((float(lost), end - piece.counted))
        return made


def perplexity(surprises: Sequence[tuple[float, int]]) -> float | None:
    """The exponential of the mean negative log probability of a token."""
    if not surprises:
        return None
    nats, tokens = map(sum, zip(*surprises, strict=True))
    # Above e⁷⁰⁰ a float has no room.
    return math.exp(min(nats / tokens, 700.0)) if math.isfinite(nats) else math.nan


def bits(surprises: Sequence[tuple[float, int]]) -> float | None:
    """The negative log probability of all tokens together, in bits."""
    return sum(nats for nats, _ in surprises) / math.log(2) if surprises else None
