"""Rows become token ids: what the trainer sees of a row, or the reason why it does not see it.

One encoder for each method. All work on a batch of rows given by column and answer by column, in order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from corpus.errors import UserError

Ids = list[int]
IGNORED = -100
"""The label of tokens that nothing is learned from."""


@dataclass
class Batch:
    """Encoded rows: token columns by name, and by row why it is unusable (None where it is not)."""

    columns: dict[str, list[Ids]] = field(default_factory=dict)
    reasons: list[str | None] = field(default_factory=list)
    truncated: int = 0
    """Rows of which only the beginning was taken."""


@dataclass(frozen=True)
class Encoder:
    """How rows of one kind become tokens."""

    tokenizer: Any
    template: str | None
    max_length: int | None
    too_long: Literal["drop", "truncate", "refuse", "split"]

    columns: tuple[str, ...] = ()
    """Token columns that it makes."""
    needs: tuple[str, ...] = ()
    """Columns of a row that it reads."""
    carried: tuple[str, ...] = ()
    """Columns of a row that the trainer gets as they are."""
    limited_by: str = "max_length"
    """What the option is called that `max_length` comes from."""

    @property
    def too_many(self) -> str:
        """The reason of rows that are too long."""
        return f"longer than {self.limited_by}"

    def encode(self, rows: Mapping[str, Sequence[Any]]) -> Batch:
        """Encode a batch of rows."""
        raise NotImplementedError

    def _chat(self, conversations: Sequence[list[dict[str, str]]], **options: Any) -> dict[str, list[Any]]:
        told = self.tokenizer.apply_chat_template(
            list(conversations), chat_template=self.template, tokenize=True, return_dict=True, **options
        )
        return dict(told)


@dataclass(frozen=True)
class TextEncoder(Encoder):
    """Texts, each ended by the end-of-text token; the packing cuts what is too long."""

    columns: tuple[str, ...] = ("input_ids", "labels")
    needs: tuple[str, ...] = ("text",)

    def encode(self, rows: Mapping[str, Sequence[Any]]) -> Batch:
        """Token ids of texts; every token is learned."""
        texts = list(rows["text"])
        end = self.tokenizer.eos_token_id
        if end is None:
            raise UserError("the tokenizer has no end-of-text token; set its eos_token, or `trainer.eos_token`")
        # Not verbose: the packing cuts texts longer than the model's window, of which the tokenizer would warn.
        found = self.tokenizer(texts, return_attention_mask=False, verbose=False)["input_ids"]
        ids = [each if each[-1:] == [end] else [*each, end] for each in found]
        reasons = reasons_in(self.tokenizer, [[text] for text in texts])
        batch = Batch({"input_ids": ids, "labels": ids}, reasons)
        return _limited(self, batch)


@dataclass(frozen=True)
class ChatEncoder(Encoder):
    """Conversations, of which the assistant's turns are learned."""

    columns: tuple[str, ...] = ("input_ids", "labels")
    needs: tuple[str, ...] = ("messages",)

    def encode(self, rows: Mapping[str, Sequence[Any]]) -> Batch:
        """Token ids and labels of conversations; labels are -100 outside of the assistant's turns."""
        conversations = list(rows["messages"])
        reasons = reasons_in(self.tokenizer, [[turn["content"] for turn in each] for each in conversations])
        _refuse_empty(reasons, conversations)
        ids, masks = _each(conversations, reasons, self._masked, 2)
        labels = [
            [token if learned else IGNORED for token, learned in zip(row, mask, strict=True)]
            for row, mask in zip(ids, masks, strict=True)
        ]
        batch = _limited(self, Batch({"input_ids": ids, "labels": labels}, reasons))
        for place, row in enumerate(batch.columns["labels"]):
            if batch.reasons[place] is None and all(label == IGNORED for label in row):
                batch.reasons[place] = "nothing to learn: no token of the assistant within max_length"
        return batch

    def _masked(self, conversations: Sequence[list[dict[str, str]]]) -> list[tuple[Ids, Ids]]:
        told = self._chat(conversations, return_assistant_tokens_mask=True)
        return list(zip(told["input_ids"], told["assistant_masks"], strict=True))


