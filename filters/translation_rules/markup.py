"""Markup: tags and placeholders kept, in their nesting, and ICU messages with the target language's plurals."""

from __future__ import annotations

from collections import Counter
from typing import Literal, Self

from filters.translation_rules import locales, pieces
from filters.translation_rules.base import Rule, Source, failed, met, unknown
from filters.translation_rules.text import Text
from filters.verifier import Verdict


class Markup(Rule):
    """Tags (HTML, XML) and placeholders (printf, {name}, ${name}, {{name}}, %NAME%, ICU) are kept.

    Held where the answer has the same pieces as often, each within the same tags, and those that are filled by their
    order (%s, {}) in that order. Pieces side by side may change places, as words do in translation, unless `in_order`.
    Attributes stay as they are but for those that people read (alt, title, …). An ICU argument keeps its name and its
    type; a plural has `other` and beside it only forms that the target language has (CLDR) or exact numbers; a select
    keeps its selectors.
    """

    family: Literal["markup"] = "markup"
    in_order: bool = False
    """Whether pieces side by side keep their order too."""

    @classmethod
    def find(cls, source: Source) -> list[Self]:
        """Well-nested tags, placeholders, or ICU messages in the source."""
        raw = source.text.raw
        found, told = pieces.kept_of_source(raw), pieces.messages(raw)
        if told is None or not (found.pieces or told) or pieces.nested(found) is None:
            return []
        return [cls(locale=source.tgt_lang)]

    def key(self) -> str:
        """Another wording where the order stays too."""
        return "markup.order" if self.in_order else "markup"

    def check(self, answer: Text, source: Source, /) -> Verdict:
        """Compare the pieces, their nesting and the messages."""
        given, found = pieces.kept_of_source(source.text.raw), pieces.kept(answer.raw)
        asked, told = pieces.messages(source.text.raw), pieces.messages(answer.raw)
        expected = pieces.nested(given)
        if expected is None or asked is None:
            return unknown("source not nested")
        shown = " ".join(f"</{p.name}>" if p.kind == "close" else p.name for p in found.pieces[:30])
        if told is None:
            return failed("not nested", shown)
        if asked:
            return self._messages(asked, told, (given, found))
        problem = self._problem(given, found, expected)
        return failed(problem, shown) if problem else met(shown)

    def _problem(self, given: pieces.Kept, found: pieces.Kept, expected: dict[tuple[str, ...], int]) -> str:
        if Counter(given.pieces) != Counter(found.pieces):
            return "tags or placeholders differ"
        if pieces.nested(found) != expected:
            return "not nested as in the source"
        if pieces.positional(found) != pieces.positional(given) or (self.in_order and found.pieces != given.pieces):
            return "another order"
        return ""

    def _messages(
        self,
        asked: list[pieces.Message],
        told: list[pieces.Message],
        both: tuple[pieces.Kept, pieces.Kept],
    ) -> Verdict:
        """The same arguments, with selectors that the target has; in messages pieces may be said more often."""
        shown = "; ".join(f"{m.argument} {m.type} {' '.join(m.selectors)}" for m in told[:10])
        if Counter((m.argument, m.type) for m in asked) != Counter((m.argument, m.type) for m in told):
            return failed("arguments differ", shown)
        plurals = _plurals(self.locale)
        for kind in ("select", "plural", "selectordinal"):
            wanted = sorted(sorted(m.selectors) for m in asked if m.type == kind)
            found = sorted(sorted(m.selectors) for m in told if m.type == kind)
            if kind == "select" and wanted != found:
                return failed("selectors differ", shown)
            if kind == "plural" and not all(_fit(selectors, plurals) for selectors in found):
                return failed("plural forms differ", shown)
            if any(len(set(selectors)) < len(selectors) or "other" not in selectors for selectors in found):
                return failed("selectors differ", shown)
        given, answered = (set(kept.pieces) for kept in both)
        return met(shown) if given == answered else failed("tags or placeholders differ", shown)

    def compliant(self, draft: str, source: Source, /) -> str | None:
        """The draft with the source's pieces in their order, a sign for each stretch of its words."""
        if pieces.messages(source.text.raw):
            return None
        return " ".join([draft, *self._filled(source)])

    def broken(self, draft: str, source: Source, /) -> list[str]:
        """Without the pieces; one left out, doubled, changed; without content; from the end to the start."""
        if pieces.messages(source.text.raw):
            return []
        written, filled = pieces.written(source.text.raw), self._filled(source)
        first = filled.index(written[0])
        other = written[0].replace("<", "<x").replace("%", "%%9").replace("{", "{x")
        changed = [*filled[:first], other, *filled[first + 1 :]]
        tagged = any(piece.startswith("</") for piece in written)
        emptied = pieces.nested(pieces.kept(" ".join(written))) != pieces.nested(pieces.kept(" ".join(filled)))
        lists = [[], filled[first + 1 :], [*filled, written[0]], changed]
        lists += [filled[::-1]] if tagged else []
        lists += [written] if emptied else []
        return [" ".join([draft, *row]) for row in lists]

    def _filled(self, source: Source) -> list[str]:
        spoken = pieces.kept_of_source(source.text.raw).spoken
        pairs = zip(pieces.written(source.text.raw), spoken, strict=True)
        return [part for piece, words in pairs for part in (["–", piece] if words else [piece])]


def _fit(selectors: list[str], plurals: frozenset[str]) -> bool:
    return all(selector.startswith("=") or selector in plurals for selector in selectors)


def _plurals(code: str) -> frozenset[str]:
    found = locales.locale(code)
    return frozenset(found.plural_form.tags) | {"other"} if found else frozenset({"other"})
