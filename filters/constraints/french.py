"""Constraints on the letters and the form of address of French."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from filters.constraints import wording
from filters.constraints.base import Constraint, Phrase
from filters.constraints.text import composed, whole_word

_FRENCH = frozenset({"fr"})
_TU = re.compile(r"(?<!\w)(?:tu|te|toi|ton|ta|tes|t['’](?=\w))(?!\w)|(?<!\w)t['’](?=\w)", re.I)
_MARK = re.compile("[\u0300-\u036f]+")


def unaccented(text: str) -> str:
    """A text without the marks of its Latin letters, the cedilla among them: `ça été` is `ca ete`."""
    if text.isascii():
        return text
    return _MARK.sub("", composed(text, "NFD"))


class InformalAddress(Constraint):
    """The reader is spoken to as `tu` (tutoiement): one of its forms occurs."""

    name: ClassVar[str] = "informal_address"
    written: ClassVar[frozenset[str] | None] = _FRENCH

    def hold(self, text: str) -> bool:
        """Whether one does."""
        return _TU.search(text) is not None

    def comply(self, text: str, language: str) -> str:
        """A form is added."""
        del language
        return text if self.hold(text) else f"{text} Et toi ?"

    def violate(self, text: str) -> str:
        """The forms are made those of `vous`."""
        return _TU.sub("vous", text)


class NoAccents(Constraint):
    """No letter carries an accent, a diaeresis or a cedilla."""

    name: ClassVar[str] = "no_accents"
    written: ClassVar[frozenset[str] | None] = _FRENCH
    phase: ClassVar[int] = 5

    def hold(self, text: str) -> bool:
        """Whether none does."""
        return not _MARK.search(composed(text, "NFD"))

    def comply(self, text: str, language: str) -> str:
        """The marks are taken out."""
        del language
        return unaccented(text)

    def violate(self, text: str) -> str:
        """A word with an accent is added."""
        return f"{text} été"


class AccentsRestored(Constraint):
    """Words written without accents are written with them; a word that does not occur is not asked for."""

    name: ClassVar[str] = "accents_restored"
    written: ClassVar[frozenset[str] | None] = _FRENCH

    words: Annotated[dict[str, Phrase], Field(min_length=1)]
    """From the word without accents, in small letters, to the word with them."""

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """Three words of the language that have accents."""
        accented = [word for word in _ACCENTED if rng.random() < 0.5][:3] or [_ACCENTED[0]]
        del language
        return {"words": {unaccented(word): word for word in accented}}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """The words as they are given."""
        return {"words": wording.quoted(list(self.words), language)}

    def hold(self, text: str) -> bool:
        """Whether each is right wherever it occurs."""
        plain = unaccented(text)
        for wanted, right in self.words.items():
            if wanted in plain.lower():
                occurs, is_right = whole_word(wanted).findall(plain), whole_word(right).findall(composed(text))
                if len(occurs) != len(is_right):
                    return False
        return True

    def comply(self, text: str, language: str) -> str:
        """Each word is put right."""
        del language
        for plain, right in self.words.items():
            text = re.sub(rf"\b{re.escape(plain)}\b", right, text, flags=re.IGNORECASE)
        return text

    def violate(self, text: str) -> str | None:
        """A word is added without its accents; None where no word has any."""
        wrong = next((plain for plain, right in self.words.items() if plain != right), None)
        return f"{text} {wrong}" if wrong else None


class ForbiddenLetter(Constraint):
    """A letter does not occur, in either case."""

    name: ClassVar[str] = "forbidden_letter"

    letter: Annotated[Phrase, Field(max_length=4)]

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """ç or œ in French, elsewhere a letter of the language's words."""
        if language == "fr":
            return {"letter": rng.choice("çœ")}
        return {"letter": rng.choice([c for c in wording.wordings(language)["words"][0] if c.isalpha()])}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """The letter in quotation marks."""
        return {"letter": wording.quoted([self.letter], language)}

    def hold(self, text: str) -> bool:
        """Whether it does not."""
        return self.letter.lower() not in composed(text).lower()

    def comply(self, text: str, language: str) -> str:
        """The letter is taken out."""
        del language
        text = composed(text)
        return re.sub(re.escape(self.letter), "", text, flags=re.IGNORECASE)

    def violate(self, text: str) -> str:
        """The letter is added."""
        return f"{text} {self.letter}"


_ACCENTED = ("été", "école", "forêt", "déjà", "théâtre", "règle")
