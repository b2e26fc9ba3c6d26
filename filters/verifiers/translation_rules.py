"""`translation_rules`: a translation that keeps the rules its instruction gives, and is a translation at all."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar

from pydantic import Field

from corpus.errors import UserError
from corpus.languages import canonical
from filters.translation_rules import guards
from filters.translation_rules.base import Source
from filters.translation_rules.families import AnyRule
from filters.translation_rules.text import Text
from filters.verifier import Row, Verdict, Verifier


class TranslationRules(Verifier):
    """1 where every rule holds, 0 where one is broken or the answer is no translation of the row's source.

    Whatever the rules ask for, an answer is worth nothing that is empty, copies its source, is of another language or
    script, says things twice, repeats the instruction, is far shorter or longer than a translation, or hides text (in
    characters without width, look-alike letters, tags and comments that the source does not have). Null where the row
    lacks its source or a language, or where a rule cannot be judged and none is broken.

    The families are ours, after what is told of Tower+'s verifiable translation instructions.
    """

    version: ClassVar[int] = 2

    rules: tuple[AnyRule, ...] = Field(min_length=1, max_length=20)
    """What to hold, each with its `family`; docs/verifiers-rules.md lists them."""

    def verify(self, row: Row, response: str) -> Verdict:
        """Decide by the guards, then by each rule in turn."""
        source = _source(row)
        if isinstance(source, str):
            return Verdict(None, None, source)
        answer = Text(response)
        problem = guards.guard(answer, source, row.get("prompt") or ())
        if problem:
            return Verdict(0.0, None, problem)
        verdicts = [(rule.family, rule.check(answer, source)) for rule in self.rules]
        told = "; ".join(f"{family}: {verdict.extracted}" for family, verdict in verdicts if verdict.extracted)
        for wanted in (0.0, None):
            for family, verdict in verdicts:
                if verdict.score == wanted:
                    return Verdict(wanted, told or None, f"{family}: {verdict.reason}")
        return Verdict(1.0, told or None)


def _source(row: Row) -> Source | str:
    """What the row has translated, or in a few words what it lacks."""
    text, src_lang, tgt_lang = row.get("source"), row.get("src_lang"), row.get("tgt_lang")
    if not text:
        return "no source"
    if not src_lang or not tgt_lang:
        return "no language"
    if len(text) > guards.MOST_CHARACTERS:
        return "source too long"
    return _read(text, src_lang, tgt_lang)


@lru_cache(maxsize=1024)
def _read(text: str, src_lang: str, tgt_lang: str) -> Source | str:
    """The source with its views, made once for all answers to it."""
    try:
        return Source(Text(text), canonical(src_lang), canonical(tgt_lang))
    except UserError:
        return "unknown language"
