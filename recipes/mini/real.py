"""Write the miniature's files from real text instead of the phrasebook's: for a model of 100 million weights on a GPU.

    python recipes/mini/real.py --data "$TOWERKIT_DATA" --out runs/real --seed 3

The folder holds public sets, as their repositories lay them out: Multi30k (captions), MAFAND (news of African
languages), Tatoeba as in LASER (short sentences), NTREX-128 (news documents), GSM8K (word problems). Files and columns
are those of phrasebook.py, so the recipes are the same. NTREX is held out by document and the others by line; no
sentence of a test set, on either side, stands in a training row. Beside GSM8K the general tasks are the phrasebook's,
since a model of this size solves few word problems. Read the sets' licences first; each row carries its own, and a
model trained on them says so in its card.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

from rows.files import source_hash, write_files
from rows.general import test_tasks, training_tasks
from rows.held import Taken
from rows.rules import checked, problem_row
from rows.scored import SPOILED, cut, half, swapped, twice
from rows.teachers import TEACHERS, conversations

from corpus.errors import UserError
from corpus.languages import canonical
from filters.translation_rules.base import Source
from filters.translation_rules.families import find_rules
from filters.translation_rules.text import Text

Row = dict[str, Any]


class Set(NamedTuple):
    """A public set, and the licence that its rows carry."""

    origin: str
    license: str | None


MULTI30K = Set("multi30k", None)
MAFAND = Set("mafand", "CC-BY-NC-4.0")
TATOEBA = Set("tatoeba", "CC-BY-2.0-FR")
NTREX = Set("ntrex128", "CC-BY-SA-4.0")
GSM8K = Set("gsm8k", "MIT")


class Sentence(NamedTuple):
    """A text and its language."""

    lang: str
    text: str


class Pair(NamedTuple):
    """A sentence in two languages."""

    of: Set
    source: Sentence
    target: Sentence


@dataclass(frozen=True)
class Sizes:
    """How many rows of each kind."""

    pairs: int = 200_000
    mono: int = 200_000
    rules: int = 4_000
    general: int = 40_000
    scored: int = 40_000
    teacher: int = 40_000
    tests: int = 300


@dataclass
class Real:
    """What the folder holds, the test sets apart."""

    train: list[Pair]
    test: list[Pair]
    texts: list[tuple[Set, Sentence]]
    """Documents and sentences to read alone."""
    problems: list[Row]
    tested: list[Row]


LOW = ("am", "bbj", "bm", "ha", "wo", "yo")
"""Languages with little text."""
_DIRECTION = 60
"""Lines of a test set for each direction."""
_MAFAND_TEST = 150
"""Last lines of each MAFAND file, which are held out."""
_NTREX_TEST = ("de", "es", "ru", "zh", "ja", "ar", "ha", "yo", "th")
"""Languages whose NTREX documents are translated in the test set."""
_DOCUMENTS = 10
"""One NTREX document, and one problem, in so many is held out."""


def read(data: Path, rng: random.Random) -> Real:
    """Everything that the folder holds.

    Raises:
        UserError: a set is not there, or its sides differ in length.
    """
    real = Real([], [], [], [], [])
    _multi30k(data / "multi30k", real)
    _mafand(data / "mafand" / "json_files", real)
    _tatoeba(data / "tatoeba_laser", real)
    _ntrex(data / "ntrex128", real)
    _gsm8k(data / "gsm8k" / "train.jsonl", real)
    real.test = _some(real.test, rng)
    taken = {side.text for pair in real.test for side in (pair.source, pair.target)}
    real.train = [pair for pair in real.train if taken.isdisjoint((pair.source.text, pair.target.text))]
    # A document may hold a sentence that is asked; the rest of it is as good without.
    real.texts = [
        (of, Sentence(text.lang, "\n".join(line for line in text.text.split("\n") if line not in taken)))
        for of, text in real.texts
    ]
    real.texts = [(of, text) for of, text in real.texts if text.text]
    sides = {(pair.of, side) for pair in real.train for side in (pair.source, pair.target)}
    real.texts += sorted(sides, key=repr)
    for rows in (real.train, real.texts, real.problems, real.tested):
        rng.shuffle(rows)
    return real


def _hash(real: Real) -> str:
    """Hash of all that was read, in its order."""
    made = hashlib.sha256()
    for row in chain(real.train, real.test, real.texts, real.problems, real.tested):
        made.update(repr(row).encode())
    return made.hexdigest()


def _multi30k(folder: Path, real: Real) -> None:
    codes = ("en", "de", "fr")
    for name, pairs in (("train", real.train), ("test_2016_flickr", real.test)):
        sides = {code: _lines(folder / f"{name}.{code}.gz") for code in codes}
        for one, other in (("en", "de"), ("en", "fr"), ("de", "fr")):
            if pairs is real.train or "en" in (one, other):
                pairs += _aligned(MULTI30K, (one, sides[one]), (other, sides[other]))


def _mafand(folder: Path, real: Real) -> None:
    for path in _files(folder, "*/*.json"):
        rows = [json.loads(line)["translation"] for line in _lines(path)]
        pairs = [
            Pair(MAFAND, *(Sentence(canonical(code), " ".join(text.split())) for code, text in row.items()))
            for row in rows
        ]
        held = _MAFAND_TEST if path.name.startswith("dev") else 0
        real.train += pairs[: len(pairs) - held]
        real.test += pairs[len(pairs) - held :]


def _tatoeba(folder: Path, real: Real) -> None:
    for path in _files(folder, "tatoeba.*-eng.eng"):
        code = path.name.split(".")[1].removesuffix("-eng")
        other = _lines(path.with_suffix(f".{code}"))
        real.train += _aligned(TATOEBA, ("en", _lines(path)), (canonical(code), other))


def _ntrex(folder: Path, real: Real) -> None:
    names = _lines(folder / "DOCUMENT_IDS.tsv")
    held = set(list(dict.fromkeys(names))[::_DOCUMENTS])
    english = _lines(folder / "newstest2019-src.eng.txt")
    for path in _files(folder, "newstest2019-ref.*.txt"):
        code = canonical(path.name.split(".")[1])
        lines = _lines(path)
        pairs = _aligned(NTREX, ("en", english), (code, lines))
        real.train += [pair for name, pair in zip(names, pairs, strict=True) if name not in held]
        if code.split("-")[0] in _NTREX_TEST:
            real.test += [pair for name, pair in zip(names, pairs, strict=True) if name in held]
        documents: dict[str, list[str]] = {}
        for name, line in zip(names, lines, strict=True):
            documents.setdefault(name, []).append(line)
        real.texts += [(NTREX, Sentence(code, "\n".join(told))) for name, told in documents.items() if name not in held]


def _gsm8k(path: Path, real: Real) -> None:
    for number, line in enumerate(_lines(path)):
        row = json.loads(line)
        steps, _, answer = re.sub(r"<<.*?>>", "", row["answer"]).partition("\n#### ")
        problem = {
            "prompt": [{"role": "user", "content": row["question"]}],
            "references": [f"{steps}\n{answer}"],
            "verifiers": [{"name": "math", "args": json.dumps({"answer": answer.replace(",", "")})}],
            "tgt_lang": "en",
            "origin": GSM8K.origin,
            "license": GSM8K.license,
            "task": "word_problems",
        }
        (real.problems if number % _DOCUMENTS else real.tested).append(problem)


def _aligned(of: Set, one: tuple[str, Sequence[str]], other: tuple[str, Sequence[str]]) -> list[Pair]:
    """Lines of two files that say the same."""
    if len(one[1]) != len(other[1]):
        raise UserError(f"{of.origin}: {one[0]} has {len(one[1]):,} lines and {other[0]} has {len(other[1]):,}")
    return [
        Pair(of, Sentence(one[0], first), Sentence(other[0], second))
        for first, second in zip(one[1], other[1], strict=True)
    ]


def _some(pairs: Iterable[Pair], rng: random.Random) -> list[Pair]:
    """Of each set and pair of languages a few."""
    groups: dict[tuple[str, str, str], list[Pair]] = {}
    for pair in pairs:
        groups.setdefault((pair.of.origin, pair.source.lang, pair.target.lang), []).append(pair)
    return [pair for group in groups.values() for pair in rng.sample(group, min(len(group), 2 * _DIRECTION))]


def _lines(path: Path) -> list[str]:
    """A file's lines without what ends them; U+2028 and its like end none."""
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path} is not there; --data names a folder with the sets that this script reads") from None
    return [line.rstrip("\r") for line in raw.decode("utf-8-sig").removesuffix("\n").split("\n")]


