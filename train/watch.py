"""What is added to TRL's trainers.

A loss or a gradient that is no number stops training and names the rows of its batch; what is measured on the way
changes nothing of the training; on a processor the head is the faster one of `train.head`.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.errors import Failure
from train.device import everywhere, rank, ranks
from train.encode import IGNORED
from train.head import plain_head
from train.progress import write_seconds

if TYPE_CHECKING:
    from train.streaming import Streamed
    from train.trainset import TrainSet

ROWS = "rows"
_NAMED = 20
_READ = 10_000
"""Rows that are taken at once to know their lengths."""


class Watched:
    """Mixed into a TRL trainer: batches carry the numbers of their rows as far as the training step."""

    behind: TrainSet | Streamed | None = None
    """The rows behind the training data."""
    rows: Sequence[int] = ()
    """Numbers of the rows of the batch that is being learned from."""
    step_rows: tuple[int, Sequence[int]] = (-1, ())
    """The step that is being taken, and the numbers of all its rows: a step may be of several batches."""
    began: float = 0.0
    """When the training began, on the monotonic clock, as if it had never been stopped."""
    sampler: Any = None
    """What orders the training rows."""
    _signature_columns: list[str] | None
    _total_train_tokens: int

    def _set_signature_columns_if_needed(self) -> None:
        super()._set_signature_columns_if_needed()  # type: ignore[misc]
        if self._signature_columns is not None and ROWS not in self._signature_columns:
            self._signature_columns = [*self._signature_columns, ROWS]

    def training_step(self, model: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """A step as TRL takes it.

        Raises:
            Failure: the loss is no finite number. The weights have not been changed by it.
        """
        import torch

        if isinstance(inputs, dict):
            self._take(inputs.pop(ROWS, None))
        with self._head():
            loss = super().training_step(model, inputs, *args, **kwargs)  # type: ignore[misc]
        if not torch.isfinite(loss).all():
            raise Failure(self._told("loss", float(loss.detach().mean()), self.rows))
        return loss

    def _take(self, numbers: Any) -> None:
        """Remember which rows are learned from now."""
        self.rows = () if numbers is None else numbers.tolist()
        if not self.rows:
            return
        step, before = self.step_rows
        now = self.state.global_step  # type: ignore[attr-defined]
        self.step_rows = (now, [*before, *self.rows] if step == now else self.rows)

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        """The trainer's sampler; one that groups rows by their length depends on seed and epoch alone."""
        from datasets import Dataset

        args = self.args  # type: ignore[attr-defined]
        rows = self.train_dataset if train_dataset is None else train_dataset  # type: ignore[attr-defined]
        grouped = args.train_sampling_strategy == "group_by_length" and isinstance(rows, Dataset)
        if grouped and "input_ids" in rows.column_names:
            seed = args.seed if args.data_seed is None else args.data_seed
            self.sampler = _grouped(rows, args.train_batch_size * args.gradient_accumulation_steps, seed)
        else:
            self.sampler = super()._get_train_sampler(train_dataset)  # type: ignore[misc]
        return self.sampler

    def _run_epoch(self, *args: Any, epoch: int, **kwargs: Any) -> None:
        """Steps as the trainer takes them, and none where the checkpoint that it goes on from is of the last step.

        The trainer looks whether it is done after each step alone, and so would take one more. It also forgets how many
        tokens were learned from before the checkpoint, and, where batches are skipped and processes are several, to
        tell samplers the epoch.
        """
        if hasattr(self.sampler, "set_epoch"):
            self.sampler.set_epoch(epoch)
        before = tokens_seen(self.state.log_history)  # type: ignore[attr-defined]
        self._total_train_tokens = max(self._total_train_tokens, before)
        if self.state.global_step >= self.state.max_steps:  # type: ignore[attr-defined]
            self.control.should_training_stop = True  # type: ignore[attr-defined]
            return
        super()._run_epoch(*args, epoch=epoch, **kwargs)  # type: ignore[misc]

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        """The length of the step's gradient, as the trainer takes it right before the weights are changed.

        Raises:
            Failure: it is no finite number, which a finite loss may well have. The weights have not been changed by it.
        """
        found = super()._get_grad_norm(model, grad_norm=grad_norm)  # type: ignore[misc]
        # In fp16 the scaler looks for such gradients itself, leaves out the step, and scales less.
        if found is not None and not self.args.fp16 and not math.isfinite(float(found)):  # type: ignore[attr-defined]
            step, rows = self.step_rows
            mine = rows if step == self.state.global_step else ()  # type: ignore[attr-defined]
            raise Failure(self._told("gradient", float(found), mine))
        return found

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Save a checkpoint as the trainer does; before that, what its steps took: what comes last says it is whole."""
        if self.is_world_process_zero():  # type: ignore[attr-defined]
            output, step = self._get_output_dir(trial=trial), self.state.global_step  # type: ignore[attr-defined]
            write_seconds(Path(output) / f"checkpoint-{step}", time.monotonic() - self.began)
        super()._save_checkpoint(model, trial)  # type: ignore[misc]

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """Measure with a randomness of its own, so that training is the same with and without."""
        own = _own_randomness(self.args.seed + self.accelerator.process_index)  # type: ignore[attr-defined]
        with own, _held(self.args, dataloader_drop_last=False):  # type: ignore[attr-defined]
            return super().evaluate(*args, **kwargs)  # type: ignore[misc]

    def measure(self, dataset: Any) -> dict[str, float]:
        """What the trainer measures of a dataset that it has prepared, of which neither callbacks nor trackers hear.

        What is measured group by group is no step of the training: a log would take each for the loss of the last
        step, and an alarm for its rewards.
        """
        from transformers import Trainer

        handler, state, args = self.callback_handler, self.state, self.args  # type: ignore[attr-defined]
        heard, logged = handler.callbacks, list(state.log_history)
        handler.callbacks = []
        # Workers that are kept would go on with the first dataset that they were given.
        options = _held(args, dataloader_persistent_workers=False, dataloader_drop_last=False)
        try:
            with options, _own_randomness(args.seed + self.accelerator.process_index):  # type: ignore[attr-defined]
                # TRL's `evaluate` prepares rows that come as text, and refuses those that it prepared before.
                found: dict[str, float] = Trainer.evaluate(self, dataset)
            return found
        finally:
            handler.callbacks, state.log_history = heard, logged

    def loss_of(self, dataset: Any) -> float:
        """The loss of a dataset that the trainer has prepared: the mean over its rows."""
        return float(self.measure(dataset)["eval_loss"])

    def prediction_step(self, model: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """A step of validation as TRL takes it."""
        if isinstance(inputs, dict):
            inputs.pop(ROWS, None)
        with self._head():
            return super().prediction_step(model, inputs, *args, **kwargs)  # type: ignore[misc]

    def _head(self) -> AbstractContextManager[None]:
        """The head that is faster here. What is compiled keeps TRL's: a change would be compiled anew each time."""
        on_processor = self.accelerator.device.type == "cpu" and not self.args.torch_compile  # type: ignore[attr-defined]
        return plain_head() if on_processor else nullcontext()

    def _told(self, what: str, value: float, rows: Sequence[int]) -> str:
        step = self.state.global_step + 1  # type: ignore[attr-defined]
        words = f"the {what} of step {step} is {value}: training stopped before it could change the weights."
        if not rows or self.behind is None:
            return words
        ids = self.behind.ids(sorted(set(rows)))
        more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
        whose = "the batch" if ranks() == 1 else f"this process's part of the batch (rank {rank()})"
        return (
            f"{words} Rows of {whose}: {', '.join(ids[:_NAMED])}{more}. Look at them with `datagen trace`; if they "
            "are sound, lower `trainer.learning_rate` or train in fp32, and run again: it goes on from the last "
            "checkpoint"
        )


