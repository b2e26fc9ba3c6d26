"""A look before the leap: rows as the model will see them, what is lost, what it will take."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from corpus.errors import UserError
from train import chat_templates
from train.encode import IGNORED
from train.tokens import Tell

if TYPE_CHECKING:
    from train.method import Method
    from train.prepare import Prepared
    from train.recipe import Recipe


SHOWN = 10
"""Rows that are shown."""


def look(method: Method, recipe: Recipe, prepared: Prepared, tell: Tell) -> None:
    """Tell what would be trained on, and refuse what cannot be meant.

    Args:
        method: the method.
        recipe: its recipe.
        prepared: its data.
        tell: takes lines.

    Raises:
        UserError: nothing would be learned.
    """
    facts = prepared.facts
    if prepared.stream is not None:
        tell(f"the rows are streamed; a look at the first {facts['looked_at']:,}:")
    for name, part in facts["datasets"].items():
        _tell_dataset(name, part, facts["rows_by_dataset"].get(name, 0), tell)
    _tell_mixture(prepared, tell)
    if prepared.template is not None and method.name == "sft":
        _check_end(prepared, tell)
    if not facts["learned"]:
        raise UserError("no token would be learned: all of them are masked")
    for warning in method.warnings(prepared):
        tell(f"warning: {warning}")
    for number in range(min(SHOWN, len(prepared.train.dataset))):
        for line in _shown(prepared, number):
            tell(line)
    _tell_effort(method, recipe, prepared, tell)


def _tell_dataset(name: str, part: dict[str, Any], taken: int, tell: Tell) -> None:
    words = f"{name}: {part['usable']:,} of {part['rows']:,} rows usable, {taken:,} taken, {part['tokens']:,} tokens"
    if part["truncated"]:
        words += f"; {part['truncated']:,} cut after max_length"
    tell(words)
    for reason, count in part["dropped"].items():
        tell(f"  {count:,} dropped: {reason} (such as {', '.join(part['examples'][reason])})")


def _tell_mixture(prepared: Prepared, tell: Tell) -> None:
    facts = prepared.facts

    def shares(of: dict[str, int]) -> str:
        whole = sum(of.values()) or 1
        first = list(of.items())[:12]
        more = f", and {len(of) - len(first)} more" if len(of) > len(first) else ""
        return ", ".join(f"{name} {count / whole:.1%}" for name, count in first) + more

    share = facts["learned"] / max(1, facts["tokens"])
    learned = f", {share:.1%} of them learned" if "labels" in prepared.encoder.columns else ""
    tell(f"in all: {facts['rows']:,} rows, {facts['tokens']:,} tokens{learned}")
    tell(f"tokens by language: {shares(facts['tokens_by_language'])}")
    tell(f"rows by task: {shares(facts['rows_by_task'])}")


def _check_end(prepared: Prepared, tell: Tell) -> None:
    if chat_templates.turn_end(prepared.tokenizer, prepared.template or "") is None:
        tell(
            "warning: the chat template ends the assistant's turn with no token that is learned, so the model does not "
            "learn to stop. Put the end of the turn within the {% generation %} marks"
        )


def _shown(prepared: Prepared, number: int) -> list[str]:
    """A training row as text, what is learned in brackets ⟦ ⟧."""
    row = prepared.train.dataset[number]
    numbers = row["rows"] if isinstance(row["rows"], list) else [row["rows"]]
    names = ", ".join(prepared.train.ids(numbers[:3])) + (", …" if len(numbers) > 3 else "")
    lines = [f"row {number + 1} ({names}):"]
    if "labels" in row:
        lines.append(_marked(prepared.tokenizer, row["input_ids"], row["labels"]))
        return lines
    for column in prepared.encoder.columns:
        if column in row:
            ids = row[column]
            words = prepared.tokenizer.decode(ids) if isinstance(ids, list) and ids and isinstance(ids[0], int) else ids
            lines.append(f"  {column.removesuffix('_ids')}: {words}")
    return lines


def _marked(tokenizer: Any, ids: list[int], labels: list[int], most: int = 400) -> str:
    parts: list[str] = []
    start = 0
    ids, labels = ids[:most], labels[:most]
    for stop in range(1, len(ids) + 1):
        if stop == len(ids) or (labels[stop] == IGNORED) != (labels[start] == IGNORED):
            text = tokenizer.decode(ids[start:stop])
            parts.append(text if labels[start] == IGNORED else f"⟦{text}⟧")
            start = stop
    return "  " + "".join(parts).replace("\n", "\n  ")


def _tell_effort(method: Method, recipe: Recipe, prepared: Prepared, tell: Tell) -> None:
    from train.device import ranks

    args = prepared.args
    batch = args.per_device_train_batch_size * args.gradient_accumulation_steps * ranks()
    copies = method.copies(args)
    config = _config(recipe)
    _tell_window(method.limit(args, recipe), config, tell)
    if prepared.stream is not None:
        tell(f"{args.max_steps:,} steps of {batch} sequences, tokenized as they come")
        tell(_memory(recipe, config, method.references(args)))
        return
    per_epoch = method.steps(args, len(prepared.train.dataset))
    steps = args.max_steps if args.max_steps > 0 else math.ceil(per_epoch * args.num_train_epochs)
    epochs = steps / per_epoch
    tokens = int(prepared.facts["tokens"] * epochs * copies)
    answers = f" of prompts, each answered {copies} times" if copies > 1 else ""
    tell(f"{steps:,} steps of {batch} sequences: {epochs:.2f} epochs, about {tokens:,} tokens{answers}")
    if not steps:
        raise UserError("no step would be taken: raise `trainer.num_train_epochs` or `trainer.max_steps`")
    tell(_memory(recipe, config, method.references(args)))


def _config(recipe: Recipe) -> Any:
    """The model's configuration.

    Raises:
        UserError: it cannot be read.
    """
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(
            recipe.model, revision=recipe.revision, trust_remote_code=recipe.trust_remote_code
        )
    except (OSError, ValueError) as error:
        raise UserError(f"model: {recipe.model} cannot be read: {error}") from None


def _tell_window(limit: int | None, config: Any, tell: Tell) -> None:
    """Tell of rows that may be longer than what the model was made for."""
    window = getattr(config.get_text_config(), "max_position_embeddings", None)
    if window is not None and (limit or 0) > window:
        tell(
            f"warning: `trainer.max_length` is {limit:,} tokens, and the model was made for {window:,} "
            "(max_position_embeddings); beyond them it has learned no positions"
        )


def _memory(recipe: Recipe, config: Any, references: int) -> str:
    """Bytes for weights, gradients and optimizer, from the model's shape; activations come on top."""
    from transformers import AutoModelForCausalLM

    try:
        import torch

        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config, trust_remote_code=recipe.trust_remote_code)
    except (OSError, ValueError) as error:
        raise UserError(f"model: {recipe.model} cannot be read: {error}") from None
    weights = sum(parameter.numel() for parameter in model.parameters())
    words = f"{weights / 1e6:,.1f} million parameters"
    if recipe.peft is not None:
        # The frozen weights; adapters are a hundredth of them or so. They are their own reference when switched off.
        return f"{words}, frozen, about {weights * _FP32 / 2**30:,.2f} GiB in fp32; adapters alone are trained"
    # AdamW keeps two numbers a weight in fp32, beside the weight and its gradient.
    whole = weights * _FP32 * (4 + references)
    reference = ", and of the model that it is held against" if references else ""
    return (
        f"{words}: about {whole / 2**30:,.2f} GiB for weights, gradients and AdamW in fp32{reference}, on each device "
        "(over all devices where FSDP2 or ZeRO-3 share them); activations come on top"
    )


_FP32 = 4
"""Bytes of a number."""
