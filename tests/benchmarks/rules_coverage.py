"""Which translation rules real sources give reason for, and how human translations score: docs/reports.

    TOWERKIT_DATA=../shared/data python tests/benchmarks/rules_coverage.py docs/reports/translation_rules.md

Numbers alone are written, no text of the data.
"""

from __future__ import annotations

import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from corpus.languages import canonical
from datagen.readers.names import open_reader
from filters.translation_rules.base import Source
from filters.translation_rules.families import find_rules
from filters.translation_rules.guards import guard
from filters.translation_rules.text import Text

DATA = Path(os.environ.get("TOWERKIT_DATA") or Path(__file__).parents[3] / "shared" / "data")
NTREX = {
    **{"ces": "cs", "deu": "de", "fin": "fi", "fra": "fr", "hin": "hi", "hun": "hu", "isl": "is", "ita": "it"},
    **{"jpn": "ja", "kor": "ko", "nld": "nl", "pol": "pl", "por-BR": "pt-BR", "ron": "ro", "rus": "ru", "spa": "es"},
    **{"swe": "sv", "tha": "th", "ukr": "uk", "arb": "ar", "zho-CN": "zh-Hans", "zho-TW": "zh-Hant"},
}
COCOA = {
    "de": "CoCoA-MT/train/en-de",
    "es": "CoCoA-MT/train/en-es",
    "hi": "CoCoA-MT/train/en-hi",
    "ja": "CoCoA-MT/train/en-ja",
    "ko": "IWSLT2023/data/train/en-ko",
}
Pair = tuple[str, str, str, str, dict[str, object]]
"""Source, translation, their languages, and what is known beside them."""


def ntrex() -> Iterator[Pair]:
    folder = DATA / "ntrex128"
    sources = _lines(folder / "newstest2019-src.eng.txt")
    for name, code in NTREX.items():
        for source, target in zip(sources, _lines(folder / f"newstest2019-ref.{name}.txt"), strict=False):
            yield source, target, "en", code, {}


def wmt23() -> Iterator[Pair]:
    folder = DATA / "wmt23_news" / "txt"
    for file in sorted((folder / "sources").glob("*")):
        stem, _, src_lang = file.name.partition(".src.")
        pair = stem.rpartition(".")[2]
        tgt_lang = pair.partition("-")[2]
        for source, target in zip(
            _lines(file), _lines(folder / "references" / f"{stem}.ref.refA.{tgt_lang}"), strict=False
        ):
            yield source, target, src_lang, tgt_lang, {}


def tico19() -> Iterator[Pair]:
    for file in sorted((DATA / "tico19" / "TM").glob("*.tmx*")):
        yield from _read({"tmx": str(file), "max_bad": 1.0})


def terminology() -> Iterator[Pair]:
    for name, extra in (("track1/full_data.ende.jsonl", {}), ("track2/full_data_2015.jsonl", {})):
        yield from _read({"wmt25_terminology": str(DATA / "wmt25_terminology" / name), **extra})


def tagged() -> Iterator[Pair]:
    yield from _read({"salesforce_xml_mt": str(DATA / "salesforce_xml_mt" / "enja")})


def formality() -> Iterator[Pair]:
    for folder in COCOA.values():
        yield from _read({"cocoa_mt": str(DATA / "cocoa_mt" / folder)})


def _read(options: dict[str, object]) -> Iterator[Pair]:
    reader = open_reader(options)
    for record in reader.records(Counter()):
        row = record.row
        if row:
            meta = row.get("meta")
            yield (
                str(row["source"]), str(row["target"]), str(row["src_lang"]), str(row["tgt_lang"]),
                dict(meta) if isinstance(meta, dict) else {},
            )  # fmt: skip


def _lines(file: Path) -> list[str]:
    return file.read_text("utf-8").replace("\r\n", "\n").split("\n")


