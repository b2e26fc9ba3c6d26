"""What a generator's reply must be to become an item; every reply that is not is rejected with a countable reason."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from corpus.languages import segmentation
from datagen.makers.base import Problem, Rejected
from datagen.makers.translation_rules import Language as Told
from datagen.makers.translation_rules import kept_rules, problem, source_of
from datagen.tasks.base import open_task
from evals.ifmt.attributes import Attributes
from evals.ifmt.request import REPLY, bounds
from filters.scorers.contamination import Contamination
from filters.translation_rules.families import FAMILIES
from filters.translation_rules.text import grams, tokens
from filters.verdicts import Unreadable, clean, read_verdict
from filters.verifiers.language import Language

FEWEST_RULES = 2
"""An item of fewer rules is not what IF-MT is told to be [memory: 2 to 4]."""
SHORTEST, LONGEST = 0.5, 1.5
"""Of what was asked for: models count words badly, and a text of another length class is another item."""
_RUN = 5
"""Words of a run by which near repeats are told; twice as many characters in scripts without spaces."""
_ALIKE = 0.4
"""Share of the runs of the shorter of two texts that both have, from which on they are near repeats."""


@dataclass(frozen=True)
class Draft:
    """What a reply says."""

    source: str
    reference: str
    terms: Mapping[str, str]


def read(reply: str) -> Draft | Rejected:
    """The last JSON object of the form in a reply: `unreadable` where there is none, `empty` where it says nothing."""
    try:
        found = read_verdict(reply, REPLY)
    except Unreadable as error:
        return Rejected("unreadable", str(error))
    source, reference = (clean(found[name]).strip() for name in ("source", "reference"))
    if not source or not reference:
        return Rejected("empty", "source" if not source else "reference")
    terms = {clean(one["term"]).strip(): clean(one["translation"]).strip() for one in found.get("terms", ())}
    terms = {term: translation for term, translation in terms.items() if tokens(term) and tokens(translation)}
    return Draft(source, reference, terms)


def examine(draft: Draft, wanted: Attributes, instructions: Told, rng: random.Random) -> Problem | Rejected:
    """The problem that a draft makes, with as many rules of the wanted families as its reference keeps.

    Rejected are, in this order: `source_too_short` and `source_too_long`, `source_language` and `reference_language`
    (told to be another, or not to be told), `few_rules` (the source gives reason for fewer than two families) and
    `reference_breaks_rules` (fewer than two are kept by the reference, as it is or adapted).
    """
    return _length(draft, wanted) or _languages(draft, wanted) or _problem(draft, wanted, instructions, rng)


def _length(draft: Draft, wanted: Attributes) -> Rejected | None:
    count, (least, most) = len(tokens(draft.source)), bounds(wanted)
    if count < SHORTEST * least:
        return Rejected("source_too_short", f"{count}, asked for {least:.0f} to {most:.0f}")
    if count > LONGEST * most:
        return Rejected("source_too_long", f"{count}, asked for {least:.0f} to {most:.0f}")
    return None


def _languages(draft: Draft, wanted: Attributes) -> Rejected | None:
    sides = (("source", draft.source, wanted.src_lang), ("reference", draft.reference, wanted.tgt_lang))
    for side, text, code in sides:
        verdict = Language(language=code).verify({}, text)
        if verdict.score != 1:
            told = f"{verdict.reason}: {verdict.extracted}" if verdict.extracted else verdict.reason
            return Rejected(f"{side}_language", f"{told}, asked for {code}")
    return None


def _problem(draft: Draft, wanted: Attributes, instructions: Told, rng: random.Random) -> Problem | Rejected:
    row = {
        "source": draft.source,
        "src_lang": wanted.src_lang,
        "tgt_lang": wanted.tgt_lang,
        "meta": {"terms": draft.terms},
    }
    source = source_of(row)
    found = [rule for name in wanted.families for rule in FAMILIES[name].find(source)]
    families = list(dict.fromkeys(rule.family for rule in found))  # type: ignore[attr-defined]  # every family has one
    if len(families) < FEWEST_RULES:
        return Rejected("few_rules", f"found {'+'.join(families) or 'none'} of {'+'.join(wanted.families)}")
    rules, reference = kept_rules(draft.reference, source, found, len(wanted.families), rng)
    if len(rules) < FEWEST_RULES:
        kept = "+".join(rule.key() for rule in rules) or "none"
        return Rejected("reference_breaks_rules", f"keeps {kept} of {'+'.join(families)}")
    asked = open_task("translate").prompts(row)
    assert not isinstance(asked, str)  # text and languages are there
    return problem(asked[0][-1]["content"], source, rules, reference, instructions, rng)


class Repeats:
    """Texts seen so far, to tell which one another repeats."""

    def __init__(self) -> None:
        self._exact: dict[tuple[str, ...], str] = {}
        self._runs: dict[tuple[str, ...], list[str]] = defaultdict(list)
        self._sizes: dict[str, int] = {}

    def see(self, name: str, text: str, code: str) -> Rejected | None:
        """None where a text is new, which is then known by this name; else why it is not, with the other text's name.

        It is `repeated` where it differs at most in case, width and punctuation, `nearly_repeated` where the two share
        four in ten of the runs of words that the shorter one has.
        """
        words = tokens(text)
        other = self._exact.get(tuple(words))
        if other is not None:
            return Rejected("repeated", other)
        runs = grams(words, _RUN * (2 if segmentation(code) == "characters" else 1))
        shared = Counter(known for run in runs for known in self._runs.get(run, ()))
        for known, count in shared.most_common():
            share = count / min(len(runs), self._sizes[known])
            if share >= _ALIKE:
                return Rejected("nearly_repeated", f"{share:.2f} of {known}")
        self._exact[tuple(words)] = name
        self._sizes[name] = len(runs)
        for run in runs:
            self._runs[run].append(name)
        return None


def contaminated(sources: Sequence[str], references: Sequence[str], against: Sequence[Path]) -> list[str | None]:
    """For each item what its source or reference shares with other datasets, by the scorer `contamination`; or None."""
    if not sources or not against:
        return [None] * len(sources)
    scorer = Contamination(against=tuple(against))
    frame = pl.DataFrame({"@source": list(sources), "@output": list(references)})
    return scorer.score(frame)[f"spans_{scorer.stem}"].to_list()
