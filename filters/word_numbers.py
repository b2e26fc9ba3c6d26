"""Numbers of words that lie in an array of bytes: many words are looked up, and taken in, at once."""

from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
"""Words as four numbers each (words, 4): their bytes, filled up with zeros."""

LONGEST = 32
"""Bytes of the longest word that has a key."""
_PARTS = LONGEST // 8
_MASKS = np.array([(1 << (8 * size)) - 1 for size in range(9)], dtype=np.uint64)
"""What is left of eight bytes where so many belong to a word."""
_FACTORS = np.frombuffer(os.urandom(8 * (_PARTS + 1)), dtype=np.uint64) | np.uint64(1)
"""Other ones in each process, so that no text can be written whose words all want the same slot."""


def keys_of(text: Bytes, starts: Integers, ends: Integers) -> Keys:
    """Keys of the words of a text that start and end there, none of them longer than `LONGEST` and none with a NUL."""
    padded = np.append(text, np.zeros(LONGEST, dtype=np.uint8))
    # Eight bytes from any place on, as a number.
    eights = np.ndarray((len(text) + LONGEST - 7,), dtype="<u8", buffer=padded, strides=(1,))
    keys = np.empty((len(starts), _PARTS), dtype=np.uint64)
    for part in range(_PARTS):
        begins = np.minimum(starts + 8 * part, len(text))
        keys[:, part] = eights[begins] & _MASKS[np.clip(ends - begins, 0, 8)]
    return keys


class Numbers:
    """Numbers of words from 0 on, in a table with open addressing (Knuth, The Art of Computer Programming 3, 6.4)."""

    def __init__(self, most: int) -> None:
        """`most`: how many words it can hold."""
        bits = max(4, int(3 * most).bit_length())
        self.most = most
        self.count = 0
        """How many words it holds."""
        self._slots = np.full(1 << bits, -1, dtype=np.int32)
        self._keys = np.zeros((16, _PARTS), dtype=np.uint64)
        self._shift = np.uint64(64 - bits)
        self._last = (1 << bits) - 1

    def of(self, keys: Keys) -> Integers:
        """The numbers of words; those that are new are taken in and get the next ones."""
        numbers = np.full(len(keys), -1, dtype=np.int64)
        left = np.arange(len(keys))
        slots = self._wanted(keys)
        while len(left):
            free = np.flatnonzero(self._slots[slots] < 0)
            if len(free):
                self._take(slots[free], keys[left[free]])
            found = self._slots[slots].astype(np.int64)
            same = (self._keys[found] == keys[left]).all(axis=1)
            numbers[left[same]] = found[same]
            left, slots = left[~same], (slots[~same] + 1) & self._last
        return numbers

    def _wanted(self, keys: Keys) -> Integers:
        mixed: npt.NDArray[np.uint64] = (keys * _FACTORS[:_PARTS]).sum(axis=1, dtype=np.uint64)
        mixed ^= mixed >> np.uint64(32)
        mixed *= _FACTORS[_PARTS]
        return (mixed >> self._shift).astype(np.int64)

    def _take(self, slots: Integers, keys: Keys) -> None:
        """Give words that want free slots numbers; of several that want one, one gets it."""
        self._slots[slots] = -2 - np.arange(len(slots))
        had = np.flatnonzero(self._slots[slots] == -2 - np.arange(len(slots)))
        end = self.count + len(had)
        if end > len(self._keys):
            self._keys = np.pad(self._keys, ((0, max(end, 2 * len(self._keys)) - len(self._keys)), (0, 0)))
        self._slots[slots[had]] = np.arange(self.count, end)
        self._keys[self.count : end] = keys[had]
        self.count = end
