"""Ways to spoil a good translation, so that a score can be asked whether it notices.

Each is a pure function of the translation, the others of its dataset and a seed. It gives None where it does not apply:
a text without numbers has none to swap. No letter loses its marks, and no text is cut at white space where its script
writes without.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import NamedTuple, TypeAlias

import regex

_TRUNCATED = 0.5
"""Share of a text's characters that stays of a truncated one."""
_EARLIEST = 1 / 3
"""Share of the text that must be left where it is cut at white space."""
_FEWEST = 6
"""Characters below which a text is not truncated."""
_NEAR = 5
"""A text of similar length is one of so many nearest in length."""
_TRIES = 40

# A sentence ends after its mark and what closes with it. Those of the Latin kind need white space after them, else
# `3.5` would be two. Thai and Lao write a space between sentences and no mark.
_WIDE_END = r"(?:[\p{Sentence_Terminal}--[.!?‼⁇⁈⁉]]|[。．！？｡])+"
_LATIN_END = r"[.!?…‼⁇⁈⁉]+"
_CLOSERS = r"[\p{M}\p{Cf}\p{Pe}\p{Pf}\p{Pi}\"'”’»]*"
_SENTENCE = regex.compile(
    rf"\S.*?(?:{_WIDE_END}{_CLOSERS}\s*|{_LATIN_END}{_CLOSERS}(?:\s+|$)|\n\s*|$)", regex.DOTALL | regex.VERSION1
)
_PHRASE = regex.compile(r"\S+\s*")
_UNMARKED = regex.compile(r"[\p{Thai}\p{Lao}]")
_MARKED = regex.compile(rf"{_WIDE_END}|{_LATIN_END}", regex.VERSION1)
_NUMBER = regex.compile(r"\p{Nd}+(?:[.,٫٬’'  ]\p{Nd}+)*")
_DIGIT = regex.compile(r"\p{Nd}")
_WORD = regex.compile(r"[\p{L}\p{N}]")
# Marks within a number, a contraction or an address belong to the word.
_PUNCTUATION = regex.compile(
    r"(?<![\p{Latin}\p{Cyrillic}\p{Greek}\p{Nd}](?=[.,:'’٫٬][\p{Latin}\p{Cyrillic}\p{Greek}\p{Nd}]))"
    r"[\p{Terminal_Punctuation}\p{Quotation_Mark}¿¡…—()（）《》〈〉]"
)
_JOINED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Pe}\p{Po}]$")
_IDEOGRAPHS = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")


class Translation(NamedTuple):
    """A source and what became of it."""

    source: str
    output: str
    src_lang: str | None = None
    tgt_lang: str | None = None


class Corrupted(NamedTuple):
    """A spoiled copy."""

    place: int
    """Of the translation that it is a copy of."""
    corruption: str
    output: str | None
    """None where the corruption does not apply."""


class Others:
    """The translations of a dataset, by language and length: where texts that do not belong are taken from."""

    def __init__(self, translations: Sequence[Translation]) -> None:
        """An index of them."""
        self._by_source: dict[str, list[Translation]] = defaultdict(list)
        self._outputs: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
        for one in translations:
            self._by_source[one.source].append(one)
            if one.output.strip() and one.tgt_lang:
                self._outputs[_language(one.tgt_lang)].append((len(one.output), one.output, one.source))
        self._sources: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
        for one in translations:
            if one.source.strip() and one.src_lang:
                self._sources[_language(one.src_lang)].append((len(one.source), one.source, one.source))
        for texts in (*self._outputs.values(), *self._sources.values()):
            texts.sort()

    def translations(self, of: Translation) -> list[str]:
        """What the same source became in other languages."""
        own = _language(of.tgt_lang)
        found = (one for one in self._by_source[of.source] if one.tgt_lang and _language(one.tgt_lang) != own)
        return sorted({one.output for one in found if one.output.strip()})

    def in_language(self, of: Translation, draw: Random) -> str | None:
        """A text of the same language and similar length that another source became."""
        return _near(self._outputs[_language(of.tgt_lang)], of, draw) if of.tgt_lang else None

    def in_others(self, of: Translation, draw: Random) -> str | None:
        """A text of similar length in another language, from another translation; a source where no output is."""
        for texts in (self._outputs, self._sources):
            languages = sorted(set(texts) - {_language(of.tgt_lang)})
            draw.shuffle(languages)
            found = (_near(texts[language], of, draw) for language in languages if of.tgt_lang)
            if text := next(filter(None, found), None):
                return text
        return None


Corruption: TypeAlias = Callable[[Translation, Others, Random], "str | None"]


def corrupted(
    translations: Sequence[Translation], others: Others | None = None, *, seed: int = 0
) -> Iterator[Corrupted]:
    """Every corruption of every translation, in order.

    Args:
        translations: good ones.
        others: where texts that do not belong are taken from; by default, from among the translations.
        seed: of every choice; a choice depends on the seed, the corruption, the translation and the others alone.
    """
    others = others or Others(translations)
    for place, one in enumerate(translations):
        for name, corruption in CORRUPTIONS.items():
            draw = Random("\x1f".join([str(seed), name, one.source, one.output]).encode("utf-8", "surrogatepass"))
            text = corruption(one, others, draw) if one.output.strip() else None
            changed = text is not None and text.strip() and text.strip() != one.output.strip()
            yield Corrupted(place, name, text if changed else None)


