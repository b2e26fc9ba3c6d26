"""Constraints on the scripts and the sentence endings of Japanese."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Mapping
from itertools import islice
from typing import Any, ClassVar

from filters.constraints import wording
from filters.constraints.base import Constraint, Count, Phrase, Relation
from filters.constraints.content import NoDigits

_JAPANESE = frozenset({"ja"})
_KANJI = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_HIRAGANA = "ぁ-ゖゝゞー"
_KATAKANA = "ァ-ヺヽヾｦ-ﾟー・"
_ONE_KANJI = re.compile(f"[{_KANJI}]")
_KANJI_RUN = re.compile(f"[{_KANJI}]+")
_READ = re.compile(f"(?<![{_KANJI}])[{_KANJI}]++（[ぁ-ゖー]+）")
_ANY_HIRAGANA = re.compile("[ぁ-ゖゝゞ]")
_ANY_KATAKANA = re.compile("[ァ-ヺヽヾｦ-ﾟ]")
_QUOTED = re.compile("「[^「」]*」|『[^『』]*』")
_STOPS = re.compile("[。！？!?｡\n]")
_SENTENCE = re.compile("([^。！？｡\n]+)([。！？｡]?)")
_BLANK = " \t\r\u3000*_#>）)】"
_NOUN_END = re.compile(
    # What ends a sentence as a noun: kanji, katakana, letters, digits, and formal nouns written in hiragana.
    f"(?:[{_KANJI}{_KATAKANA}A-Za-zＡ-Ｚ0-9０-９%％々]|こと|もの|ところ|ため|とき|ひと|わけ|はず|ほか|さ|み|たち|もと|うち|まま)\\Z"
)


class _Script(Constraint):
    """Letters of one script alone, or none of a script."""

    written: ClassVar[frozenset[str] | None] = _JAPANESE


class Furigana(_Script):
    """Each run of kanji is followed by its reading: hiragana in full-width brackets."""

    name: ClassVar[str] = "furigana"
    phase: ClassVar[int] = 5

    def hold(self, text: str) -> bool:
        """Whether each is."""
        return len(_KANJI_RUN.findall(text)) == len(_READ.findall(text))

    def comply(self, text: str, language: str) -> str:
        """A reading is added where there is none (of the form alone: which one is right is not known here)."""
        del language
        return re.sub(f"([{_KANJI}]+)(?!（[ぁ-ゖー]+）|[{_KANJI}])", r"\1（よみ）", text)

    def violate(self, text: str) -> str:
        """Kanji without a reading are added."""
        return f"{text}漢字"


class KanjiCount(_Script):
    """So many kanji."""

    name: ClassVar[str] = "kanji_count"
    phase: ClassVar[int] = 1

    count: Count
    relation: Relation = Relation.AT_LEAST

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """10 to 80 kanji."""
        del language
        return {"count": rng.randint(10, 80), "relation": rng.choice((Relation.AT_LEAST, Relation.LESS_THAN))}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """How many."""
        del language
        return {"quantity": wording.Quantity(self.relation, self.count, "kanji")}

    def hold(self, text: str) -> bool:
        """Whether there are as many."""
        return self.relation.met(len(_ONE_KANJI.findall(text)), self.count)

    def comply(self, text: str, language: str) -> str:
        """Kanji are added, or all taken out."""
        del language
        least, most = self.relation.bounds(self.count)
        if len(_ONE_KANJI.findall(text)) > most:
            text = _ONE_KANJI.sub("", text)
        return text + "山" * (least - len(_ONE_KANJI.findall(text)))

    def violate(self, text: str) -> str | None:
        """Too many, or none."""
        least, most = self.relation.bounds(self.count)
        if most == float("inf"):
            return _ONE_KANJI.sub("", text) if least else None
        return text + "山" * (int(most) + 1)


class KanjiNumerals(NoDigits):
    """Numbers are written in kanji: no digits."""

    name: ClassVar[str] = "kanji_numerals"
    written: ClassVar[frozenset[str] | None] = _JAPANESE


class NoHiragana(_Script):
    """No hiragana."""

    name: ClassVar[str] = "no_hiragana"

    def hold(self, text: str) -> bool:
        """Whether there is none."""
        return not _ANY_HIRAGANA.search(text)

    def comply(self, text: str, language: str) -> str:
        """Hiragana are taken out."""
        del language
        return _ANY_HIRAGANA.sub("", text)

    def violate(self, text: str) -> str:
        """One is added."""
        return f"{text}の"


class NoKatakana(_Script):
    """No katakana; the middle dot and the mark of length, which other scripts use too, may stand."""

    name: ClassVar[str] = "no_katakana"

    def hold(self, text: str) -> bool:
        """Whether there is none."""
        return not _ANY_KATAKANA.search(text)

    def comply(self, text: str, language: str) -> str:
        """Katakana are taken out."""
        del language
        return _ANY_KATAKANA.sub("", text)

    def violate(self, text: str) -> str:
        """One is added."""
        return f"{text}ノ"


class HiraganaOnly(_Script):
    """All letters are hiragana, and there is one; digits and punctuation are no letters."""

    name: ClassVar[str] = "hiragana_only"
    phase: ClassVar[int] = 5

    def hold(self, text: str) -> bool:
        """Whether they are."""
        return _only(_HIRAGANA, text)

    def comply(self, text: str, language: str) -> str:
        """Katakana become hiragana, other letters are taken out."""
        del language
        text = "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in text)
        return _letters_of(_HIRAGANA, text) + ("" if _ANY_HIRAGANA.search(text) else "ひらがな")

    def violate(self, text: str) -> str:
        """A kanji is added."""
        return f"{text}字"


class KatakanaOnly(_Script):
    """All letters are katakana, and there is one; digits and punctuation are no letters."""

    name: ClassVar[str] = "katakana_only"
    phase: ClassVar[int] = 5

    def hold(self, text: str) -> bool:
        """Whether they are."""
        return _only(_KATAKANA, text)

    def comply(self, text: str, language: str) -> str:
        """Hiragana become katakana, other letters are taken out."""
        del language
        text = "".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" else c for c in text)
        return _letters_of(_KATAKANA, text) + ("" if _ANY_KATAKANA.search(text) else "カタカナ")

    def violate(self, text: str) -> str:
        """A kanji is added."""
        return f"{text}字"


class SentenceEnding(_Script):
    """Every sentence ends with the same word, such as です; what stands in quotation marks is not looked at."""

    name: ClassVar[str] = "sentence_ending"
    phase: ClassVar[int] = 3

    ending: Phrase

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """です or ます."""
        del language
        return {"ending": rng.choice(("です", "ます"))}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """The ending in quotation marks."""
        return {"ending": wording.quoted([self.ending], language)}

    def hold(self, text: str) -> bool:
        """Whether every one does, and there is one."""
        sentences = [part.strip(_BLANK) for part in _STOPS.split(_unquoted(text))]
        sentences = [part for part in sentences if part]
        return bool(sentences) and all(part.endswith(self.ending) for part in sentences)

    def comply(self, text: str, language: str) -> str:
        """The ending is added where it lacks."""
        del language
        parts = [part.strip(_BLANK) for part in _STOPS.split(_unquoted(text))]
        return "".join(f"{part if part.endswith(self.ending) else part + self.ending}。" for part in parts if part)

    def violate(self, text: str) -> str:
        """A sentence with another ending is added."""
        return f"{text}そうだろう。"


class NominalEndings(_Script):
    """At least so many sentences end with a noun (体言止め), as far as a text without a parse tells."""

    name: ClassVar[str] = "nominal_endings"
    phase: ClassVar[int] = 3

    count: Count

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """1 to 4 sentences."""
        del language
        return {"count": rng.randint(1, 4)}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """How many."""
        del language
        return {"quantity": wording.Quantity(Relation.AT_LEAST, self.count, "time")}

    def hold(self, text: str) -> bool:
        """Whether as many do."""
        closed = (found[1].rstrip(_BLANK) for found in _SENTENCE.finditer(_unquoted(text)) if found[2])
        nominal = (sentence for sentence in closed if _NOUN_END.search(sentence[-4:]))
        return sum(1 for _ in islice(nominal, self.count)) == self.count

    def comply(self, text: str, language: str) -> str:
        """Sentences that end with a noun are added."""
        del language
        return text if self.hold(text) else text + "静かな山。" * self.count

    def violate(self, text: str) -> str | None:
        """Full stops are taken out."""
        return re.sub("[。！？｡]", "", text) if self.count else None


def _unquoted(text: str) -> str:
    return _QUOTED.sub("", text)


def _only(letters: str, text: str) -> bool:
    others = re.sub(f"[{letters}]", "", text)
    return len(others) < len(text) and not any(unicodedata.category(c)[0] == "L" for c in others)


def _letters_of(letters: str, text: str) -> str:
    keeps = re.compile(f"[{letters}]")
    return "".join(c for c in text if keeps.match(c) or unicodedata.category(c)[0] != "L")
