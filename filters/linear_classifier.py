"""Labels of lines by a fastText model of the kind of lid.176, many lines at a time.

The classifier is that of Joulin et al. 2017 (E17-2068): a line is the mean of the vectors of its words and of their
character n-grams, and logistic units in a binary tree (Huffman's, of the labels' counts) give the probabilities of
labels. The library goes through a line n-gram by n-gram. Here the words of many lines are taken together, as arrays: a
word that was met before costs one lookup, and those that are new are cut into n-grams at once. The probabilities are
the library's up to rounding; they depend on nothing but the line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from filters.fasttext_file import ModelFile, read_model
from filters.word_numbers import LONGEST, Bytes, Integers, Keys, Numbers, keys_of

Floats = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]
Share = tuple[str, float]
"""A label and its probability, 0 to 1."""

_OFFSET, _PRIME = np.uint32(2_166_136_261), np.uint32(16_777_619)
"""Of the hash FNV-1a."""
_END, _LABEL = b"</s>", b"__label__"
_SPACE = np.isin(np.arange(256), list(b"\0\t\n\v\f\r "))
"""Bytes between words."""
_LINES, _BYTES = 256, 1 << 18
"""Lines, and bytes of them, that are summed at once: what they need lies in a processor's cache."""
_KEPT, _NUMBERS = 1 << 18, 1 << 22
"""Words whose sums are kept, and numbers that these may be: 16 MiB, with what finds them about 40."""
_NEAR_ZERO = 1e-5
"""What the library adds to a probability before it takes the logarithm."""


def open_classifier(path: Path) -> LinearClassifier | None:
    """The classifier of a model file; None for a file of another kind, whatever it is."""
    file = read_model(path)
    return None if file is None else LinearClassifier(file)


