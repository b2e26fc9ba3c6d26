"""Sentence embeddings, by folders as sentence-transformers writes them (Reimers and Gurevych 2019, D19-1410).

Its `modules.json` says what follows the encoder: pooling, perhaps a dense layer, perhaps a normalization.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import torch

from corpus.errors import UserError
from filters.learned import Judged, values_frame
from filters.torch_models.load import Loaded
from filters.torch_models.running import NO_MEMORY, NO_NUMBER, TOGETHER, Piece, Runner, padded

Find = Callable[[str], Path | None]
"""A file of the model, by its path within it, or None where there is none."""
_ACTIVATIONS = {"Tanh": torch.tanh, "Identity": lambda x: x, "ReLU": torch.relu, "GELU": torch.nn.functional.gelu}
_PLAIN = {"pooling_mode_mean_tokens": True}


class Sentences:
    """An encoder and what makes one vector of its output."""

    def __init__(self, loaded: Loaded, name: str, find: Find, *, prefix: str | None, max_tokens: int | None) -> None:
        """Read what the model's files say of pooling.

        Raises:
            UserError: they ask for what is not known here.
        """
        self._tokenizer, self._model, self._device, window = loaded
        self._name, self._find = name, find
        said = self._said("sentence_bert_config.json")
        self._window = min(window, max_tokens or said.get("max_seq_length") or window)
        self._lower = bool(said.get("do_lower_case"))
        prompts = self._said("config_sentence_transformers.json")
        self._prefix = (prompts.get("prompts") or {}).get(prompts.get("default_prompt_name"), "")
        if prefix is not None:
            self._prefix = prefix
        self._padding = next(
            (token for token in (self._model.config.pad_token_id, self._tokenizer.pad_token_id) if token is not None), 0
        )
        self._steps = self._read_steps()

    def tokens(self, text: str) -> tuple[list[int], bool]:
        """A text as the encoder reads it, and whether a part of it is left out."""
        text = self._prefix + (text.lower() if self._lower else text)
        tokens = self._tokenizer(text, truncation=True, max_length=self._window)["input_ids"]
        # Only what fills the window may have been cut.
        cut = len(tokens) == self._window and len(self._tokenizer(text)["input_ids"]) > self._window
        return tokens, cut

    def vectors(self, pieces: Sequence[Piece]) -> list[torch.Tensor]:
        """A vector of length 1 for each text, (dimensions), float32, on the CPU."""
        tokens, mask = padded(pieces, self._padding, self._device)
        told = self._model(input_ids=tokens, attention_mask=mask).last_hidden_state.float()
        for step in self._steps:
            told = step(told, mask)
        return list(torch.nn.functional.normalize(told, dim=-1).cpu())

    def _said(self, file: str) -> dict[str, Any]:
        found = self._find(file)
        return dict(orjson.loads(found.read_bytes())) if found else {}

    def _read_steps(self) -> list[Callable[[torch.Tensor, torch.Tensor], torch.Tensor]]:
        """What follows the encoder. A model that says nothing gets the mean of its tokens."""
        listed = self._find("modules.json")
        if listed is None:
            return [_pooling(_PLAIN, self._name)]
        steps = []
        for module in orjson.loads(listed.read_bytes()):
            kind, folder = module["type"].rpartition(".")[2], module["path"]
            if kind == "Pooling":
                steps.append(_pooling(self._said(f"{folder}/config.json"), self._name))
            elif kind == "Dense":
                steps.append(self._dense(folder))
            elif kind not in ("Transformer", "Normalize"):
                raise UserError(f"{self._name} has a module {module['type']}, which is not known here")
        return steps

    def _dense(self, folder: str) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
        said = self._said(f"{folder}/config.json")
        activation = str(said.get("activation_function", "Tanh")).rpartition(".")[2]
        if activation not in _ACTIVATIONS:
            raise UserError(f"{self._name} has a dense layer with {activation}, which is not known here")
        weights = self._weights(folder)
        weight = weights["linear.weight"].float().to(self._device)
        bias = weights["linear.bias"].float().to(self._device) if "linear.bias" in weights else None

        def dense(told: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            del mask
            made: torch.Tensor = _ACTIVATIONS[activation](torch.nn.functional.linear(told, weight, bias))
            return made

        return dense

    def _weights(self, folder: str) -> dict[str, torch.Tensor]:
        if file := self._find(f"{folder}/model.safetensors"):
            from safetensors.torch import load_file

            return dict(load_file(file))
        if file := self._find(f"{folder}/pytorch_model.bin"):
            return dict(torch.load(file, map_location="cpu", weights_only=True))
        raise UserError(f"{self._name} has no weights for its dense layer in {folder}")


def _pooling(said: dict[str, Any], name: str) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """Pooling as the module's config says: one switch for each mode, or the mode by name."""
    on = [key for key, value in said.items() if key.startswith("pooling_mode_") and value is True]
    words = [key.removeprefix("pooling_mode_").removesuffix("_token").removesuffix("_tokens") for key in on]
    modes = words or [said.get("pooling_mode", "mean")]
    if len(modes) != 1 or modes[0] not in _POOLINGS:
        raise UserError(f"{name} pools by {' and '.join(map(str, modes))}; known here: {', '.join(_POOLINGS)}")
    return _POOLINGS[modes[0]]


