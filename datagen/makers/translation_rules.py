"""`translation_rules`: a translation that must keep rules which its instruction gives."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import Field, field_validator, model_validator

from corpus.errors import nearest
from corpus.languages import canonical
from datagen.makers.base import Candidate, Maker, Problem, Rejected, entry
from datagen.tasks.base import open_task
from filters.translation_rules.base import Rule, Source
from filters.translation_rules.families import FAMILIES
from filters.translation_rules.text import Text
from filters.verifiers.translation_rules import TranslationRules as RulesVerifier

Language = Literal["en", "source", "target"]
_Named = TypeVar("_Named", tuple[str, ...], dict[str, float])


class TranslationRuleProblems(Maker):
    """Translations with rules: dates of one form, converted units, a glossary, tags kept … of pairs of texts.

    Rules are those that a source gives reason for and that its human translation keeps, as it is or with dates, units,
    marks and the like rewritten; the translation so made is the reference. A glossary stands in `meta.terms` (terms of
    the source with their translations), words to avoid in `meta.forbidden`, the form of address in `meta.formality`
    (`formal`, `informal`). `score_difficulty` is the number of rules.
    """

    version: ClassVar[int] = 2
    kinds: ClassVar[tuple[str, ...]] = ("pair",)

    families: tuple[str, ...] = ()
    """Families that may be asked for; default: all. `docs/verifiers-rules.md` lists them."""
    most: int = Field(default=3, ge=1, le=10)
    """Most rules of a problem, each of another family."""
    least: int = Field(default=1, ge=1, le=10)
    """Fewest; a text that gives reason for fewer makes no problem."""
    weights: dict[str, Annotated[float, Field(gt=0)]] = Field(default={})
    """How likely a family is to be drawn beside the others, which have 1: `{length: 0.2}` where short texts are many.
    However many rules a family has for a text, it is drawn as one; then one of its rules."""
    copies: int = Field(default=1, ge=1, le=100)
    """How many problems are made of a pair, each with rules of its own."""
    instructions: tuple[Language, ...] = Field(default=("en", "source", "target"), min_length=1)
    """Languages in which rules are told; one of them is drawn for a problem, English where it has no wording."""

    @field_validator("families", "weights")
    @classmethod
    def _known(cls, names: _Named) -> _Named:
        for name in names:
            if name not in FAMILIES:
                raise ValueError(
                    f"there is no family {name!r}.{nearest(name, list(FAMILIES))} Known: {', '.join(FAMILIES)}"
                )
        return names

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.least > self.most:
            raise ValueError(f"least: found {self.least}, expected at most {self.most}, which is `most`")
        return self

    def problems(self, row: Mapping[str, Any], rng: random.Random, place: int) -> Iterable[Candidate]:
        """The pair with rules, `copies` times."""
        del place
        asked = open_task("translate").prompts(row)
        if isinstance(asked, str):
            return [Rejected(asked)]
        source = source_of(row)
        found = [rule for name in self.families or FAMILIES for rule in FAMILIES[name].find(source)]
        if not found:
            return [Rejected("no_rule_applies")]
        request = asked[0][-1]["content"]
        return [self._problem(request, row, source, found, rng) for _ in range(self.copies)]

    def _problem(
        self, request: str, row: Mapping[str, Any], source: Source, found: list[Rule], rng: random.Random
    ) -> Candidate:
        wanted = rng.randint(self.least, self.most)
        rules, reference = kept_rules(row["target"], source, found, wanted, rng, self.weights)
        if not rules:
            return Rejected("no_rule_kept", ", ".join(dict.fromkeys(rule.key() for rule in found)))
        if len(rules) < self.least:
            return Rejected("too_few_rules", ", ".join(rule.key() for rule in rules))
        return problem(request, source, rules, reference, rng.choice(self.instructions), rng)


def kept_rules(
    target: str,
    source: Source,
    found: Sequence[Rule],
    wanted: int,
    rng: random.Random,
    weights: Mapping[str, float] = MappingProxyType({}),
) -> tuple[list[Rule], str]:
    """At most so many rules of different families, drawn, that a translation keeps together; and the translation.

    It is the one given, or changed as a rule asks where it did not keep it. `weights` are a family's odds, 1 where none
    is given.
    """
    rules: list[Rule] = []
    for rule in _drawn(found, weights, rng):
        if len(rules) == wanted:
            break
        if type(rule) in map(type, rules):
            continue
        changed = rule.adapt(target, source)
        if changed is not None and all(kept.check(Text(changed), source).score == 1 for kept in rules):
            rules.append(rule)
            target = changed
    return rules, target


def _drawn(found: Sequence[Rule], weights: Mapping[str, float], rng: random.Random) -> list[Rule]:
    """The rules in the order in which they are tried: by family, as weighted; those of a family shuffled."""
    families: dict[str, list[Rule]] = {}
    for rule in found:
        families.setdefault(rule.family, []).append(rule)  # type: ignore[attr-defined]  # every family has one
    # Drawn without putting back, each time by the weights of those that are left: Efraimidis and Spirakis.
    order = {name: rng.random() ** (1 / weights.get(name, 1.0)) for name in families}
    return [
        rule
        for name in sorted(families, key=order.__getitem__, reverse=True)
        for rule in rng.sample(families[name], len(families[name]))
    ]


def problem(
    request: str, source: Source, rules: Sequence[Rule], reference: str, instructions: Language, rng: random.Random
) -> Problem:
    """A request for a translation with rules before it, told in one language, and the verifier of just these rules."""
    told = [_told(rule, source, instructions) for rule in rules]
    prompt = "\n".join([" ".join(told) if rng.random() < 0.5 else "\n".join(told), "", request])
    return Problem(
        prompt=[{"role": "user", "content": prompt}],
        verifiers=[entry(RulesVerifier.model_validate({"rules": [rule.model_dump() for rule in rules]}))],
        references=[reference],
        checks=sorted(rule.family for rule in rules),  # type: ignore[attr-defined]  # every family has one
        difficulty=float(len(rules)),
    )


def _told(rule: Rule, source: Source, language: Language) -> str:
    rng = random.Random(f"{rule!r}")
    code = {"en": "en", "source": source.src_lang, "target": source.tgt_lang}[language]
    told = rule.instruct(code, rng) or rule.instruct("en", rng)
    assert told is not None  # every key has an English wording, which a test sees to
    return told


def source_of(row: Mapping[str, Any]) -> Source:
    """What is translated, with what `meta` tells of it."""
    meta = row["meta"]
    given = meta.get("terms")
    terms = {term: _first(words) for term, words in given.items() if _first(words)} if isinstance(given, dict) else {}
    return Source(
        Text(row["source"]),
        canonical(row["src_lang"]),
        canonical(row["tgt_lang"]),
        terms=terms,
        forbidden=[word for word in meta.get("forbidden") or () if isinstance(word, str)],
        formal={"formal": True, "informal": False}.get(str(meta.get("formality"))),
    )


def _first(words: object) -> str:
    """A term's translation, of several the first."""
    if isinstance(words, list):
        words = words[0] if words else ""
    return words if isinstance(words, str) else ""