@dataclass(frozen=True)
class PreferenceEncoder(Encoder):
    """A prompt with two answers, as DPO reads them: the prompt apart from what the answers add."""

    columns: tuple[str, ...] = ("prompt_ids", "chosen_ids", "rejected_ids")
    needs: tuple[str, ...] = ("prompt", "chosen", "rejected")

    def encode(self, rows: Mapping[str, Sequence[Any]]) -> Batch:
        """Token ids of prompts, and of both answers from where they part from the prompt."""
        triples = list(zip(rows["prompt"], rows["chosen"], rows["rejected"], strict=True))
        reasons = reasons_in(self.tokenizer, [[turn["content"] for part in each for turn in part] for each in triples])
        _refuse_empty(reasons, rows["chosen"])
        prompts, chosen, rejected = _each(triples, reasons, self._split, 3)
        batch = Batch({"prompt_ids": prompts, "chosen_ids": chosen, "rejected_ids": rejected}, reasons)
        if self.max_length is not None:
            for place, (prompt, good, bad) in enumerate(zip(prompts, chosen, rejected, strict=True)):
                longest = len(prompt) + max(len(good), len(bad))
                if batch.reasons[place] is None and longest > self.max_length:
                    if self.too_long != "truncate":
                        batch.reasons[place] = self.too_many
                    elif len(prompt) >= self.max_length:
                        batch.reasons[place] = "nothing to learn: the prompt fills max_length"
                    else:
                        batch.truncated += 1
        return batch

    def _split(self, triples: Sequence[tuple[Any, Any, Any]]) -> list[tuple[Ids, Ids, Ids]]:
        prompts = self._chat([prompt for prompt, _, _ in triples], add_generation_prompt=True)["input_ids"]
        goods = self._chat([[*prompt, *good] for prompt, good, _ in triples])["input_ids"]
        bads = self._chat([[*prompt, *bad] for prompt, _, bad in triples])["input_ids"]
        found = []
        for prompt, good, bad in zip(prompts, goods, bads, strict=True):
            # Tokens may merge across the border of the prompt; answers begin where both part from it.
            cut = min(common_prefix(prompt, good), common_prefix(prompt, bad))
            found.append((prompt[:cut], good[cut:], bad[cut:]))
        return found


@dataclass(frozen=True)
class RankedEncoder(Encoder):
    """Two whole conversations, the better and the worse, as a reward model reads them."""

    columns: tuple[str, ...] = ("chosen_ids", "rejected_ids")
    needs: tuple[str, ...] = ("prompt", "chosen", "rejected")

    def encode(self, rows: Mapping[str, Sequence[Any]]) -> Batch:
        """Token ids of both conversations."""
        pairs = [
            ([*prompt, *good], [*prompt, *bad])
            for prompt, good, bad in zip(rows["prompt"], rows["chosen"], rows["rejected"], strict=True)
        ]
        reasons = reasons_in(self.tokenizer, [[turn["content"] for part in each for turn in part] for each in pairs])
        _refuse_empty(reasons, rows["chosen"])
        chosen, rejected = _each(pairs, reasons, self._both, 2)
        if self.max_length is not None:
            for place, lengths in enumerate(zip(map(len, chosen), map(len, rejected), strict=True)):
                if reasons[place] is None and max(lengths) > self.max_length:
                    reasons[place] = self.too_many
        return Batch({"chosen_ids": chosen, "rejected_ids": rejected}, reasons)

    def _both(self, pairs: Sequence[tuple[Any, Any]]) -> list[tuple[Ids, Ids]]:
        goods = self._chat([good for good, _ in pairs])["input_ids"]
        bads = self._chat([bad for _, bad in pairs])["input_ids"]
        return list(zip(goods, bads, strict=True))


