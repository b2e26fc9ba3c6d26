"""Write the phrasebook: seeded text in six languages, and tasks with answers that can be checked.

    python recipes/mini/phrasebook.py --out runs/phrasebook --size full --seed 3

The files are JSON lines that the stage `read` takes; README.md beside this script tells their kinds and columns. The
same seed and sizes give the same bytes.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from grammar.languages import LOW
from rows.documents import documents
from rows.files import source_hash, write_files
from rows.general import test_tasks, training_tasks
from rows.held import SPLITS, Taken
from rows.pairs import test_meanings, test_pairs, training_pairs
from rows.rules import test_rules, training_rules
from rows.scored import scored
from rows.teachers import TEACHERS, conversations

Row = dict[str, Any]


@dataclass(frozen=True)
class Sizes:
    """How many rows of each kind."""

    pairs: int
    mono: int
    rules: int
    general: int
    scored: int
    teacher: int
    held: int
    tests: int


SIZES = {
    "tiny": Sizes(
        **{"pairs": 3_000, "mono": 600, "rules": 140, "general": 600, "scored": 600, "teacher": 600},
        **{"held": 4, "tests": 28},
    ),
    "full": Sizes(
        **{"pairs": 60_000, "mono": 20_000, "rules": 6_000, "general": 20_000, "scored": 12_000, "teacher": 12_000},
        **{"held": 20, "tests": 280},
    ),
}
_TOLD = {
    "pairs": "parallel sentences to train on",
    "mono": "monolingual documents to train on",
    "rules": "translations with a rule to train on",
    "general": "general tasks to train on",
    "scored": "translations, good and spoiled, with a score",
    "teacher": "conversations for each of the two teachers",
    "tests": "translations with a rule, general tasks and scored translations, each in dev and in test",
    "held": "meanings of each way to be held out (sentence, lexeme, template) in dev and in test, in ten directions",
}


def files(sizes: Sizes, seed: int) -> Iterator[tuple[str, Iterable[Row]]]:
    """Every file with its rows; the test sets come first, since no other row may have their sentences."""
    taken = Taken()
    for split in SPLITS:
        meanings = test_meanings(_rng(seed, split), split, sizes.held, taken)
        yield f"pairs.{split}", test_pairs(meanings)
        yield f"rules.{split}", test_rules(_rng(seed, f"rules.{split}"), split, sizes.tests, taken)
        yield f"general.{split}", test_tasks(_rng(seed, f"general.{split}"), split, sizes.tests, taken)
        told = [meaning for held, meaning in meanings if held != "template"]
        yield f"scored.{split}", scored(_rng(seed, f"scored.{split}"), sizes.tests, taken, told)
    yield "pairs.train", training_pairs(_rng(seed, "pairs"), sizes.pairs, taken)
    yield "rules.train", training_rules(_rng(seed, "rules"), sizes.rules, taken)
    yield "general.train", training_tasks(_rng(seed, "general"), sizes.general, taken)
    yield "scored.train", scored(_rng(seed, "scored"), sizes.scored, taken)
    for name, share in TEACHERS.items():
        yield f"{name}.train", _conversations(_rng(seed, name), share, sizes.teacher, taken)
    yield "mono.train", documents(_rng(seed, "mono"), sizes.mono, taken)


def _conversations(rng: random.Random, share: float, count: int, taken: Taken) -> Iterator[Row]:
    return conversations(
        rng,
        share,
        count,
        pairs=lambda n: training_pairs(rng, n, taken),
        rules=lambda n: training_rules(rng, n, taken),
        tasks=lambda n: training_tasks(rng, n, taken),
    )


def write(out: Path, sizes: Sizes, seed: int) -> dict[str, int]:
    """Write every file into a folder, unless it is there; rows by file."""
    told = {"seed": seed, "sizes": asdict(sizes), "text": "generated sentences of six languages", "low": [LOW]}
    told["source"] = source_hash()
    return write_files(out, told, files(sizes, seed))


def _rng(seed: int, purpose: str) -> random.Random:
    """Each file draws for itself, so that the size of one leaves the others as they are."""
    return random.Random(f"{seed}/{purpose}")


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write into; it is made where it lacks")
    parser.add_argument("--seed", type=int, default=0, help="of every choice (default: 0)")
    parser.add_argument("--size", choices=tuple(SIZES), default="tiny", help="how much of everything (default: tiny)")
    for field in fields(Sizes):
        usual = ", ".join(f"{size}: {getattr(sizes, field.name):,}" for size, sizes in SIZES.items())
        parser.add_argument(f"--{field.name}", type=_count, metavar="N", help=f"{_TOLD[field.name]} ({usual})")
    arguments = parser.parse_args(given)
    if arguments.out.is_file():
        parser.error(f"argument --out: {arguments.out} is a file, expected a folder")
    return arguments


def _count(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number from 1 on")
    return number


def main(given: Sequence[str] | None = None) -> int:
    """Write the files and say how many rows each has."""
    arguments = _arguments(given)
    own = {field.name: value for field in fields(Sizes) if (value := getattr(arguments, field.name)) is not None}
    counts = write(arguments.out, replace(SIZES[arguments.size], **own), arguments.seed)
    for name, count in counts.items():
        sys.stdout.write(f"{count:>8,}  {arguments.out / name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
