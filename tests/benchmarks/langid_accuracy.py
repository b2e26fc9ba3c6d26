"""How often language identification is right on short sentences, with the requested language as a prior and without.

Prior and cut-offs were chosen on every other sentence of this data (the even ones); the numbers are of the rest.
Run: python tests/benchmarks/langid_accuracy.py [--tuning]
"""

import os
import random
import re
import sys
import zipfile
from pathlib import Path

import polars as pl

from corpus.languages import confusable, parse, same_language
from filters.recognizer import load
from filters.scorers.langid import judge

DATA = Path(os.environ.get("TOWERKIT_DATA") or Path(__file__).parents[3] / "shared" / "data")
# Languages that lid.176 has no label for.
UNKNOWN = {"ang", "kab", "nov"}
UDHR = {
    "hrv": "hr", "bos_latn": "bs", "srp_latn": "sr-Latn", "srp_cyrl": "sr-Cyrl", "ind": "id", "mly_latn": "ms",
    "nob": "nb", "nno": "nn", "dan": "da", "ces": "cs", "slk": "sk", "bul": "bg", "mkd": "mk", "por_BR": "pt-BR",
    "por_PT": "pt-PT", "cmn_hans": "zh-Hans", "cmn_hant": "zh-Hant", "afr": "af", "nld": "nl", "tur": "tr",
    "azj_latn": "az",
}  # fmt: skip


def sentences(half: int) -> pl.DataFrame:
    """Every other sentence of Tatoeba with its language, and every tenth of its English side."""
    rows = []
    for file in sorted((DATA / "tatoeba_laser").glob("tatoeba.*-eng.*")):
        code = file.suffix[1:]
        lines = file.read_text(encoding="utf-8").split("\n")
        if code not in UNKNOWN:
            rows += [(code, line) for line in lines[half :: 20 if code == "eng" else 2] if line.strip()]
    return pl.DataFrame(rows, schema=["language", "text"], orient="row")


def pieces(half: int) -> pl.DataFrame:
    """Every other piece of the Universal Declaration in confusable languages: 5, 15 and 60 words, or 10, 30, 120 signs."""
    rows = []
    with zipfile.ZipFile(DATA / "nltk_corpora" / "udhr2.zip") as archive:
        for name, code in UDHR.items():
            text = re.sub(r"\s+", " ", archive.read(f"udhr2/{name}.txt").decode("utf-8"))[200:]
            spaces = not code.startswith("zh")
            words = text.split() if spaces else list(text)
            for size in (5, 15, 60) if spaces else (10, 30, 120):
                cut = [words[at : at + size] for at in range(0, len(words) - size, size)][half::2]
                rows += [(code, size if spaces else size // 2, (" " * spaces).join(piece)) for piece in cut]
    return pl.DataFrame(rows, schema=["language", "size", "text"], orient="row")


def outcomes(texts: pl.Series, wanted: pl.Series, prior: float) -> pl.DataFrame:
    """Shares of rows taken for the requested language, not judged, and taken for another."""
    flag = judge(texts, wanted, load(None), prior)["flag"]
    return pl.DataFrame({"yes": flag.fill_null(False), "untold": flag.is_null(), "no": ~flag.fill_null(True)})


def plain(texts: pl.Series, wanted: pl.Series) -> pl.Series:
    """Whether fastText's first label is the requested language."""
    guesses = load(None).best(texts.str.replace_all("\n", " ").to_list())
    return pl.Series([bool(g.code) and same_language(g.code, code) for g, code in zip(guesses, wanted, strict=True)])


def table(title: str, texts: pl.Series, wanted: pl.Series, groups: pl.Series) -> None:
    frame = pl.DataFrame({"group": groups, "rows": 1, "first label": plain(texts, wanted)})
    for name, prior in (("", 100.0), (" without prior", 1.0)):
        frame = frame.hstack(outcomes(texts, wanted, prior).rename(lambda c, n=name: f"{c}{n}"))
    means = [pl.col(c).mean().mul(100).round(1) for c in frame.columns[2:]]
    print(f"\n{title}: per cent that are taken for the requested language")
    parts = [frame.group_by("group").agg(pl.len().alias("rows"), *means).sort("group")]
    parts.append(frame.select(pl.lit("all").alias("group"), pl.len().alias("rows"), *means))
    with pl.Config(
        tbl_rows=100, tbl_cols=20, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True, tbl_width_chars=200
    ):
        print(pl.concat([part.with_columns(pl.col("group").cast(pl.String)) for part in parts]))


def letters(texts: pl.Series) -> pl.Series:
    return texts.str.count_matches(r"\p{L}").cut(
        [7, 14, 24, 39], labels=["1: 2-7", "2: 8-14", "3: 15-24", "4: 25-39", "5: 40-"]
    )


def main() -> None:
    if not DATA.is_dir():
        sys.exit("needs the real test data: set TOWERKIT_DATA to its folder")
    half = 0 if "--tuning" in sys.argv else 1
    random_ = random.Random(0)
    tatoeba = sentences(half)
    foreign = tatoeba.filter(pl.col("language") != "eng")
    codes = sorted(foreign["language"].unique())
    table("right language, by letters", foreign["text"], foreign["language"], letters(foreign["text"]))
    english = tatoeba.filter(pl.col("language") == "eng")["text"]
    table("English, another requested", english, pl.Series([random_.choice(codes) for _ in english]), letters(english))
    others = [
        random_.choice([c for c in codes if not same_language(c, code) and not confusable(c, code)])
        for code in foreign["language"]
    ]
    table("another language than requested", foreign["text"], pl.Series(others), letters(foreign["text"]))
    declaration = pieces(half)
    labels = declaration["language"] + " " + declaration["size"].cast(pl.String).str.zfill(2)
    table("right language of a confusable group, by words", declaration["text"], declaration["language"], labels)
    pairs = [
        (text, wanted, f"{parse(code).code} for {wanted} {size:02}")
        for code, size, text in declaration.iter_rows()
        for wanted in UDHR.values()
        if wanted != code
        and (confusable(code, wanted) or not same_language(code, wanted))
        and parse(code).language[:1]
        and confusable(code, wanted)
    ]
    frame = pl.DataFrame(pairs, schema=["text", "wanted", "group"], orient="row")
    table("a confusable language for the requested one", frame["text"], frame["wanted"], frame["group"])


if __name__ == "__main__":
    main()
