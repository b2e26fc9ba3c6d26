"""Which scorers and filters suit which rows, and why: what a recipe begins with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from datagen.init.inputs import Input
from datagen.init.trial import Trial
from filters.names import scorer_class


class Entry(NamedTuple):
    """A line of YAML and why it is there."""

    yaml: str
    why: str


@dataclass(frozen=True)
class Traits:
    """What all inputs of a recipe together are like."""

    kind: str
    paired: bool
    """Rows are translations: a source and a text that should say the same."""
    languages: bool
    """Source and output have a language."""
    output_language: bool
    mistaken: frozenset[str]
    """`src_lang`, `tgt_lang`: the recognizer takes most texts in it for others."""
    references: bool
    several: bool
    """Prompts have several answers."""
    scores: tuple[str, ...]
    """Score columns that rows bring along and that rank them."""
    have: frozenset[str]
    """All score columns that rows bring along."""
    sentences: bool
    """Most texts are no longer than a sentence or two."""
    rows: int | None
    """How many there are; None where only the first were looked at."""

    @staticmethod
    def of(inputs: Sequence[Input], trials: Sequence[Trial]) -> Traits:
        """The traits that hold for all inputs."""
        prompts: set[str] = set().union(*(trial.prompts for trial in trials))
        rows = sum(len(trial.rows) for trial in trials)
        given = {name: better for trial in trials for name, better in trial.scores.items()}
        return Traits(
            kind=trials[0].kind,
            paired=all(trial.paired for trial in trials),
            languages=all(trial.languages for trial in trials),
            output_language=all(trial.output_language for trial in trials),
            mistaken=frozenset().union(*(read.mistaken for read in inputs)),
            references=any(trial.references for trial in trials),
            several=bool(prompts) and rows > 1.1 * len(prompts),
            scores=tuple(name for name, better in given.items() if better is not None),
            have=frozenset(given),
            sentences=all(trial.sentences for trial in trials),
            rows=rows if all(trial.whole for trial in trials) else None,
        )

    @property
    def answers(self) -> bool:
        """Whether a system wrote the text that is judged."""
        return self.kind in ("response", "sft", "preference")

    @property
    def ranks(self) -> str:
        """What ranks answers: a score that came along, else closeness to references, else how little they repeat."""
        own = next((name for name in self.scores if not name.startswith(_BY_PRODUCTS)), None)
        return own or ("score_chrf" if self.references else "score_repetition_dup10gram")

    @property
    def judged(self) -> bool:
        """Whether `ranks` says anything of how good an answer is."""
        return not self.ranks.startswith(_BY_PRODUCTS)


_BY_PRODUCTS = ("score_repetition", "score_langid", "score_contamination")
"""Columns that tell of faults, not of how good an answer is."""


def scorers(traits: Traits) -> list[Entry]:
    """Scorers that add columns which rows do not have yet."""
    wanted = [
        Entry("langid", "which language is it in, and is that the right one?"),
        Entry("repetition", "how much of it says the same again?"),
    ]
    if traits.references and traits.kind == "response":
        wanted.append(Entry("chrf", "how close is it to the reference, letter by letter?"))
    return [entry for entry in wanted if not traits.have.intersection(_columns(entry.yaml, traits.kind))]


def _columns(scorer: str, kind: str) -> set[str]:
    return {column.name for column in scorer_class(scorer)().columns(kind)}


def filters(traits: Traits) -> list[Entry]:
    """Filters in the order in which they claim a row: faults that tell more about it first."""
    return [Entry(yaml(traits), why) for yaml, why, applies in _RULES if applies(traits)]


def left_out(traits: Traits) -> list[str]:
    """What one might miss among the filters, and why it is not there."""
    if traits.kind == "prompt":
        return []
    if not traits.paired and traits.kind != "text":
        return ["wrong_language is left out: answers hold code, names, and other languages where that was asked for."]
    if "tgt_lang" in traits.mistaken:
        return ["wrong_language is left out: most texts are recognized as other languages than they are said to be."]
    if not traits.output_language:
        return ["wrong_language and wrong_script are left out: they need the languages of the rows."]
    return []


def _both(name: str) -> Callable[[Traits], str]:
    """A rule on both sides of a pair; of answers on the answer alone, since the source was given."""
    return lambda traits: f"{name}: {{side: both}}" if traits.kind == "pair" else name


def _plain(yaml: str) -> Callable[[Traits], str]:
    return lambda _: yaml


def _wrong_script(traits: Traits) -> str:
    return "wrong_script: {side: both}" if traits.kind == "pair" and traits.languages else "wrong_script"


def _wrong_language(traits: Traits) -> str:
    both = traits.kind == "pair" and traits.languages and "src_lang" not in traits.mistaken
    return "wrong_language: {side: both, unjudged: keep}" if both else "wrong_language: {unjudged: keep}"


def _by_length(sentences: str, documents: str) -> Callable[[Traits], str]:
    """A rule that is stricter on sentences than on documents."""
    return lambda traits: sentences if traits.sentences else documents


def _text_or_pair(traits: Traits) -> bool:
    return traits.kind == "text" or traits.paired


def _paired(traits: Traits) -> bool:
    return traits.paired


def _answers(traits: Traits) -> bool:
    return traits.answers


_RULES: Sequence[tuple[Callable[[Traits], str], str, Callable[[Traits], bool]]] = (
    (_both("empty"), "no visible character", lambda _: True),
    (_plain("too_short: {min: 20}"), "in characters of English text", lambda t: t.kind == "text"),
    (_plain("copied"), "the source in place of its translation", _paired),
    (_plain("special_tokens"), "marks of a chat template within the text", _answers),
    (_plain("reasoning_leak"), "thinking aloud in place of an answer", _answers),
    (_plain("identity"), '"I am a language model ..."', _answers),
    (_plain("refusal"), '"I cannot help with that"', _answers),
    (_both("mojibake"), "text that was decoded wrongly", lambda _: True),
    (_plain("html"), "tags of HTML that the source does not have", _paired),
    (
        _plain("repetition: {unjudged: keep}"),
        "more repetition than Gopher's limits allow",
        lambda t: _text_or_pair(t) and not t.sentences,
    ),
    (
        _plain("repetition: {max: {top2gram: 0.5, top3gram: 0.5, top4gram: 0.5}, unjudged: keep}"),
        "much repetition; Gopher's limits, made for documents, would drop sentences in which a few words return",
        lambda t: _text_or_pair(t) and t.sentences,
    ),
    (
        _plain("threshold: {column: score_repetition_dup10gram, max: 0.5, unjudged: keep}"),
        "the same ten words over and over; code and lists repeat themselves too, but less",
        lambda t: t.answers and not t.paired,
    ),
    (_plain("low_alphabetic"), "more digits and signs than letters", _text_or_pair),
    (_wrong_script, "letters of another script", lambda t: _text_or_pair(t) and t.output_language),
    (
        _wrong_language,
        "recognized as another language with a probability of 0.5 or more. What the recognizer cannot tell stays, but "
        "single words are judged too, and at times wrongly",
        lambda t: _text_or_pair(t) and t.output_language and "tgt_lang" not in t.mistaken,
    ),
    (_plain("placeholders_differ"), "tags and variables lost or added: <b>, {x}, %s", _paired),
    (_plain("urls_differ"), "links lost or added", _paired),
    (
        _by_length("numbers_differ", "numbers_differ: {max_differing: 3}"),
        "numbers lost, added or changed. Up to 12 a word may stand for a number, above it none: where a language "
        "spells larger ones out, good rows are lost",
        _paired,
    ),
    (_plain("truncated: {unjudged: keep}"), "breaks off", lambda t: t.paired and t.kind == "response"),
    (
        _by_length("too_long: {max: 2000}", "too_long: {max: 20000}"),
        "in characters of English text",
        _paired,
    ),
    (_plain("length_ratio: {max: 3}"), "longer text by shorter, fair across scripts", _paired),
)
