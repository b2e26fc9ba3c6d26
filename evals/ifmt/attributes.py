"""What an item of instruction-following translation shall be, drawn by seed: languages, topic, style, length, rules.

After Zero-shot Benchmarking (Pombal et al. 2025, arXiv 2504.01001): a set is varied because its attributes are, not
because a model is asked to be. The values are our own (`attributes.yaml`).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from corpus.config import load, validate
from corpus.errors import UserError, nearest
from corpus.languages import canonical, parse
from filters.translation_rules.families import FAMILIES
from filters.translation_rules.support import families_for

SHIPPED = Path(__file__).with_name("attributes.yaml")
Words = Annotated[tuple[str, ...], Field(min_length=1)]
Range = tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Family(_Part):
    """How a generator is asked for what a family of rules speaks of."""

    text: str = Field(min_length=1)
    """What the source must hold."""
    translation: str = Field(min_length=1)
    """What the reference does about it."""
    sources: tuple[str, ...] = ()
    """Languages of sources in which the family finds anything; default: any."""


class Values(_Part):
    """Everything that items are drawn from."""

    presets: dict[str, str]
    """Pairs by name."""
    rules: Range
    """Fewest and most families of an item."""
    topics: dict[str, Words] = Field(min_length=1)
    """Subtopics by topic."""
    styles: Words
    audiences: Words
    lengths: dict[str, Range] = Field(min_length=1)
    """Fewest and most words asked for, by name."""
    families: dict[str, Family] = Field(min_length=1)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for name in self.families:
            if name not in FAMILIES:
                raise ValueError(f"families: there is no family {name!r}.{nearest(name, list(FAMILIES))}")
        for name, (least, most) in {"rules": self.rules, **self.lengths}.items():
            if least > most:
                raise ValueError(f"{name}: found {least} to {most}, expected the smaller number first")
        if self.rules[0] < 2:
            raise ValueError(f"rules: found {self.rules[0]} as the fewest, expected at least 2")
        return self

    def families_of(self, src_lang: str, tgt_lang: str) -> list[str]:
        """Families that rules of this pair can be of, in their usual order."""
        language = parse(src_lang).language
        return [
            name
            for name in families_for(tgt_lang)
            if name in self.families and (not self.families[name].sources or language in self.families[name].sources)
        ]


class Attributes(_Part):
    """What one item shall be."""

    item: str
    """Its name in the set: pair and number."""
    src_lang: str
    tgt_lang: str
    topic: str
    subtopic: str
    style: str
    audience: str
    length: str
    words: Range
    """Fewest and most words of the source."""
    families: tuple[str, ...]
    """Families of rules that the source shall give reason for."""


def load_values(file: Path = SHIPPED) -> Values:
    """The values of a file.

    Raises:
        UserError: naming file and line where it is not of the form.
    """
    loaded = load(file)
    return validate(loaded.data, Values, loaded=loaded)


def read_pair(text: str) -> tuple[str, str]:
    """The canonical codes of a pair such as `en>es-419`.

    Raises:
        UserError: it is none.
    """
    src_lang, arrow, tgt_lang = text.partition(">")
    if not arrow:
        raise UserError(f"found the pair {text!r}, expected two language codes such as en>es-419")
    pair = canonical(src_lang.strip()), canonical(tgt_lang.strip())
    if pair[0] == pair[1]:
        raise UserError(f"found the pair {text!r}, expected two different languages")
    return pair


def draw(values: Values, pairs: Sequence[tuple[str, str]], items: int, seed: int) -> Iterator[Attributes]:
    """So many items of each pair. An item depends on seed, pair and its number alone, so a larger set has the smaller.

    Raises:
        UserError: too few families of rules can be asked for in a pair.
    """
    for src_lang, tgt_lang in pairs:
        families = values.families_of(src_lang, tgt_lang)
        if len(families) < values.rules[0]:
            raise UserError(
                f"{src_lang}>{tgt_lang}: found {len(families)} families of rules that can be asked for, expected at "
                f"least {values.rules[0]}"
            )
        for number in range(items):
            rng = random.Random(f"{seed}/{src_lang}>{tgt_lang}/{number}")
            topic = rng.choice(list(values.topics))
            length = rng.choice(list(values.lengths))
            count = min(rng.randint(*values.rules), len(families))
            chosen = set(rng.sample(families, count))
            yield Attributes(
                item=f"{src_lang}>{tgt_lang}/{number:05}",
                src_lang=src_lang,
                tgt_lang=tgt_lang,
                topic=topic,
                subtopic=rng.choice(values.topics[topic]),
                style=rng.choice(values.styles),
                audience=rng.choice(values.audiences),
                length=length,
                words=values.lengths[length],
                families=tuple(name for name in families if name in chosen),
            )
