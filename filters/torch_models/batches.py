"""Which texts are read together: batches of about one length, so that little of them is padding."""

from __future__ import annotations

from collections.abc import Sequence


def batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Places of texts, batch by batch: rows times the longest is at most `budget`, but for a text longer than that.

    The longest come first: what does not fit into memory is found out at once.
    """
    order = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    made: list[list[int]] = []
    longest = 0
    for place in order:
        if not made or (len(made[-1]) + 1) * longest > budget:
            made.append([])
            longest = max(1, lengths[place])
        made[-1].append(place)
    return made


def padding_share(lengths: Sequence[int], made: Sequence[Sequence[int]]) -> float:
    """Share of what is read that is padding, 0 to 1."""
    read = sum(len(batch) * max(lengths[place] for place in batch) for batch in made)
    return 1 - sum(lengths[place] for batch in made for place in batch) / read if read else 0.0


def windows(tokens: int, size: int, stride: int) -> list[tuple[int, int]]:
    """Where windows of `size` begin and end, each `stride` behind the one before; the last ends with the text."""
    if tokens <= size:
        return [(0, tokens)]
    starts = [*range(0, tokens - size, stride), tokens - size]
    return [(start, start + size) for start in starts]
