"""Whether an answer is in the target's script and language, as far as a text of its length tells."""

from __future__ import annotations

import re
from functools import lru_cache

import regex

from corpus.errors import UserError
from corpus.languages import confusable, parse, same_language, unicode_scripts
from filters.translation_rules.base import Source
from filters.translation_rules.text import Text

_TOLD = 20
"""Letters from which on a recognized language counts; fewer say little."""
_SURE, _SOURCE, _SURE_OF_SENTENCE = 0.8, 0.5, 0.7
"""Probability from which on another language is believed, the source's, and the source's of one sentence alone."""
_CLEAR = 0.9
"""Probability of the target's language from which on no sentence is looked at by itself."""
_SENTENCE = re.compile(r"[.!?\n;:]\s")
_HEAD = 120
"""Characters that are recognized."""


def language(answer: Text, source: Source) -> str:
    """Whether the answer is surely of another script or language than the target's."""
    letters = answer.letters
    script = _letter(source.tgt_lang)
    head = answer.plain[:2000]
    if script is not None and letters:
        seen = letters if len(head) == len(answer.plain) else sum(map(str.isalpha, head))
        if sum(map(len, script.findall(head))) < 0.2 * seen and not _names_alone(answer, source.text):
            return "wrong script"
    if parse(source.tgt_lang).language == "zh" and _wrong_standard(head, source.tgt_lang):
        return "wrong script"
    if letters < _TOLD and "Han" not in unicode_scripts(source.tgt_lang):
        return ""
    if (
        "Han" in unicode_scripts(source.tgt_lang)
        and not _KANA.search(head)
        and "Hangul" not in unicode_scripts(source.tgt_lang)
    ):
        return "" if parse(source.tgt_lang).language == "zh" or letters < _TOLD else "wrong language"
    own = _own_letter(source.tgt_lang)
    if own is not None and 2 * sum(map(len, own.findall(head))) > letters:
        return ""
    return _recognized(head[:_HEAD], source)


_KANA = re.compile("[\u3041-\u30ff]")


def _names_alone(answer: Text, given: Text) -> bool:
    """Whether the source says nothing but what the answer keeps: names, codes."""
    return len(given.tokens) <= 3 and set(answer.tokens) == set(given.tokens)


@lru_cache(maxsize=512)
def _letter(code: str) -> regex.Pattern[str] | None:
    scripts = "".join(rf"\p{{{name}}}" for name in sorted(unicode_scripts(code)))
    return regex.compile(f"[{scripts}]+") if scripts else None


@lru_cache(maxsize=512)
def _own_letter(code: str) -> regex.Pattern[str] | None:
    """Letters of scripts that no other language has which the recognizer knows: Thai, Hangul, Greek, kana."""
    from filters.recognizer import load

    others = {known for known in load(None).languages if not same_language(known, code)}
    scripts = unicode_scripts(code) - {script for known in others for script in unicode_scripts(known)}
    letters = "".join(rf"\p{{{name}}}" for name in sorted(scripts))
    return regex.compile(f"[{letters}]+") if letters else None


def _wrong_standard(text: str, code: str) -> bool:
    from filters.han import characters

    if parse(code).script not in ("Hans", "Hant") or not parse(code).stated_script:
        return False
    hans, hant = (sum(letter in letters for letter in text) for letters in characters())
    return hant > hans if parse(code).script == "Hans" else hans > hant


def _recognized(text: str, source: Source) -> str:
    """Whether the text, or its longest sentence, is surely of the source's language or of a third one."""
    line = text.replace("\n", " ").strip()
    code, probability = _guess(line.lower() if line.isupper() else line)
    relation = _relation(code, source.src_lang, source.tgt_lang) if code else "target"
    if (relation == "source" and probability >= _SOURCE) or (relation == "other" and probability > _SURE):
        return "wrong language"
    if relation == "target" and probability > _CLEAR:
        return ""
    longest = max(_SENTENCE.split(text.strip()), key=len).strip()
    if longest == line or sum(map(str.isalpha, longest)) < _TOLD or longest in source.text.plain:
        return ""
    code, probability = _guess(longest)
    own = code and _relation(code, source.src_lang, source.tgt_lang) == "source"
    return "wrong language" if own and probability >= _SURE_OF_SENTENCE else ""


def _guess(text: str) -> tuple[str | None, float]:
    from filters.recognizer import load

    line = " ".join(text.split())  # items of a list are no sentences of their own, and the recognizer reads one line
    return load(None).best([line])[0] if line else (None, 0.0)


@lru_cache(maxsize=4096)
def _relation(code: str, src_lang: str, tgt_lang: str) -> str:
    """What a recognized language is to a translation: its `target` or alike, its `source`, or an `other`."""
    try:
        if same_language(code, tgt_lang) or confusable(code, tgt_lang) or _is_known(tgt_lang) is False:
            return "target"
        return "source" if same_language(code, src_lang) else "other"
    except UserError:
        return "target"


@lru_cache(maxsize=512)
def _is_known(code: str) -> bool:
    """Whether the recognizer knows a language at all."""
    from filters.recognizer import load

    return any(same_language(known, code) for known in load(None).languages)
