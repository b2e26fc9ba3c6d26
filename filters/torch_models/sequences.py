"""Models for sequence classification: a text, or a chat, gets one number for each label."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

import torch

from corpus.errors import UserError
from filters.labels import label_place
from filters.models import check_template
from filters.torch_models.load import Loaded
from filters.torch_models.running import Piece, Read, looks_back_only, padded

Activation = Literal["auto", "none", "sigmoid", "softmax"]


class Sequences:
    """What reward models and classifiers share: numbers that do not depend on the batch."""

    def __init__(self, loaded: Loaded) -> None:
        """`loaded`: a model for sequence classification."""
        self.tokenizer, self._model, self._device, self.window = loaded
        self._config = self._model.config.get_text_config()
        # Keys and values are of use to those who go on writing only.
        self._config.use_cache = self._model.config.use_cache = False
        self._looks_back_only = looks_back_only(self._model)

    def told(self, pieces: Sequence[Piece]) -> Any:
        """What the model says of the pieces, in the library's form."""
        padding = self._config.pad_token_id
        if padding is None:
            # The library then reads a row's numbers off its last token that is no padding, and takes one row only.
            last = {piece.tokens[-1] for piece in pieces}
            padding = next(token for token in range(len(last) + 1) if token not in last)
        named = self._config.pad_token_id, self._model.config.pad_token_id
        tokens, mask = padded(pieces, padding, self._device)
        try:
            self._config.pad_token_id = self._model.config.pad_token_id = padding
            return self._model(input_ids=tokens, attention_mask=None if self._looks_back_only else mask)
        finally:
            self._config.pad_token_id, self._model.config.pad_token_id = named


class RewardModel(Sequences):
    """A model with one label, or one whose own code gives `score`, as ArmoRM's does."""

    def __init__(self, loaded: Loaded, name: str, max_tokens: int | None) -> None:
        """Check that the model is what it must be.

        Raises:
            UserError: it gives several numbers, or was not made for chats.
        """
        super().__init__(loaded)
        self.limit = min(self.window, max_tokens or self.window)
        check_template(self.tokenizer, name)
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
        told = self.told(pieces)
        scores = getattr(told, "score", None)
        if scores is None:
            scores = told.logits
        return [float(score) for score in scores.float().reshape(len(pieces), -1)[:, 0].tolist()]


class TextClassifier(Sequences):
    """A model that sorts texts into classes, or gives them one number."""

    def __init__(self, loaded: Loaded, name: str, activation: Activation, label: str | None) -> None:
        """Find out what the model's numbers are.

        Raises:
            UserError: it has no such label.
        """
        super().__init__(loaded)
        config = self._model.config
        self.labels = [str(config.id2label[number]) for number in range(config.num_labels)]
        self._place = None if label is None else label_place(label, self.labels, name)
        self._activation = activation
        if activation == "auto":
            several: Activation = "sigmoid" if config.problem_type == "multi_label_classification" else "softmax"
            self._activation = "none" if config.num_labels == 1 else several

    def read(self, text: str, *, whole: bool, overlap: int) -> Read:
        """A text as windows of tokens, or its first window alone."""
        told = self.tokenizer(
            text, truncation=True, max_length=self.window, stride=overlap, return_overflowing_tokens=True
        )["input_ids"]
        if whole or len(told) == 1:
            return Read([Piece(tokens) for tokens in told])
        return Read([Piece(told[0])], "truncated")

    def shares(self, pieces: Sequence[Piece]) -> list[list[float]]:
        """For each piece a number for each label."""
        logits = self.told(pieces).logits.float().reshape(len(pieces), -1)
        if self._activation == "softmax":
            logits = logits.softmax(-1)
        elif self._activation == "sigmoid":
            logits = logits.sigmoid()
        made: list[list[float]] = logits.tolist()
        return made

    def verdict(self, shares: Sequence[Sequence[float]], *, largest: bool) -> dict[str, Any]:
        """Score and label of a text from the numbers of its windows."""
        if not shares:
            return {"score": None, "label": None}
        table = torch.tensor(shares, dtype=torch.float64)
        over = table.amax(0) if largest else table.mean(0)
        best = int(over.argmax())
        label = None if len(self.labels) == 1 else self.labels[best]
        return {"score": float(over[best if self._place is None else self._place]), "label": label}
