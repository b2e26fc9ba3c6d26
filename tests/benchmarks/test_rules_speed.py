"""The verifier `translation_rules` on real translations, on one core: verdicts on rules, and answers with all rules."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Report, median

from filters.translation_rules.base import Source
from filters.translation_rules.families import find_rules
from filters.translation_rules.text import Text
from filters.verifiers.translation_rules import TranslationRules

pytestmark = pytest.mark.bench

RUNS = 5
NTREX = {"fi": "fin", "ru": "rus", "zh": "zho-CN", "ja": "jpn", "hi": "hin", "ar": "arb"}


def lines(file: Path) -> list[str]:
    return file.read_text("utf-8").replace("\r\n", "\n").split("\n")


def systems(data: Path) -> Iterator[tuple[str, str]]:
    """Sources of WMT23's German to English with the answers of every system."""
    folder = data / "wmt23_news" / "txt"
    sources = lines(folder / "sources" / "generaltest2023.de-en.src.de")
    for file in sorted((folder / "system-outputs").glob("generaltest2023.de-en.hyp.*.en")):
        yield from zip(sources, lines(file), strict=False)


def references(data: Path, code: str) -> Iterator[tuple[str, str]]:
    folder = data / "ntrex128"
    yield from zip(
        lines(folder / "newstest2019-src.eng.txt"), lines(folder / f"newstest2019-ref.{code}.txt"), strict=False
    )


def asked(pairs: Iterator[tuple[str, str]], src_lang: str, tgt_lang: str) -> list[tuple[TranslationRules, dict, str]]:
    """Every answer with the verifier and the row of its source, where the source gives reason for rules."""
    rows: dict[str, tuple[TranslationRules, dict] | None] = {}
    found = []
    for source, answer in pairs:
        if source not in rows:
            rules = find_rules(Source(Text(source), src_lang, tgt_lang)) if source else []
            prompt = [
                {"role": "user", "content": f"Translate, and mind what is asked of numbers and names.\n\n{source}"}
            ]
            row = {"prompt": prompt, "source": source, "src_lang": src_lang, "tgt_lang": tgt_lang}
            rows[source] = (TranslationRules(rules=tuple(rules[:8])), row) if rules else None
        if rows[source] and answer:
            found.append((*rows[source], answer))
    return found


def test_rate(shared_data: Path, report: Report) -> None:
    sets = {"de-en": asked(systems(shared_data), "de", "en")}
    sets |= {f"en-{code}": asked(references(shared_data, name), "en", code) for code, name in NTREX.items()}
    verdicts, taken_in_all = 0, 0.0
    for pair, rows in sets.items():
        seconds = []
        for _ in range(RUNS + 1):
            started = time.process_time()
            for judge, row, answer in rows:
                judge.verify(row, answer)
            seconds.append(time.process_time() - started)
        taken = median(seconds[1:])
        rules = sum(len(judge.rules) for judge, _, _ in rows)
        verdicts, taken_in_all = verdicts + rules, taken_in_all + taken
        report.add(f"translation_rules, {pair}: answers, with all their rules", len(rows) / taken, "answers/s")
        report.add(f"translation_rules, {pair}: rules a verdict each", rules / taken, "verdicts/s")
    report.add("translation_rules, all pairs, one core", verdicts / taken_in_all, "verdicts/s", least=5_000)
