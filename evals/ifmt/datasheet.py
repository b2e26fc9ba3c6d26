"""The datasheet of a built set: what it is, how it was made, what was rejected, what it is no test of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from corpus.dataset import open as open_dataset
from corpus.manifest import Manifest
from evals.ifmt.attributes import Attributes

PLAIN_WORDS = """\
The data, the judge's prompt and the sizes of IF-MT (of Tower+, arXiv 2506.17080) were not found. This set is made after
the same idea, by the method of Zero-shot Benchmarking (arXiv 2504.01001) with prompts of our own; it is not IF-MT, and
figures on it say nothing beside figures on IF-MT.

Sources and references were written by a language model. No person has read them. What is checked is what programs can
check: languages, lengths, that each rule speaks of something in the source, that the reference keeps each rule, and
repeats. A reference was changed by program where a rule asked for another form than the model had written. Whether the
reference is a good translation, and whether what a text says is harmless, was not checked. The model that wrote a set
must not judge answers to it: its name stands in `meta.generator` of each row."""


@dataclass(frozen=True)
class Facts:
    """All that a datasheet tells."""

    name: str
    seed: int
    asked: Sequence[Attributes]
    kept: Sequence[Attributes]
    checks: Sequence[str]
    """The kept items' families of rules, `+` between them."""
    adapted: int
    """Kept items whose reference was changed."""
    rejected: Mapping[str, int]
    """Requests that became no item, by reason."""
    answers: Manifest
    attributes: str
    """sha256 of the values' file."""
    against: Sequence[Path]


def datasheet(facts: Facts) -> str:
    """The datasheet as Markdown."""
    engines = facts.answers.options["engines"]
    lines = [
        f"# {facts.name}: instruction-following translation, built",
        "",
        PLAIN_WORDS,
        "",
        "## How it was made",
        "",
        f"- towerkit {version('towerkit')}, seed {facts.seed}; values drawn from attributes with sha256 "
        f"`{facts.attributes}`",
        *(f"- generator: {_engine(engine)}" for engine in engines),
        f"- the generator's answers: dataset of content `{facts.answers.content}`",
        *(f"- kept apart from: {_dataset(path)}" for path in facts.against),
        *([] if facts.against else ["- kept apart from: nothing"]),
        "",
        "## Counts",
        "",
        f"{len(facts.asked)} items were asked for, {len(facts.kept)} are here; the reference of {facts.adapted} was "
        "changed by program so that it keeps a rule.",
        "",
        *_table(("not here, because", "items"), facts.rejected.items()),
        *_both("pair", facts, [f"{one.src_lang}>{one.tgt_lang}" for one in facts.asked]),
        *_both("length", facts, [one.length for one in facts.asked]),
        *_both("topic", facts, [one.topic for one in facts.asked]),
        *_both("style", facts, [one.style for one in facts.asked]),
        *_both("audience", facts, [one.audience for one in facts.asked]),
        *_families(facts),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _engine(engine: Mapping[str, Mapping[str, object]]) -> str:
    """An engine as a manifest lists it."""
    [(name, options)] = ((name, options) for name, options in engine.items() if name != "version")
    told = ", ".join(f"{key} {value}" for key, value in options.items() if value not in (None, {}, [], "", "model"))
    return f"`{name}` with {told}"


def _dataset(folder: Path) -> str:
    manifest = open_dataset(folder).manifest
    return f"`{manifest.name}`, {manifest.rows:,} rows, content `{manifest.content}`"


def _both(title: str, facts: Facts, values: Sequence[str]) -> list[str]:
    """How many items of each value were asked for, and are here."""
    kept = {one.item for one in facts.kept}
    asked = Counter(values)
    here = Counter(value for one, value in zip(facts.asked, values, strict=True) if one.item in kept)
    return _table((title, "asked", "here"), ((value, asked[value], here[value]) for value in sorted(asked)))


def _families(facts: Facts) -> list[str]:
    asked = Counter(name for one in facts.asked for name in one.families)
    here = Counter(name for told in facts.checks for name in told.split("+"))
    return _table(("family of rules", "asked", "here"), ((name, asked[name], here[name]) for name in sorted(asked)))


def _table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    lines = [f"| {' | '.join(map(str, row))} |" for row in rows]
    if not lines:
        return []
    return [f"| {' | '.join(titles)} |", f"|---|{'---:|' * (len(titles) - 1)}", *lines, ""]
