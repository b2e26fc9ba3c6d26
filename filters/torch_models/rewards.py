"""Reward models: a chat, read by the model's own template, gets one number."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from corpus.errors import UserError
from filters.models import check_template
from filters.torch_models.load import Loaded
from filters.torch_models.running import Piece, Read, looks_back_only, padded


class RewardModel:
    """A sequence classification model with one label, or one whose own code gives `score`, as ArmoRM's does."""

    def __init__(self, loaded: Loaded, name: str, max_tokens: int | None) -> None:
        """Check that the model is what it must be.

        Raises:
            UserError: it gives several numbers, or was not made for chats.
        """
        self.tokenizer, self._model, self._device, window = loaded
        self.limit = min(window, max_tokens or window)
        check_template(self.tokenizer, name)
        self._config = self._model.config.get_text_config()
        # Keys and values are of use to those who go on writing only.
        self._config.use_cache = self._model.config.use_cache = False
        self._padding = self._config.pad_token_id
        self._looks_back_only = looks_back_only(self._model)
        # A class of transformers' own gives one number for each label; what code of the model's own gives is seen then.
        labels = self._model.config.num_labels
        if labels != 1 and type(self._model).__module__.startswith("transformers."):
            raise UserError(
                f"{name} is no reward model: it sorts texts into {labels} classes, expected one number for a chat. "
                "For the probability of a class use the scorer `classifier`"
            )

    def read(self, chat: str) -> Read:
        """A chat (JSON) as tokens; where the model cannot read it, why."""
        try:
            tokens = self.tokenizer.apply_chat_template(json.loads(chat), tokenize=True, return_dict=False)
        # Templates have errors of their own for chats that they refuse.
        except Exception:
            return Read([], "refused by the model's chat template")
        if len(tokens) > self.limit:
            return Read([], f"too long: over {self.limit} tokens")
        return Read([Piece(tokens)])

    def rewards(self, pieces: Sequence[Piece]) -> list[float]:
        """The reward of each chat."""
        padding = self._padding if self._padding is not None else self._harmless(pieces)
        tokens, mask = padded(pieces, padding, self._device)
        told: Any = self._model(input_ids=tokens, attention_mask=None if self._looks_back_only else mask)
        scores = getattr(told, "score", None)
        if scores is None:
            scores = told.logits
        return [float(score) for score in scores.float().reshape(len(pieces), -1)[:, 0].tolist()]

    def _harmless(self, pieces: Sequence[Piece]) -> int:
        """A token to pad with where the model names none: its library then reads the reward off the last other one."""
        last = {piece.tokens[-1] for piece in pieces}
        padding = next(token for token in range(len(last) + 1) if token not in last)
        self._config.pad_token_id = self._model.config.pad_token_id = padding
        return padding