class LinearClassifier:
    """A model, and the words that it met. Not for several threads at once."""

    def __init__(self, file: ModelFile) -> None:
        """`open_classifier` makes one of a file."""
        self.labels = file.labels
        self._file = file
        self._tree = _Tree(file.label_counts)
        self._row_of_word = {word: row for row, word in enumerate(file.words)}
        self._labels = frozenset(label.encode() for label in file.labels)
        self._most = min(_KEPT, max(1, _NUMBERS // file.rows.shape[1]))
        self._end = keys_of(np.frombuffer(_END, dtype=np.uint8), np.array([0]), np.array([len(_END)]))[0]
        self._forget()

    def best(self, lines: Sequence[str]) -> list[Share | None]:
        """The likeliest label of each line; None where the model knows nothing of the line."""
        told: list[Share | None] = []
        for scores, known in self._scores(lines):
            places = scores.argmax(axis=0)
            shares = _probabilities(scores[places, np.arange(len(places))])
            told += [
                (self.labels[place], share) if some else None
                for place, share, some in zip(places.tolist(), shares, known.tolist(), strict=True)
            ]
        return told

    def all(self, lines: Sequence[str], least: float) -> list[list[Share]]:
        """Of each line the labels with at least a probability, likeliest first."""
        told: list[list[Share]] = []
        for scores, known in self._scores(lines):
            for column, some in zip(scores.T, known.tolist(), strict=True):
                places = np.flatnonzero(column >= np.log(least + _NEAR_ZERO)) if some else np.empty(0, dtype=np.int64)
                places = places[np.argsort(-column[places], kind="stable")]
                named = (self.labels[place] for place in places.tolist())
                told.append(list(zip(named, _probabilities(column[places]), strict=True)))
        return told

    def _scores(self, lines: Sequence[str]) -> Iterator[tuple[Floats, npt.NDArray[np.bool_]]]:
        """For some lines at a time log probabilities (labels, lines), and of which lines anything is known (lines)."""
        for some in _portions([line.encode() for line in lines]):
            sums, counts = self._summed(some)
            means = sums.astype(np.float64) / np.maximum(counts, 1)[:, None]
            # Not by BLAS, whose sums depend on how many lines there are.
            yield self._tree.scores(np.einsum("ud,ld->ul", self._file.units, means)), counts > 0

    def _summed(self, lines: Sequence[bytes]) -> tuple[Vectors, Integers]:
        """Sums of the vectors of each line's words and n-grams (lines, dimensions), and how many they are (lines)."""
        text = np.frombuffer(b"\n".join([*lines, b""]), dtype=np.uint8)
        breaks = np.flatnonzero(text == ord("\n"))
        if len(breaks) != len(lines):
            raise ValueError("found a text of several lines, expected single lines")
        starts, ends = _words(text)
        of_line = np.searchsorted(breaks, starts)
        keys = np.zeros((len(starts), len(self._end)), dtype=np.uint64)
        short = ends - starts <= LONGEST
        keys[short] = keys_of(text, starts[short], ends[short])
        said = _before_ends((keys == self._end).all(axis=1), of_line)
        starts, ends, keys, of_line = starts[said], ends[said], keys[said], of_line[said]

        try:
            places = self._places(text, starts, ends, keys)
        except BaseException:
            # Some words may have numbers by now, and no sums yet.
            self._forget()
            raise
        sums = np.zeros((len(lines), self._vectors.shape[1]), dtype=np.float32)
        counts = np.zeros(len(lines), dtype=np.int64)
        # Every line ends with a word that says so, where the model has it.
        end = self._row_of_word.get(_END)
        if end is not None:
            sums += self._file.rows[end]
            counts += 1
        if len(places):
            firsts = np.flatnonzero(np.diff(of_line, prepend=-1))
            sums[of_line[firsts]] += np.add.reduceat(self._vectors[places], firsts, axis=0)
            counts[of_line[firsts]] += np.add.reduceat(self._counts[places], firsts)
        return sums, counts

    def _places(self, text: Bytes, starts: Integers, ends: Integers, keys: Keys) -> Integers:
        """Where the sums of words lie; those of words that are new are made.

        Long words are made each time that they are met, behind those that are kept.
        """
        known = self._known
        if known.count > self._most or known.count + len(keys) > known.most:
            known = self._forget(len(keys))
        before = known.count
        long = ends - starts > LONGEST
        places = np.empty(len(keys), dtype=np.int64)
        places[~long] = known.of(keys[~long])
        places[long] = known.count + np.arange(int(long.sum()))
        new = np.flatnonzero(places >= before)
        # Of a new word that is met several times, one place in the text.
        where = np.empty(known.count + int(long.sum()) - before, dtype=np.int64)
        where[places[new] - before] = new
        if len(where):
            spans = zip(starts[where].tolist(), ends[where].tolist(), strict=True)
            self._learn(before, [text[start:end].tobytes() for start, end in spans])
        return places

    def _forget(self, soon: int = 0) -> Numbers:
        """Begin without words; `soon`: how many are to come at once."""
        self._known = Numbers(self._most + max(self._most, soon))
        self._counts = np.zeros(0, dtype=np.int64)
        self._vectors = np.zeros((0, self._file.rows.shape[1]), dtype=np.float32)
        return self._known

    def _learn(self, start: int, words: Sequence[bytes]) -> None:
        """Make sums and counts of words, from a place on."""
        end = start + len(words)
        if end > len(self._counts):
            room = max(end, 2 * len(self._counts)) - len(self._counts)
            self._counts = np.pad(self._counts, (0, room))
            self._vectors = np.pad(self._vectors, ((0, room), (0, 0)))
        self._counts[start:end] = 0
        self._vectors[start:end] = 0
        counts, vectors = self._counts[start:end], self._vectors[start:end]
        for of_word, rows in self._parts(words):
            found = np.bincount(of_word, minlength=len(counts))
            counts += found
            _add_sums(vectors, found, self._file.rows, rows)

    def _parts(self, words: Sequence[bytes]) -> Iterator[tuple[Integers, Integers]]:
        """Pairs of a word's place and a row of the model, by place: of the word itself, and of its n-grams."""
        rows = np.fromiter((self._row_of_word.get(word, -1) for word in words), dtype=np.int64, count=len(words))
        # Labels among the words say nothing of a line.
        labels = np.array([word in self._labels or word.startswith(_LABEL) for word in words], dtype=np.bool_)
        spoken = ~labels | (rows >= 0)
        there = np.flatnonzero(rows >= 0)
        yield there, rows[there]
        file = self._file
        for of_word, grams in _ngrams(words, file.shortest, file.longest):
            rows = file.row_of_bucket[grams % np.uint32(len(file.row_of_bucket))].astype(np.int64)
            there = np.flatnonzero((rows >= 0) & spoken[of_word])
            yield of_word[there], rows[there]


class _Tree:
    """Huffman's tree of labels by their counts, most frequent first, as the library builds it."""

    def __init__(self, counts: Sequence[int]) -> None:
        leaves = len(counts)
        weights = [*counts, *[10**15] * (leaves - 1)]
        self._left, self._right = np.zeros((2, leaves - 1), dtype=np.int64)
        leaf, node = leaves - 1, leaves
        for unit in range(leaves - 1):
            pair = []
            for _ in range(2):
                if leaf >= 0 and weights[leaf] < weights[node]:
                    pair.append(leaf)
                    leaf -= 1
                else:
                    pair.append(node)
                    node += 1
            self._left[unit], self._right[unit] = pair
            weights[leaves + unit] = weights[pair[0]] + weights[pair[1]]
        self._leaves = leaves
        self._levels = self._by_depth()

    def _by_depth(self) -> list[Integers]:
        """Units of each depth, from the root down."""
        levels = [np.array([self._leaves - 2], dtype=np.int64)]
        while len(levels[-1]):
            below = np.concatenate([self._left[levels[-1]], self._right[levels[-1]]]) - self._leaves
            levels.append(below[below >= 0])
        return levels[:-1]

    def scores(self, values: Floats) -> Floats:
        """Log probabilities (labels, lines) from what the units give (units, lines)."""
        shares = 1 / (1 + np.exp(-values))
        to_right, to_left = np.log(shares + _NEAR_ZERO), np.log(1 - shares + _NEAR_ZERO)
        scores = np.zeros((2 * self._leaves - 1, values.shape[1]))
        for units in self._levels:
            above = scores[self._leaves + units]
            scores[self._left[units]] = above + to_left[units]
            scores[self._right[units]] = above + to_right[units]
        return scores[: self._leaves]


def _portions(lines: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """The lines, some at a time."""
    start = size = 0
    for place, line in enumerate(lines):
        size += len(line)
        if place > start and (size > _BYTES or place - start == _LINES):
            yield lines[start:place]
            start, size = place, len(line)
    if start < len(lines):
        yield lines[start:]


def _words(text: Bytes) -> tuple[Integers, Integers]:
    """Where the words of a text start and end; the text ends with a space."""
    space = _SPACE[text]
    edges = np.flatnonzero(np.diff(space, prepend=True))
    return edges[::2], edges[1::2]


def _before_ends(ends: npt.NDArray[np.bool_], of_line: Integers) -> npt.NDArray[np.bool_]:
    """Which words stand before the first that ends its line."""
    if not ends.any():
        return np.ones(len(ends), dtype=np.bool_)
    first = np.full(int(of_line[-1]) + 1, len(ends))
    np.minimum.at(first, of_line[ends], np.flatnonzero(ends))
    return np.arange(len(ends)) < first[of_line]


def _add_sums(sums: Vectors, counts: Integers, vectors: Vectors, rows: Integers) -> None:
    """Add to each of the sums so many of the rows' vectors as its count says, one after the other."""
    starts = np.cumsum(counts) - counts
    order = np.argsort(counts, kind="stable")
    sizes, firsts = np.unique(counts[order], return_index=True)
    for size, first, last in zip(sizes, firsts, [*firsts[1:], len(order)], strict=True):
        if size:
            some = order[first:last]
            sums[some] += vectors[rows[starts[some][:, None] + np.arange(size)]].sum(axis=1)


def _ngrams(words: Sequence[bytes], shortest: int, longest: int) -> Iterator[tuple[Integers, npt.NDArray[np.uint32]]]:
    """Hashes of the n-grams (in characters) of words, each with its word's place, by place.

    Words stand between marks, which are parts of n-grams; by themselves marks are none.
    """
    told = b"".join(b"<%b>" % word for word in words)
    text = np.frombuffer(told, dtype=np.uint8)
    begins = np.flatnonzero((text & 0xC0) != 0x80)
    sizes = np.diff(begins, append=len(text))
    # The library hashes bytes as signed numbers. Of each byte of a character: whose it is, and what it is.
    signed = np.frombuffer(told, dtype=np.int8).astype(np.int32).view(np.uint32)
    bytes_of = []
    for byte in range(int(sizes.max(initial=0))):
        whose = np.flatnonzero(sizes > byte)
        bytes_of.append((whose, signed[begins[whose] + byte]))
    lengths = np.fromiter(map(len, words), dtype=np.int64, count=len(words)) + 2
    of_word = np.repeat(np.arange(len(words)), lengths)[begins]
    # Of each character, how many its word has from there on.
    left = np.cumsum(np.bincount(of_word, minlength=len(words)))[of_word] - np.arange(len(begins))
    hashes = np.full(len(begins), _OFFSET)
    for length in range(1, min(longest, len(begins)) + 1):
        hashes = hashes[: len(begins) - length + 1]
        for whose, values in bytes_of:
            first = int(np.searchsorted(whose, length - 1))
            firsts = whose[first:] - (length - 1) if len(whose) < len(begins) else slice(None)
            hashes[firsts] = (hashes[firsts] ^ values[first:]) * _PRIME
        if length >= shortest:
            inside = left[: len(hashes)] >= length
            if length == 1:
                # A mark is a word's first character or its last.
                inside &= (left > 1) & (np.diff(of_word, prepend=-1) == 0)
            places = np.flatnonzero(inside)
            yield of_word[places], hashes[places]


def _probabilities(scores: Floats) -> list[float]:
    """Probabilities of log probabilities, as single numbers; rounding could lift them over 1."""
    told: list[float] = np.minimum(np.exp(scores), 1).astype(np.float32).tolist()
    return told