def _mean(told: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    weights = mask[:, :, None].to(told.dtype)
    return (told * weights).sum(1) / weights.sum(1)


def _first(told: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    del mask
    return told[:, 0]


def _last(told: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return told[torch.arange(len(told), device=told.device), mask.sum(1) - 1]


def _largest(told: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return told.masked_fill(mask[:, :, None] == 0, -torch.inf).amax(1)


_POOLINGS = {"mean": _mean, "cls": _first, "lasttoken": _last, "max": _largest}


def judge_pairs(pairs: pl.DataFrame, model: Sentences, runner: Runner) -> Iterator[Judged]:
    """Cosines of two columns of texts; each distinct text is read once within `TOGETHER` pairs."""
    for start in range(0, pairs.height, TOGETHER):
        yield from _judge_pairs(pairs[start : start + TOGETHER].rows(), start, model, runner)


def _judge_pairs(pairs: Sequence[tuple[str, str]], start: int, model: Sentences, runner: Runner) -> Iterator[Judged]:
    texts = list(dict.fromkeys(text for pair in pairs for text in pair))
    place = {text: number for number, text in enumerate(texts)}
    users: list[list[int]] = [[] for _ in texts]
    for number, pair in enumerate(pairs):
        for text in set(pair):
            users[place[text]].append(number)
    missing = [len(set(pair)) for pair in pairs]
    read = [model.tokens(text) for text in texts]
    vectors: dict[int, torch.Tensor | None] = {}

    def compute(batch: Sequence[int]) -> list[torch.Tensor]:
        return model.vectors([Piece(read[text][0]) for text in batch])

    def verdict(pair: tuple[str, str]) -> tuple[float | None, str | None]:
        one, other = (vectors[place[text]] for text in pair)
        if one is None or other is None:
            return None, NO_MEMORY
        cosine = float(one @ other)
        if cosine != cosine:
            return None, NO_NUMBER
        return cosine, "truncated" if any(read[place[text]][1] for text in pair) else None

    for batch, made in runner.run([len(tokens) for tokens, _ in read], compute):
        done = []
        for at, which in enumerate(batch):
            vectors[which] = None if made is None else made[at]
            for number in users[which]:
                missing[number] -= 1
                if not missing[number]:
                    done.append(number)
        if done:
            scores, notes = zip(*(verdict(pairs[number]) for number in done), strict=True)
            yield Judged([start + number for number in done], values_frame({"score": scores}, notes))
