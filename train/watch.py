"""What is added to TRL's trainers: a loss that is no number stops training and names the rows of its batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from corpus.errors import Failure

if TYPE_CHECKING:
    from train.streaming import Streamed
    from train.trainset import TrainSet

ROWS = "rows"
_NAMED = 20


class Watched:
    """Mixed into a TRL trainer: batches carry the numbers of their rows as far as the training step."""

    behind: TrainSet | Streamed | None = None
    """The rows behind the training data."""
    rows: Any = None
    """Numbers of the rows of the step that is being taken."""
    _signature_columns: list[str] | None

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
            self.rows = inputs.pop(ROWS, None)
        loss = super().training_step(model, inputs, *args, **kwargs)  # type: ignore[misc]
        if not torch.isfinite(loss).all():
            raise Failure(self._told(float(loss.detach().mean()), self.rows))
        return loss

    def prediction_step(self, model: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """A step of validation as TRL takes it."""
        if isinstance(inputs, dict):
            inputs.pop(ROWS, None)
        return super().prediction_step(model, inputs, *args, **kwargs)  # type: ignore[misc]

    def _told(self, loss: float, rows: Any) -> str:
        step = self.state.global_step + 1  # type: ignore[attr-defined]
        words = f"the loss of step {step} is {loss}: training stopped before it could change the weights."
        if rows is None or self.behind is None:
            return words
        ids = self.behind.ids(sorted(set(rows.tolist())))
        more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
        return (
            f"{words} Rows of the batch: {', '.join(ids[:_NAMED])}{more}. Look at them with `datagen trace`; if they "
            "are sound, lower `trainer.learning_rate` or train in fp32, and run again: it goes on from the last "
            "checkpoint"
        )


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