class Tally:
    """How rules fared on one set."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        """Find, check and count."""
        self.guards: dict[str, Counter[str]] = defaultdict(Counter)
        self.rules: dict[str, dict[str, Counter[float | None]]] = defaultdict(lambda: defaultdict(Counter))
        self.why: dict[str, Counter[str]] = defaultdict(Counter)
        self.adapted: Counter[str] = Counter()
        for text, target, src_lang, tgt_lang, meta in pairs:
            if text.strip() and target.strip():
                self._take(text, target, canonical(src_lang), canonical(tgt_lang), meta)

    def _take(self, text: str, target: str, src_lang: str, tgt_lang: str, meta: dict[str, object]) -> None:
        pair = f"{src_lang}→{tgt_lang}"
        told = meta.get("terms")
        terms = {k: v if isinstance(v, str) else v[0] for k, v in told.items() if v} if isinstance(told, dict) else {}
        formal = {"formal": True, "informal": False}.get(str(meta.get("formality")))
        source, answer = Source(Text(text), src_lang, tgt_lang, terms, formal=formal), Text(target)
        self.guards[pair][guard(answer, source)] += 1
        for rule in find_rules(source):
            verdict = rule.check(answer, source)
            name = rule.key() + (f".{rule.style}" if rule.key() == "dates" else "")  # type: ignore[attr-defined]
            self.rules[name][pair][verdict.score] += 1
            if verdict.score != 1:
                self.why[name][verdict.reason] += 1
            if verdict.score == 0:
                self.adapted[name] += rule.adapt(target, source) is not None

    def guard_table(self) -> str:
        """Pairs by reason."""
        rows = ["| pair | translations | passed | reasons of the others |", "|---|---:|---:|---|"]
        for pair, counts in sorted(self.guards.items()):
            total, passed = sum(counts.values()), counts[""]
            others = ", ".join(f"{reason} {n}" for reason, n in counts.most_common() if reason)
            rows.append(f"| {pair} | {total} | {100 * passed / total:.2f} % | {others} |")
        return "\n".join(rows)

    def rule_table(self) -> str:
        """Rules with all languages together, why they do not hold, and how many broken ones are adapted."""
        rows = ["| rule | found | held | broken | adapted | null | most frequent reasons |"]
        rows.append("|---|---:|---:|---:|---:|---:|---|")
        for name, pairs in sorted(self.rules.items()):
            counts = sum(pairs.values(), Counter())
            total = sum(counts.values())
            why = "; ".join(f"{reason} {n}" for reason, n in self.why[name].most_common(3))
            broken, mended = counts[0.0], self.adapted[name]
            share = f"{mended} ({100 * mended / broken:.0f} %)" if broken else ""
            rows.append(f"| {name} | {total} | {counts[1.0]} ({100 * counts[1.0] / total:.0f} %) "
                        f"| {broken} | {share} | {counts[None]} | {why} |")  # fmt: skip
        return "\n".join(rows)

    def language_table(self) -> str:
        """Rules by pair: found, and of those the share that holds."""
        pairs = sorted(self.guards)
        rows = [f"| rule | {' | '.join(pairs)} |", "|---|" + "---:|" * len(pairs)]
        for name, by_pair in sorted(self.rules.items()):
            cells = []
            for pair in pairs:
                counts = by_pair.get(pair, Counter())
                total = sum(counts.values())
                cells.append(f"{total}: {100 * counts[1.0] / total:.0f} %" if total else "")
            rows.append(f"| {name} | {' | '.join(cells)} |")
        return "\n".join(rows)


INTRODUCTION = """# Translation rules on human translations

Made by `TOWERKIT_DATA=… python tests/benchmarks/rules_coverage.py docs/reports/translation_rules.md`.

A human translation was made without our rules, so what its score should be follows from the rule. Rules that ask for
what translators do anyway (numbers in the target's separators, long dates, tags kept, a glossary's terms, the known
form of address) should hold on nearly all; rules that ask for something else (ISO dates, the other clock, other units,
a currency's conversion) on nearly none, and then for the reason that the value is as in the source. *Null* is "cannot
judge". *Adapted* is how many of the broken ones `adapt` changes so that the rule holds, and their share: values are put
in the other form where each of them stands in the translation, and all else stays. The guards, which every rule stands
behind, should pass all.
"""


def main(out: Path) -> None:
    """Write the report."""
    parts = [INTRODUCTION]
    for title, pairs in (
        ("NTREX-128 (news, from English)", ntrex),
        ("WMT23 (news)", wmt23),
        ("TICO-19 (medicine, from English)", tico19),
        ("WMT25 terminology", terminology),
        ("Salesforce localization (XML)", tagged),
        ("CoCoA-MT and IWSLT23 formality", formality),
    ):
        tally = Tally(pairs())
        parts += [f"## {title}", "### Guards", tally.guard_table(), "### Rules", tally.rule_table()]
        if len(tally.guards) > 1:
            parts += ["### Rules by pair: found, and the share that holds", tally.language_table()]
        print(title, sum(map(sum, (c.values() for c in tally.guards.values()))), flush=True)
    out.write_text("\n\n".join(parts) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
