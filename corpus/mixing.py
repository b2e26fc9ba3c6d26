"""The arithmetic of mixing sources: how much of each, which rows, and which rows are held out for validation.

Pure functions, shared by the `mix` stage and by training. A mix is planned in units, rows or tokens (`plan_mix`), and
then every row of a source is taken a whole number of times (`times_taken`). Choices are made by hashes of the rows'
own keys, so they depend neither on the order of rows nor on how the input is cut.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat

import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

from corpus.errors import UserError, nearest


@dataclass(frozen=True)
class Share:
    """How much of one source enters a mix, in units (rows or tokens)."""

    size: int
    """Units that the source has."""
    units: int
    """Units that are taken."""

    @property
    def passes(self) -> int:
        """How often every row is taken."""
        return self.units // self.size if self.size else 0

    @property
    def extra(self) -> int:
        """Units that are taken once more than the others: fewer than the source has."""
        return self.units - self.passes * self.size

    @property
    def times(self) -> float:
        """Units taken for each unit there is."""
        return self.units / self.size if self.size else 0.0


def plan_mix(
    sizes: Mapping[str, int],
    weights: Mapping[str, float] | None = None,
    *,
    total: int | None = None,
    max_times: float = 1.0,
) -> dict[str, Share]:
    """How much of each source a mix takes, in the order of `sizes`.

    Args:
        sizes: units (rows or tokens) by source.
        weights: share of each source in the mix, in any scale; by default every source weighs as much as it has.
        total: units of the mix; by default as many as the weights and `max_times` allow.
        max_times: how often a source may be repeated at most; 1 repeats nothing, 0.5 takes half of it at most.

    Returns:
        Shares whose units add up to the total exactly. Each is within one unit of its exact part: parts are rounded
        down, and what is left goes to the largest remainders (Hamilton's method), ties to the first name.

    Raises:
        UserError: if names, weights or the total do not fit the sources; it tells what would.
    """
    parts = _parts(sizes, sizes if weights is None else weights)
    limits = {name: math.floor(_exact("max_times", max_times) * sizes[name]) for name in parts}
    for name in parts:
        if not limits[name]:
            raise UserError(f"max_times {max_times:g} allows nothing of {name!r}, which has {sizes[name]:,}; raise it")
    most = min((math.floor(limits[name] / part) for name, part in parts.items()), default=0)
    if total is None:
        total = most
    elif total < 1:
        raise UserError(f"found a total of {total}, expected 1 or more")
    elif total > most:
        raise UserError(_too_much(sizes, parts, total, most, max_times))
    units = {name: math.floor(part * total) for name, part in parts.items()}
    by_remainder = sorted(parts, key=lambda name: (units[name] - parts[name] * total, name))
    for name in by_remainder[: total - sum(units.values())]:
        units[name] += 1
    return {name: Share(size, units.get(name, 0)) for name, size in sizes.items()}


def temperature_weights(sizes: Mapping[str, int], temperature: float) -> dict[str, float]:
    """Weights that lift small sources: in proportion to size ** (1 / temperature), adding up to 1.

    Temperature 1 keeps the sizes' own proportions, infinity makes all sources equal; an empty source weighs 0.
    Arivazhagan et al. 2019 (arXiv:1907.05019) use 5; XLM-R (Conneau et al. 2020) 1 / 0.3.

    Raises:
        UserError: if the temperature is not above 0.
    """
    if not temperature > 0:
        raise UserError(f"found a temperature of {temperature:g}, expected a number above 0 (1 keeps the proportions)")
    largest = max(sizes.values(), default=0)
    lifted = {name: (size / largest) ** (1 / temperature) if size else 0.0 for name, size in sizes.items()}
    whole = math.fsum(lifted.values())
    return {name: value / whole if whole else 0.0 for name, value in lifted.items()}


def times_taken(
    share: Share, hashes: NDArray[np.uint64], lengths: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """How often each row of a source is taken: `share.passes` times, and once more for the rows of smallest hash.

    Counts are exact where a row is a unit. With lengths (a row's units), rows are added in the order of their hashes
    until what they add is as near to `share.extra` as whole rows can be. A larger share never takes a row less often.

    Args:
        share: the source's part in the plan.
        hashes: by row, of a key that tells rows apart, salted with the recipe's seed (see `hash64`).
        lengths: units of each row where the plan is not in rows.
    """
    times = np.full(len(hashes), share.passes, dtype=np.int64)
    by_hash = np.argsort(hashes, kind="stable")
    more = share.extra
    if lengths is not None:
        reached = np.concatenate(([0], np.cumsum(lengths[by_hash])))
        more = int(np.argmin(np.abs(reached - share.extra)))
    times[by_hash[:more]] += 1
    return times


def is_validation(keys: pl.Series | Sequence[str], share: float) -> NDArray[np.bool_]:
    """Which rows are held out, by the hash of their group's key (a document, a prompt) alone.

    Rows of one group stay together, and no row ever moves across, whatever data is added and in whichever dataset the
    group turns up: the hash is compared with a threshold and salted with a constant. A larger share holds out the same
    groups and more. The share is met on average over groups, not exactly.
    """
    # 53 bits make a float in [0, 1) without rounding, so that share 1 holds out everything.
    return (hash64(keys, "validation") >> np.uint64(11)).astype(np.float64) * 2.0**-53 < share


def hash64(keys: pl.Series | Sequence[str], salt: str) -> NDArray[np.uint64]:
    """xxh3-64 of each key's UTF-8, seeded by the salt: equal on all machines and versions, unlike polars' own hash."""
    texts = keys.to_list() if isinstance(keys, pl.Series) else keys
    seed = xxhash.xxh3_64_intdigest(salt)
    return np.fromiter(map(xxhash.xxh3_64_intdigest, texts, repeat(seed)), dtype=np.uint64, count=len(texts))


def _parts(sizes: Mapping[str, int], weights: Mapping[str, float]) -> dict[str, Fraction]:
    """Each source's exact part of the mix; a source that has nothing and weighs nothing has none."""
    if not sizes:
        raise UserError("a mix needs at least one source")
    for name in weights:
        if name not in sizes:
            raise UserError(f"weight for an unknown source {name!r}.{nearest(name, sizes)} Sources: {', '.join(sizes)}")
    exact = {}
    for name, size in sizes.items():
        if name not in weights:
            raise UserError(f"source {name!r} has no weight; give it one, or leave the source out")
        weight = _exact(f"weight of {name!r}", weights[name])
        if weight and not size:
            raise UserError(f"source {name!r} has a weight of {weights[name]:g} and is empty; leave it out")
        if size and not weight:
            raise UserError(f"source {name!r} has a weight of 0, expected more; to take none of it, leave it out")
        if weight:
            exact[name] = weight
    whole = sum(exact.values())
    return {name: weight / whole for name, weight in exact.items()}


def _exact(name: str, number: float) -> Fraction:
    """The number as it is written (0.1 is one tenth), so that no result hangs on the last bit of a float."""
    if not math.isfinite(number) or number < 0:
        raise UserError(f"found a {name} of {number:g}, expected a number above 0")
    return Fraction(str(number))


def _too_much(sizes: Mapping[str, int], parts: Mapping[str, Fraction], total: int, most: int, max_times: float) -> str:
    if not parts:
        return f"found a total of {total:,}, but all sources are empty"
    asked = {name: math.ceil(part * total) for name, part in parts.items()}
    name = max(sorted(parts), key=lambda name: Fraction(asked[name], sizes[name]))
    times = f"{math.ceil(Fraction(asked[name] * 100, sizes[name])) / 100:.12g}"
    return (
        f"a total of {total:,} asks for {asked[name]:,} of {name!r}, which has {sizes[name]:,}: {times} times, with "
        f"max_times {max_times:g}. Lower the total to {most:,} or less, raise max_times to {times}, or lower the "
        f"weight of {name!r}."
    )