def source_copied(one: Translation, others: Others, draw: Random) -> str | None:
    """The source stands where its translation should."""
    del others, draw
    return one.source


def wrong_language(one: Translation, others: Others, draw: Random) -> str | None:
    """The translation of the same source into another language; where there is none, another text of another one."""
    translations = others.translations(one)
    return draw.choice(translations) if translations else others.in_others(one, draw)


def truncated(one: Translation, others: Others, draw: Random) -> str | None:
    """The first half, cut at white space where some is near, else between two characters as a reader counts them."""
    del others, draw
    letters = regex.findall(r"\X", one.output.strip())
    if len(letters) < _FEWEST:
        return None
    end = int(len(letters) * _TRUNCATED)
    spaces = [place for place in range(int(len(letters) * _EARLIEST) + 1, end + 1) if letters[place].isspace()]
    return "".join(letters[: spaces[-1] if spaces else end]).rstrip()


def sentence_dropped(one: Translation, others: Others, draw: Random) -> str | None:
    """One of several sentences is missing."""
    del others
    found = sentences(one.output)
    if len(found) < 2:
        return None
    gone = draw.randrange(len(found))
    return "".join(found[:gone] + found[gone + 1 :]).strip()


def sentence_doubled(one: Translation, others: Others, draw: Random) -> str | None:
    """One sentence stands twice."""
    del others
    found = sentences(one.output)
    twice = draw.randrange(len(found))
    return "".join(found[:twice]) + _with(found[twice], "".join(found[twice:]))


def numbers_swapped(one: Translation, others: Others, draw: Random) -> str | None:
    """Two different numbers change places; where there is only one, it is another of as many digits."""
    del others
    found = list(_NUMBER.finditer(one.output))
    if not found:
        return None
    first = draw.choice(found)
    second = [other for other in found if other[0] != first[0]]
    if not second:
        return one.output[: first.start()] + _other_number(first[0], draw) + one.output[first.end() :]
    left, right = sorted((first, draw.choice(second)), key=lambda number: number.start())
    text = one.output
    middle = text[left.end() : right.start()]
    return text[: left.start()] + right[0] + middle + left[0] + text[right.end() :]


def unrelated(one: Translation, others: Others, draw: Random) -> str | None:
    """The fluent translation of another source, of similar length."""
    return others.in_language(one, draw)


def punctuation_missing(one: Translation, others: Others, draw: Random) -> str | None:
    """All marks of sentences and quotations are gone; those within words and numbers stay."""
    del others, draw
    return regex.sub(r"\s{2,}", " ", _PUNCTUATION.sub("", one.output)).strip()


def invented_tail(one: Translation, others: Others, draw: Random) -> str | None:
    """After the translation stands a sentence that the source knows nothing of."""
    text = others.in_language(one, draw)
    found = [sentence for sentence in sentences(text or "") if _WORD.search(sentence)]
    return _with(one.output, draw.choice(found).strip()) if found else None


CORRUPTIONS: Mapping[str, Corruption] = {
    corruption.__name__: corruption
    for corruption in (
        *(source_copied, wrong_language, unrelated, truncated, sentence_dropped, sentence_doubled),
        *(invented_tail, numbers_swapped, punctuation_missing),
    )
}
"""By name: coarse faults first, fine ones last."""


def sentences(text: str) -> list[str]:
    """The sentences of a text with the white space after them, so that joined they are the text (without its edges).

    Text in Thai or Lao that bears no marks is cut at white space, which stands between its clauses and sentences.
    """
    text = text.strip()
    if _UNMARKED.search(text) and not _MARKED.search(text):
        return [match[0] for match in _PHRASE.finditer(text)]
    return [match[0] for match in _SENTENCE.finditer(text)]


def _with(text: str, more: str) -> str:
    """Two texts, one after the other, apart as their script has it."""
    text = text.rstrip()
    joined = _JOINED.search(text) and _IDEOGRAPHS.search(text)
    return f"{text}{'' if joined else ' '}{more}"


def _other_number(number: str, draw: Random) -> str:
    """Another number of as many digits, in the same digits; none begins with 0 that did not."""
    digits = [match.start() for match in _DIGIT.finditer(number)]
    place = draw.choice(digits)
    value = int(number[place])
    fitting = [other for other in range(10) if other != value and (other or place != digits[0] or len(digits) == 1)]
    return number[:place] + chr(ord(number[place]) - value + draw.choice(fitting)) + number[place + 1 :]


def _near(texts: Sequence[tuple[int, str, str]], of: Translation, draw: Random) -> str | None:
    """One of the texts nearest in length that another source became, of (length, text, source) by length."""
    start = bisect_left(texts, (len(of.output), "", ""))
    found: list[str] = []
    for step in range(_TRIES):
        for place in (start + step, start - 1 - step):
            fits = 0 <= place < len(texts) and texts[place][2] != of.source and texts[place][1] != of.output
            if fits and texts[place][1] not in found:
                found.append(texts[place][1])
        if len(found) >= _NEAR:
            break
    return draw.choice(found[:_NEAR]) if found else None


def _language(code: str | None) -> str:
    return (code or "").partition("-")[0]