def _files(folder: Path, pattern: str) -> list[Path]:
    found = sorted(folder.glob(pattern))
    if not found:
        raise UserError(f"{folder} has no {pattern}; --data names a folder with the sets that this script reads")
    return found


# --- rows ------------------------------------------------------------------------------------------------------------


def files(real: Real, sizes: Sizes, seed: int) -> Iterator[tuple[str, Iterable[Row]]]:
    """Every file with its rows."""
    rng = random.Random(seed)
    taken = Taken()
    yield "pairs.test", (_pair_row(pair) for pair in _both_ways(real.test))
    # The test set stands set by set, and the first of them alone would fill this.
    yield "rules.test", islice(_rules(rng.sample(real.test, len(real.test)), rng), sizes.tests)
    asked = test_tasks(rng, "test", sizes.tests // 2, taken)
    yield "general.test", chain(asked, islice(real.tested, sizes.tests - sizes.tests // 2))
    yield "pairs.train", islice(_pairs(real.train, rng), sizes.pairs)
    yield "rules.train", islice(_rules(real.train, rng), sizes.rules)
    yield "general.train", islice(_tasks(real.problems, rng, taken), sizes.general)
    yield "scored.train", islice(_scored(real.train, rng), sizes.scored)
    for name, share in TEACHERS.items():
        yield f"{name}.train", _conversations(real, rng, share, sizes.teacher, taken)
    yield "mono.train", islice(_mono(real.texts), sizes.mono)


def _both_ways(pairs: Sequence[Pair]) -> Iterator[Pair]:
    """Half of each group from the first language, half into it."""
    for number, pair in enumerate(pairs):
        yield pair if number % 2 else pair._replace(source=pair.target, target=pair.source)


def _pairs(pairs: Sequence[Pair], rng: random.Random) -> Iterator[Row]:
    for pair in pairs:
        yield _pair_row(pair if rng.random() < 0.5 else pair._replace(source=pair.target, target=pair.source))


def _pair_row(pair: Pair) -> Row:
    return {
        "source": pair.source.text,
        "target": pair.target.text,
        "src_lang": pair.source.lang,
        "tgt_lang": pair.target.lang,
        **pair.of._asdict(),
        "task": "translation",
    }


def _rules(pairs: Sequence[Pair], rng: random.Random) -> Iterator[Row]:
    """Translations with a rule that their source gives reason for and their reference keeps."""
    for pair in _both_ways(pairs):
        source = Source(Text(pair.source.text), pair.source.lang, pair.target.lang)
        answer = Text(pair.target.text)
        kept = [rule for rule in find_rules(source) if rule.check(answer, source).score == 1]
        if not kept:
            continue
        rules = [rng.choice(kept)]
        row, verdict = problem_row(rng, source, rules, pair.target.text)
        if verdict.score == 1:
            yield {**row, **pair.of._asdict(), "checks": checked(rules)}


def _tasks(problems: Sequence[Row], rng: random.Random, taken: Taken) -> Iterator[Row]:
    """The phrasebook's tasks, and every third a word problem while there are such."""
    others = training_tasks(rng, sys.maxsize, taken)
    for problem in problems:
        yield from islice(others, 2)
        yield problem
    yield from others


_SPOIL: dict[str, Callable[[random.Random, str, str], str | None]] = {
    "cut": cut,
    "half": half,
    "swapped": swapped,
    "twice": twice,
}


def _scored(pairs: Sequence[Pair], rng: random.Random) -> Iterator[Row]:
    """Translations with a score, each worse by what is wrong with it."""
    for pair, other in pairwise(pairs):
        good, lang = pair.target.text, pair.target.lang
        fault = rng.choice([None, *_SPOIL, "unrelated", "copied"])
        if fault is None:
            spoiled: str | None = good
        elif fault in _SPOIL:
            spoiled = _SPOIL[fault](rng, good, lang)
        else:
            spoiled = other.target.text if fault == "unrelated" else pair.source.text
        if spoiled is None or (fault and spoiled == good):
            continue
        yield {
            "src": pair.source.text,
            "mt": spoiled,
            "ref": good,
            "score": SPOILED[fault][1] if fault else 1.0,
            "src_lang": pair.source.lang,
            "tgt_lang": lang,
            "faults": [fault] if fault else [],
            # A sentence of the phrasebook has a frame; what these have in common is where they come from.
            "template": pair.of.origin,
            **pair.of._asdict(),
        }


def _conversations(real: Real, rng: random.Random, share: float, count: int, taken: Taken) -> Iterator[Row]:
    def some(pairs: Iterator[Row]) -> Callable[[int], Iterable[Row]]:
        return lambda wanted: islice(pairs, wanted)

    train = rng.sample(real.train, len(real.train))
    return conversations(
        rng,
        share,
        count,
        pairs=some(_pairs(train, rng)),
        rules=some(_rules(train, rng)),
        tasks=some(_tasks(real.problems, rng, taken)),
    )


def _mono(texts: Sequence[tuple[Set, Sentence]]) -> Iterator[Row]:
    for number, (of, sentence) in enumerate(texts):
        yield {"text": sentence.text, "doc_id": f"{of.origin}-{number}", "tgt_lang": sentence.lang, **of._asdict()}


def main() -> int:
    """Write the files and say how many rows each has."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with the sets")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into; it is made where it lacks")
    parser.add_argument("--seed", type=int, default=0, help="of every choice (default: 0)")
    for field in fields(Sizes):
        parser.add_argument(
            f"--{field.name}", type=int, default=field.default, help=f"rows (default: {field.default:,})"
        )
    given = parser.parse_args()
    sizes = Sizes(**{field.name: getattr(given, field.name) for field in fields(Sizes)})
    told = {"seed": given.seed, "sizes": asdict(sizes), "text": "captions, news and short sentences", "low": list(LOW)}
    told["source"] = source_hash()
    sys.stdout.write(f"reading the sets in {given.data}\n")
    try:
        real = read(given.data, random.Random(given.seed))
    except UserError as error:
        parser.error(str(error))
    told["read"] = _hash(real)
    for name, count in write_files(given.out, told, files(real, sizes, given.seed)).items():
        sys.stdout.write(f"{count:>8,}  {given.out / name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