@dataclass(frozen=True)
class PromptEncoder(Encoder):
    """Prompts that are answered in training. The trainer writes them by the template itself; here they are checked."""

    columns: tuple[str, ...] = ("prompt_ids",)
    needs: tuple[str, ...] = ("prompt",)
    carried: tuple[str, ...] = ("prompt", "verifiers", "references", "source", "src_lang", "tgt_lang", "meta")
    limited_by: str = "max_prompt"
    options: tuple[tuple[str, Any], ...] = ()
    """What the template is told beside the conversation (`trainer.chat_template_kwargs`)."""

    def encode(self, rows: Mapping[str, Sequence[Any]]) -> Batch:
        """Token ids of prompts, up to where the answer begins."""
        prompts = list(rows["prompt"])
        reasons = reasons_in(self.tokenizer, [[turn["content"] for turn in prompt] for prompt in prompts])
        for place, prompt in enumerate(prompts):
            if reasons[place] is None and prompt[-1]["role"] == "assistant":
                reasons[place] = "the prompt ends with the assistant's turn, so there is nothing to answer"
        (ids,) = _each(prompts, reasons, self._open, 1)
        for place, row in enumerate(ids):
            if reasons[place] is None and self.max_length is not None and len(row) > self.max_length:
                reasons[place] = self.too_many
        return Batch({"prompt_ids": ids}, reasons)

    def _open(self, prompts: Sequence[list[dict[str, str]]]) -> list[tuple[Ids]]:
        return [(ids,) for ids in self._chat(prompts, add_generation_prompt=True, **dict(self.options))["input_ids"]]


def reasons_in(tokenizer: Any, texts: Sequence[Sequence[str]]) -> list[str | None]:
    """Why rows are unusable whatever the method: their own text is empty, or would become tokens of the chat format.

    `<|im_end|>` written in a text ends a turn for the model; `datagen`'s filter `special_tokens` drops such rows with
    their reason, and here they are caught at last.
    """
    wanted = special_tokens(tokenizer)
    pattern = re.compile("|".join(map(re.escape, wanted))) if wanted else None

    def reason(parts: Sequence[str]) -> str | None:
        if not parts or not any(part.strip() for part in parts):
            return "empty"
        found = next((hit for part in parts if pattern and (hit := pattern.search(part))), None)
        return f"special token in the text: {found[0]}" if found else None

    return [reason(parts) for parts in texts]


def _refuse_empty(reasons: list[str | None], learned: Sequence[list[dict[str, str]]]) -> None:
    """Rows become unusable of which an answer that is learned is empty: it would teach the model to say nothing."""
    for place, turns in enumerate(learned):
        if reasons[place] is None and any(
            turn["role"] == "assistant" and not turn["content"].strip() for turn in turns
        ):
            reasons[place] = "empty answer"


def special_tokens(tokenizer: Any) -> list[str]:
    """Texts that the tokenizer turns into one special token wherever they stand, longest first."""
    added = (token.content for token in tokenizer.added_tokens_decoder.values() if token.special)
    return sorted({*tokenizer.all_special_tokens, *added}, key=lambda token: (-len(token), token))


def common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """How many tokens two sequences have in common at their beginning."""
    for place, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return place
    return min(len(left), len(right))


def _each(rows: Sequence[Any], reasons: list[str | None], encode: Any, width: int) -> list[list[Ids]]:
    """Encode rows together; where the template refuses one, one by one, and its words become the row's reason.

    Gives `width` token columns, in which unusable rows are empty.
    """
    from jinja2 import TemplateError

    usable = [place for place, reason in enumerate(reasons) if reason is None]
    try:
        found = dict(zip(usable, encode([rows[place] for place in usable]) if usable else (), strict=True))
    except TemplateError:
        found = {}
        for place in usable:
            try:
                found[place] = encode([rows[place]])[0]
            except TemplateError as error:
                reasons[place] = f"the chat template refuses it: {error}"
    return [[list(found[place][part]) if place in found else [] for place in range(len(rows))] for part in range(width)]


def _limited(encoder: Encoder, batch: Batch) -> Batch:
    """Rows longer than `max_length` become unusable, or are cut after it."""
    limit = encoder.max_length
    if limit is None or encoder.too_long == "split":
        return batch
    for place, ids in enumerate(batch.columns["input_ids"]):
        if batch.reasons[place] is not None or len(ids) <= limit:
            continue
        if encoder.too_long != "truncate":
            batch.reasons[place] = encoder.too_many
            continue
        batch.truncated += 1
        for column in batch.columns.values():
            column[place] = column[place][:limit]
    return batch