class WatchedByToken(Watched):
    """Mixed into a TRL trainer of language modelling, whose loss is one of tokens."""

    batches: list[tuple[float, int]] | None = None
    """Of each batch the sum of its tokens' losses and how many tokens that are, while a dataset is measured."""

    def loss_of(self, dataset: Any) -> float:
        """The loss of a dataset that the trainer has prepared: the mean over its learned tokens.

        The trainer's own number is a mean of its batches' means, in which a token of a short row counts for more than
        another, and so depends on which rows make a batch.
        """
        self.batches = []
        try:
            self.measure(_filled(dataset, self.args.eval_batch_size * ranks()))  # type: ignore[attr-defined]
            batches: list[tuple[float, int]] = [batch for part in everywhere(self.batches) for batch in part]
        finally:
            self.batches = None
        return math.fsum(loss for loss, _ in batches) / max(1, sum(tokens for _, tokens in batches))

    def prediction_step(self, model: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """A step of validation as TRL takes it, whose loss is remembered while a dataset is measured."""
        found = super().prediction_step(model, inputs, *args, **kwargs)
        if self.batches is not None:
            # The first token of a row follows none that it could be foretold from.
            tokens = int((inputs["labels"][..., 1:] != IGNORED).sum())
            self.batches.append((float(found[0]) * tokens, tokens))
        return found


def _filled(dataset: Any, size: int) -> Any:
    """A dataset with rows of one token, of which nothing is learned, up to a multiple of what all processes take.

    Without them accelerate would fill the last batches with rows that were measured already.
    """
    from datasets import concatenate_datasets

    more = -len(dataset) % size if ranks() > 1 else 0
    if not more:
        return dataset
    first = dataset.select([0])
    short = {name: [value[:1] for value in first[name]] for name in ("input_ids", "labels")}
    short |= {"seq_lengths": [[1]]} if "seq_lengths" in first.column_names else {}
    row = {name: short.get(name, first[name][:]) for name in first.column_names}
    filler = type(dataset).from_dict(row, features=dataset.features).select([0] * more)
    return concatenate_datasets([dataset, filler])


def _grouped(rows: Any, batch_size: int, seed: int) -> Any:
    """A sampler that groups rows by length as the trainer's does, with an order that depends on seed and epoch alone.

    The trainer's own draws from the randomness of all. Who goes on within an epoch has another one by then, and would
    learn from some rows twice and from others never. It also takes every row into Python to know its length.
    """
    import pyarrow.compute as pc
    import torch
    from transformers.trainer_pt_utils import LengthGroupedSampler

    class Grouped(LengthGroupedSampler):  # type: ignore[misc]
        epoch = 0

        def set_epoch(self, epoch: int) -> None:
            self.epoch = epoch

        def __iter__(self) -> Iterator[int]:
            self.generator = torch.Generator().manual_seed(seed + self.epoch)
            return iter(super().__iter__())

    tables = rows.select_columns(["input_ids"]).with_format("arrow").iter(_READ)
    lengths = [length for table in tables for length in pc.list_value_length(table["input_ids"]).to_pylist()]
    return Grouped(batch_size, lengths=lengths)


def tokens_seen(history: Sequence[Mapping[str, float]]) -> int:
    """How many tokens were learned from, by what was logged; padding counts for none."""
    return int(max((entry["num_tokens"] for entry in history if "num_tokens" in entry), default=0))


@contextmanager
def _held(args: Any, **options: Any) -> Iterator[None]:
    """Options of the trainer as they shall be meanwhile: validation keeps its last batch, whatever training does."""
    kept = {name: getattr(args, name) for name in options}
    try:
        for name, value in options.items():
            setattr(args, name, value)
        yield
    finally:
        for name, value in kept.items():
            setattr(args, name, value)


@contextmanager
def _own_randomness(seed: int) -> Iterator[None]:
    """Draw from a randomness of one's own, and leave that of the training as it was.

    Reading a data loader draws a number, and answers are drawn token by token; dropout would go on from there.
    """
    import numpy as np
    import torch

    kept = random.getstate(), np.random.get_state()
    # This process trains on one device; the others are not its own.
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed % 2**32)
        try:
            yield
        finally:
            random.setstate(kept[0])
            np.random.set_state(kept[1])


def with_rows(collate: Callable[[Sequence[Mapping[str, Any]]], dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """A collator that hands on the numbers of the batch's rows; one that hands on rows as they are does so already."""
    import torch

    def collate_rows(examples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        batch = collate(examples)
        if isinstance(batch, dict) and examples and ROWS in examples[0]:
            numbers = [each[ROWS] for each in examples]
            flat = [number for each in numbers for number in (each if isinstance(each, list) else [each])]
            batch[ROWS] = torch.tensor(flat, dtype=torch.int64)
        return batch

    return collate_rows
