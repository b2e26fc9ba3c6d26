"""Running a model over many texts: sorted by length, in batches of so many tokens, halved where memory ends."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import torch

from corpus.errors import Failure
from filters.learned import Judged, values_frame
from filters.torch_models.batches import batches, padding_share
from filters.torch_models.devices import is_device_lost, is_out_of_memory, release, turn

R = TypeVar("R")
Tell = Callable[[Mapping[str, Any]], None]

NO_MEMORY = "failed: no memory for it even alone"
"""Note of an item that another machine may have room for."""
NO_NUMBER = "the model gave no number"
"""Note of an item whose numbers overflowed."""
TOGETHER = 8192
"""Items that are sorted by length together: more waste less padding, and hold more tokens in memory."""


class Piece(NamedTuple):
    """What a model reads at once: an item, or a part of it."""

    tokens: Sequence[int]
    counted: int = 0
    """The first token that counts; those before it are context."""


class Read(NamedTuple):
    """An item as a model reads it."""

    pieces: Sequence[Piece]
    note: str | None = None
    """What is to be known of the number; where there is no piece, why there is none."""


class Runner:
    """Hands batches to a model and remembers how many tokens fit."""

    def __init__(self, device: torch.device, budget: int, tell: Tell) -> None:
        """`budget`: tokens of a batch, padding included."""
        self._device, self._tell = device, tell
        self.budget = budget

    def run(
        self, lengths: Sequence[int], compute: Callable[[Sequence[int]], Sequence[R]]
    ) -> Iterator[tuple[Sequence[int], Sequence[R] | None]]:
        """Results for pieces of these lengths, batch by batch; None for one that does not fit even alone.

        Args:
            lengths: tokens of each piece.
            compute: gives the results for pieces in these places, in their order.

        Raises:
            Failure: the device is lost.
        """
        waiting = deque(batches(lengths, self.budget))
        self._tell({"state": "judging", "padding": round(padding_share(lengths, waiting), 3)})
        while waiting:
            batch = waiting.popleft()
            results = self._tried(batch, compute)
            if results is not None or len(batch) == 1:
                yield batch, results
                continue
            longest = max(lengths[place] for place in batch)
            self.budget = max(longest, len(batch) * longest // 2)
            self._tell({"memory": f"too little for {len(batch)} × {longest:,} tokens; now {self.budget:,} at most"})
            rest = [place for each in (batch, *waiting) for place in each]
            again = batches([lengths[place] for place in rest], self.budget)
            waiting = deque([rest[place] for place in each] for each in again)

    def _tried(self, batch: Sequence[int], compute: Callable[[Sequence[int]], Sequence[R]]) -> Sequence[R] | None:
        """The results of a batch, or None where there is too little memory for it."""
        try:
            with turn(self._device), torch.inference_mode():
                return compute(batch)
        except Exception as error:
            if is_device_lost(error):
                raise Failure(f"{self._device} stopped and needs a new process: {error}") from None
            if not is_out_of_memory(error):
                raise
        # Here the error is gone, and with it its frames, which hold the batch's tensors.
        release(self._device)
        return None


def judge(
    items: int,
    read: Callable[[int], Read],
    runner: Runner,
    compute: Callable[[Sequence[Piece]], Sequence[R]],
    values: Callable[[Sequence[R]], Mapping[str, Any]],
) -> Iterator[Judged]:
    """Verdicts on items, each as soon as all of its pieces are through the model.

    Args:
        items: how many there are.
        read: the pieces of the item in a place.
        runner: runs the batches.
        compute: results for pieces.
        values: an item's values from the results of its pieces.
    """
    for start in range(0, items, TOGETHER):
        places = range(start, min(items, start + TOGETHER))
        yield from _judge(places, [read(place) for place in places], runner, compute, values)


def _judge(
    places: Sequence[int],
    reads: Sequence[Read],
    runner: Runner,
    compute: Callable[[Sequence[Piece]], Sequence[R]],
    values: Callable[[Sequence[R]], Mapping[str, Any]],
) -> Iterator[Judged]:
    names = list(values([]))
    unread = [number for number, read in enumerate(reads) if not read.pieces]
    if unread:
        nothing: list[Mapping[str, Any]] = [{}] * len(unread)
        yield _judged(names, [places[n] for n in unread], nothing, [reads[n].note for n in unread])
    pieces = [(number, piece) for number, read in enumerate(reads) for piece in read.pieces]
    results: list[list[R | None]] = [[] for _ in reads]
    order: list[list[int]] = [[] for _ in reads]

    def compute_places(batch: Sequence[int]) -> Sequence[R]:
        return compute([pieces[place][1] for place in batch])

    for batch, made in runner.run([len(piece.tokens) for _, piece in pieces], compute_places):
        done = []
        for at, place in enumerate(batch):
            number = pieces[place][0]
            results[number].append(None if made is None else made[at])
            order[number].append(place)
            if len(results[number]) == len(reads[number].pieces):
                done.append(number)
        told = [_of_item(order[number], results[number], reads[number].note, values) for number in done]
        if told:
            yield _judged(names, [places[number] for number in done], *map(list, zip(*told, strict=True)))


def _of_item(
    order: Sequence[int],
    results: Sequence[R | None],
    note: str | None,
    values: Callable[[Sequence[R]], Mapping[str, Any]],
) -> tuple[Mapping[str, Any], str | None]:
    """Values and note of an item whose pieces came in this order."""
    if any(result is None for result in results):
        return {}, NO_MEMORY
    in_order = [result for _, result in sorted(zip(order, results, strict=True), key=lambda each: each[0])]
    made = values([result for result in in_order if result is not None])
    if not all(math.isfinite(value) for value in made.values() if isinstance(value, float)):
        return {}, NO_NUMBER
    return made, note


def _judged(
    names: Sequence[str], places: Sequence[int], rows: Sequence[Mapping[str, Any]], notes: Sequence[str | None]
) -> Judged:
    return Judged(places, values_frame({name: [row.get(name) for row in rows] for name in names}, notes))


def looks_back_only(model: Any) -> bool:
    """Whether what follows a token changes nothing for it, so that padding on the right needs no mask.

    Without one, attention runs faster: half of it is left out, and on a GPU the kernels are other ones.
    """
    if not type(model).__module__.startswith("transformers."):
        return False
    layers = [module for module in model.modules() if hasattr(module, "is_causal")]
    return bool(layers) and all(layer.is_causal is True for layer in layers)


def padded(pieces: Sequence[Piece], padding: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens and attention mask of pieces, both (rows, longest), padded on the right."""
    longest = max(len(piece.tokens) for piece in pieces)
    rows = [[*piece.tokens, *[padding] * (longest - len(piece.tokens))] for piece in pieces]
    lengths = torch.tensor([len(piece.tokens) for piece in pieces])
    mask = torch.arange(longest) < lengths[:, None]
    return torch.tensor(rows).to(device), mask.long().to(device)
