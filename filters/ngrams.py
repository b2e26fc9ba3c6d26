"""Hashed n-grams of tokens, and an index that finds those of some texts in others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from filters.tokens import folded, tokens

Hashes = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]

_BASE = np.uint64(0x9E3779B97F4A7C15)
"""Base of the polynomial that joins token hashes to n-gram hashes, modulo 2^64; any odd number of many bits does."""


@dataclass(frozen=True)
class TokenTable:
    """The folded tokens of many texts in one flat column: text i has tokens `offsets[i]` to `offsets[i + 1]`."""

    words: pl.Series
    offsets: Positions

    @classmethod
    def of(cls, texts: pl.Series) -> TokenTable:
        """Tokens of the texts; a null text has none."""
        lists = tokens(texts.fill_null(""))
        counts = lists.list.len().to_numpy()
        flat = lists.filter(lists.list.len() > 0).explode()
        return cls(folded(flat), np.concatenate(([0], np.cumsum(counts, dtype=np.int64))))

    @property
    def counts(self) -> Positions:
        """Tokens of each text."""
        return np.diff(self.offsets)

    def windows(self, n: int, whole: int) -> Windows:
        """All n-grams, and as one window each the texts of fewer than n tokens but at least `whole`."""
        counts = self.counts
        ends = np.repeat(self.offsets[1:], counts)
        starts = np.flatnonzero(ends - np.arange(len(ends)) >= n)
        short = (counts >= whole) & (counts < n)
        starts = np.concatenate((starts, self.offsets[:-1][short]))
        lengths = np.concatenate((np.full(len(starts) - short.sum(), n), counts[short]))
        texts = np.searchsorted(self.offsets, starts, side="right") - 1
        return Windows(starts, lengths, texts, self._hashes(starts, lengths))

    def _hashes(self, starts: Positions, lengths: Positions) -> Hashes:
        """One 64-bit hash a window: a polynomial over its tokens' hashes, and its length."""
        words = self.words.hash().to_numpy()
        result = lengths.astype(np.uint64)
        for k in range(int(lengths.max(initial=0))):
            inside = slice(None) if (lengths > k).all() else lengths > k
            result[inside] = result[inside] * _BASE + words[starts[inside] + k]
        return result


@dataclass(frozen=True)
class Windows:
    """Windows over a `TokenTable`: first token, number of tokens, which text, and a hash that holds in this process."""

    starts: Positions
    lengths: Positions
    texts: Positions
    hashes: Hashes

    def take(self, chosen: npt.NDArray[np.bool_] | Positions) -> Windows:
        """Some of the windows, by mask or by position."""
        return Windows(self.starts[chosen], self.lengths[chosen], self.texts[chosen], self.hashes[chosen])


@dataclass(frozen=True)
class NgramIndex:
    """N-grams of a collection of texts, to find which of them stand in other texts.

    Memory: 16 bytes a token and 32 a distinct n-gram: about 0.6 kB for a pair of 80 + 80 characters in scripts with
    spaces, 7 kB where every character is a token.
    """

    table: TokenTable
    windows: Windows
    n: int
    whole: int

    @classmethod
    def of(cls, texts: pl.Series, n: int, whole: int) -> NgramIndex:
        """Index of the texts' n-grams; of equal ones the first stands for all."""
        table = TokenTable.of(texts)
        windows = table.windows(n, whole)
        _, first = np.unique(windows.hashes, return_index=True)
        return cls(table, windows.take(first), n, whole)

    def find(self, table: TokenTable) -> Matches:
        """Windows of `table` that stand in the indexed texts, compared token by token."""
        windows = table.windows(self.n, self.whole)
        totals = np.bincount(windows.texts, minlength=len(table.offsets) - 1)
        if not len(self.windows.hashes):
            return Matches(windows.take(np.zeros(0, np.int64)), np.zeros(0, np.int64), totals)
        place = np.minimum(np.searchsorted(self.windows.hashes, windows.hashes), len(self.windows.hashes) - 1)
        candidates = np.flatnonzero(self.windows.hashes[place] == windows.hashes)
        found, known = windows.take(candidates), self.windows.take(place[candidates])
        # Equal hashes are equal n-grams but for chance; comparing the tokens rules chance out.
        equal = found.lengths == known.lengths
        for k in range(int(found.lengths.max(initial=0))):
            inside = np.flatnonzero(equal & (found.lengths > k))
            same = table.words.gather(found.starts[inside] + k) == self.table.words.gather(known.starts[inside] + k)
            equal[inside] = same.to_numpy()
        return Matches(found.take(equal), known.texts[equal], totals)


@dataclass(frozen=True)
class Matches:
    """Windows found in an index, the indexed text of each, and how many windows every searched text has."""

    windows: Windows
    known: Positions
    totals: Positions
