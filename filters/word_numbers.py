"""Numbers of words that lie in arrays: hashes of many words at once, and a table that finds many at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.int64]

_BASE = 0x9E37_79B9_7F4A_7C15
"""Any odd number: it has an inverse, so a word's hash does not depend on where the word stands."""
_MIX = np.uint64(0xD6E8_FEB8_6659_FD93)
_powers = np.ones((2, 1), dtype=np.uint64)
"""Powers of the base and of its inverse, as many as were needed."""


def hashes_of(text: npt.NDArray[np.uint8], starts: Integers, ends: Integers) -> Hashes:
    """Hashes of 64 bits, none of them 0, of the words of a text that start and end there."""
    powers, inverses = _powers_to(len(text))
    # The hash of a word is a polynomial of its bytes: the difference of two sums, moved to the beginning.
    sums = np.zeros(len(text) + 1, dtype=np.uint64)
    np.cumsum((text + np.uint64(1)) * powers[: len(text)], out=sums[1:])
    hashes: Hashes = (sums[ends] - sums[starts]) * inverses[starts]
    hashes ^= hashes >> np.uint64(32)
    hashes *= _MIX
    hashes ^= hashes >> np.uint64(29)
    hashes[hashes == 0] = 1
    return hashes


def _powers_to(count: int) -> npt.NDArray[np.uint64]:
    global _powers
    if count > _powers.shape[1]:
        made = np.ones((2, 2 * count), dtype=np.uint64)
        made[0, 1:], made[1, 1:] = _BASE, pow(_BASE, -1, 1 << 64)
        _powers = np.cumprod(made, axis=1, dtype=np.uint64)
    return _powers


class Numbers:
    """A table of numbers by hashes, with open addressing (Knuth, The Art of Computer Programming 3, 6.4)."""

    def __init__(self, most: int) -> None:
        """`most`: how many numbers it will hold."""
        bits = max(4, int(3 * most).bit_length())
        self._keys = np.zeros(1 << bits, dtype=np.uint64)
        self._values = np.zeros(1 << bits, dtype=np.int64)
        self._shift = np.uint64(64 - bits)
        self._last = (1 << bits) - 1

    def find(self, hashes: Hashes) -> Integers:
        """The numbers of hashes; -1 for those that are not there."""
        found = np.full(len(hashes), -1, dtype=np.int64)
        places = np.arange(len(hashes))
        slots = (hashes >> self._shift).astype(np.int64)
        while len(places):
            keys = self._keys[slots]
            same = keys == hashes[places]
            found[places[same]] = self._values[slots[same]]
            on = (keys != 0) & ~same
            places, slots = places[on], (slots[on] + 1) & self._last
        return found

    def add(self, hashes: Hashes, numbers: Integers) -> None:
        """Take in numbers of hashes that are different, and not there yet."""
        slots = (hashes >> self._shift).astype(np.int64)
        while len(hashes):
            free = self._keys[slots] == 0
            self._keys[slots[free]] = hashes[free]
            # Of several that want one slot, the last has it.
            mine = self._keys[slots] == hashes
            self._values[slots[mine]] = numbers[mine]
            hashes, numbers, slots = hashes[~mine], numbers[~mine], (slots[~mine] + 1) & self._last
