"""How often language identification is right on short text, with the requested language as a prior and without.

Prior and cut-offs were chosen on every other text of this data; the numbers are of the rest.
Run: python tests/benchmarks/langid_accuracy.py [--tuning]
"""

import os
import random
import re
import sys
import zipfile
from pathlib import Path

import polars as pl

from corpus.languages import confusable, same_language
from filters.recognizer import load
from filters.scorers.langid import LangId, judge

DATA = Path(os.environ.get("TOWERKIT_DATA") or Path(__file__).parents[3] / "shared" / "data")
UNKNOWN = ("ang", "kab", "nov")
"""Languages of Tatoeba that lid.176 has no label for."""
UDHR = {
    "hrv": "hr", "bos_latn": "bs", "srp_latn": "sr-Latn", "srp_cyrl": "sr-Cyrl", "ind": "id", "mly_latn": "ms",
    "nob": "nb", "nno": "nn", "dan": "da", "ces": "cs", "slk": "sk", "bul": "bg", "mkd": "mk", "por_BR": "pt-BR",
    "por_PT": "pt-PT", "cmn_hans": "zh-Hans", "cmn_hant": "zh-Hant", "afr": "af", "nld": "nl", "tur": "tr",
    "azj_latn": "az",
}  # fmt: skip
"""Translations of the Universal Declaration of Human Rights into languages that identification confuses."""


def tatoeba(half: int) -> pl.DataFrame:
    """Every other sentence in 27 languages, and every twentieth English one."""
    rows: list[tuple[str, str]] = []
    for file in sorted((DATA / "tatoeba_laser").glob("tatoeba.*")):
        language = file.suffix[1:]
        lines = file.read_text(encoding="utf-8").split("\n")[half :: 20 if language == "eng" else 2]
        rows += [(language, line) for line in lines if line.strip() and language not in UNKNOWN]
    return pl.DataFrame(rows, schema=["language", "text"], orient="row")


def declarations(half: int) -> pl.DataFrame:
    """Every other piece of 5, 15 and 60 words (in Chinese: twice as many characters)."""
    rows: list[tuple[str, str, str]] = []
    with zipfile.ZipFile(DATA / "nltk_corpora" / "udhr2.zip") as archive:
        for name, language in UDHR.items():
            text = re.sub(r"\s+", " ", archive.read(f"udhr2/{name}.txt").decode("utf-8"))[200:]
            words, gap, scale = (list(text), "", 2) if language.startswith("zh") else (text.split(), " ", 1)
            for size in (5, 15, 60):
                starts = range(0, len(words) - size * scale, size * scale)[half::2]
                rows += [(language, f"{size:2} words", gap.join(words[at : at + size * scale])) for at in starts]
    return pl.DataFrame(rows, schema=["language", "group", "text"], orient="row")


def letters(texts: pl.Series) -> pl.Series:
    """A text's length as a group."""
    labels = [" 2-7 letters", " 8-14 letters", "15-24 letters", "25-39 letters", "40- letters"]
    return texts.str.count_matches(r"\p{L}").cut([7, 14, 24, 39], labels=labels).cast(pl.String)


def show(title: str, texts: pl.Series, wanted: pl.Series, groups: pl.Series) -> None:
    """Per cent of the texts that are taken for the requested language, for another, or for neither."""
    recognizer = load(None)
    first = recognizer.best(texts.str.replace_all("\n", " ").to_list())
    plain = [bool(guess.code) and same_language(guess.code, code) for guess, code in zip(first, wanted, strict=True)]
    flag = judge(texts, wanted, recognizer, LangId().prior)["flag"]
    verdicts = {"requested": flag.eq_missing(True), "other": flag.eq_missing(False), "untold": flag.is_null()}
    frame = pl.DataFrame({"group": groups, "fastText": plain, **verdicts})
    shares = [pl.len().alias("texts"), *(pl.col(name).mean().mul(100).round(1) for name in frame.columns[1:])]
    parts = [frame.group_by("group").agg(shares).sort("group"), frame.select(pl.lit("all").alias("group"), *shares)]
    print(f"\n{title}\n{'':14} {'texts':>7} {'fastText':>9} {'requested':>10} {'other':>7} {'untold':>7}")
    for group, count, *rest in pl.concat(parts).iter_rows():
        print(f"{group:14} {count:7} {rest[0]:9} {rest[1]:10} {rest[2]:7} {rest[3]:7}")


def main() -> None:
    if not DATA.is_dir():
        sys.exit("skipped: needs the real test data; set TOWERKIT_DATA to its folder")
    half = 0 if "--tuning" in sys.argv else 1
    pick = random.Random(0).choice
    print("Per cent that are taken for the requested language: by fastText's first label, and by the scorer")
    sentences = tatoeba(half)
    foreign = sentences.filter(pl.col("language") != "eng")
    english = sentences.filter(pl.col("language") == "eng")["text"]
    languages = sorted(set(foreign["language"]))
    show("In the requested language", foreign["text"], foreign["language"], letters(foreign["text"]))
    show("In English, another requested", english, pl.Series([pick(languages) for _ in english]), letters(english))
    others = {
        code: [other for other in languages if not same_language(code, other) and not confusable(code, other)]
        for code in languages
    }
    wanted = pl.Series([pick(others[code]) for code in foreign["language"]])
    show("In another language than requested", foreign["text"], wanted, letters(foreign["text"]))
    pieces = declarations(half)
    show("In the requested language of a confusable group", pieces["text"], pieces["language"], pieces["group"])
    rows = [
        (text, wanted, group)
        for code, group, text in pieces.iter_rows()
        for wanted in UDHR.values()
        if confusable(code, wanted)
    ]
    mates = pl.DataFrame(rows, schema=["text", "wanted", "group"], orient="row")
    show("In another language of the group than requested", mates["text"], mates["wanted"], mates["group"])


if __name__ == "__main__":
    main()
