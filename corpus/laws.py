"""Laws: for each stage, what goes in equals what comes out and what was set aside. `verify` holds datasets to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from corpus.manifest import Counts, Manifest


class Balance(NamedTuple):
    """One equation of a law in words, with the numbers of both sides."""

    law: str
    left: int
    right: int

    @property
    def holds(self) -> bool:
        """Whether both sides are equal."""
        return self.left == self.right


def balances(manifest: Manifest) -> list[Balance]:
    """The equations that a dataset's counts must meet, by the verb that made it."""
    law = LAWS.get(manifest.stage)
    counted = Balance("rows counted = rows in shards", plain(manifest.counts, "rows"), manifest.rows)
    return [counted, *law(manifest.counts)] if law else [counted]


def plain(counts: Counts, name: str) -> int:
    """A plain count; 0 where it was never counted."""
    value = counts.get(name, 0)
    return sum(value.values()) if isinstance(value, dict) else value


def _read(counts: Counts) -> Iterator[Balance]:
    out = plain(counts, "rows") + plain(counts, "aside") + plain(counts, "sampled_out")
    yield Balance("records = rows + set aside + left out by the sample", plain(counts, "records"), out)


def _kept_or_aside(counts: Counts) -> Iterator[Balance]:
    yield Balance("in = rows + set aside", plain(counts, "in"), plain(counts, "rows") + plain(counts, "aside"))


def _dropped(counts: Counts) -> Iterator[Balance]:
    out = plain(counts, "rows") + plain(counts, "dropped")
    yield Balance("in = rows + dropped, by reason", plain(counts, "in"), out)


def _join(counts: Counts) -> Iterator[Balance]:
    out = plain(counts, "united") + plain(counts, "dropped")
    yield Balance("in = pairs united in rows + dropped, by reason", plain(counts, "in"), out)


def _prompt(counts: Counts) -> Iterator[Balance]:
    templates = plain(counts, "templates")
    out = plain(counts, "rows") + plain(counts, "dropped") * templates + plain(counts, "repeated")
    yield Balance("in × templates = rows + dropped × templates + repeated", plain(counts, "in") * templates, out)


def _generate(counts: Counts) -> Iterator[Balance]:
    prompts = plain(counts, "in") - plain(counts, "repeated")
    out = plain(counts, "rows") + plain(counts, "failed")
    asked = prompts * plain(counts, "engines") * plain(counts, "samples")
    yield Balance("(prompts - repeated) × engines × n = rows + failed, by reason", asked, out)


def _best(counts: Counts) -> Iterator[Balance]:
    out = plain(counts, "rows") + plain(counts, "without")
    yield Balance("groups = rows + groups without, by reason", plain(counts, "groups"), out)


def _pair(counts: Counts) -> Iterator[Balance]:
    out = plain(counts, "with_output") + plain(counts, "without")
    yield Balance("groups = groups with a pair + groups without, by reason", plain(counts, "groups"), out)


def _verifiable(counts: Counts) -> Iterator[Balance]:
    out = plain(counts, "rows") + plain(counts, "rejected")
    yield Balance("candidates = rows + rejected, by reason", plain(counts, "candidates"), out)


def _mix(counts: Counts) -> Iterator[Balance]:
    yield Balance("rows = Σ rows × times taken, over sources", plain(counts, "rows"), plain(counts, "taken"))
    out = plain(counts, "train") + plain(counts, "validation")
    yield Balance("rows = train + validation", plain(counts, "rows"), out)


LAWS: dict[str, Callable[[Counts], Iterator[Balance]]] = {
    "read": _read,
    "join": _join,
    "prompt": _prompt,
    "generate": _generate,
    "score": _kept_or_aside,
    "select": _dropped,
    "dedup": _dropped,
    "best": _best,
    "pair": _pair,
    "verifiable": _verifiable,
    "mix": _mix,
    "render": _kept_or_aside,
}
SET_ASIDE: dict[str, tuple[str, ...]] = {
    "read": ("aside",),
    "join": ("dropped",),
    "prompt": ("dropped", "repeated"),
    "generate": ("failed", "repeated"),
    "select": ("dropped",),
    "dedup": ("dropped",),
    "best": ("left", "without"),
    "pair": ("left", "without"),
    "verifiable": ("rejected",),
    "render": ("aside",),
}
"""Which counts tell of the rows in `aside/`: counts by reason, or one whose name is the reason."""


def set_aside(manifest: Manifest) -> Counter[str]:
    """How many rows a stage set aside, by reason."""
    told: Counter[str] = Counter()
    for name in SET_ASIDE.get(manifest.stage, ()):
        reasons = manifest.counts.get(name, {})
        told.update(reasons if isinstance(reasons, dict) else {name: reasons})
    return +told
