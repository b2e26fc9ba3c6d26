"""`datagen scorer test`: what a scorer catches, judges, and cannot judge."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import corpus
import filters.scorers
from corpus.manifest import Score
from filters.corruptions import CORRUPTIONS

Command = Callable[..., Any]
LANGUAGES = ("de", "ja", "zh-Hans", "th", "ar", "hi")

PLUGIN = '''
"""`even`: a scorer that tells nothing apart."""
import polars as pl

from filters.base import ScoreColumn, Scorer


class Even(Scorer):
    """Calls all outputs equally good."""

    def needs(self, kind):
        return ["@output"]

    def columns(self, kind):
        return [ScoreColumn(name=f"score_{self.stem}", higher_is_better=True)]

    def score(self, frame):
        return pl.DataFrame({f"score_{self.stem}": [1.0] * frame.height})
'''

LEARNED = '''
"""`marks`: a learned scorer that counts full stops and refuses texts that hold Latin letters."""
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from filters.learned import NOTE, Judged, LearnedScorer, rows_of, values_frame


class Marks(LearnedScorer):
    """Full stops of the output; fewer are better, for the sake of the test."""

    log: Path
    locations = ("log",)

    def needs(self, kind):
        return ["@output"]

    def values(self):
        return {"score": False}

    def signature(self):
        return "marks|version:1"

    def licence(self):
        return "CC-BY-NC-4.0"

    def items(self, frame):
        latin = frame["@output"].str.contains("[a-z]")
        note = pl.select(pl.when(latin).then(pl.lit("latin"))).to_series().alias(NOTE)
        return pl.DataFrame([rows_of(frame), frame["@output"].alias("text"), note])

    @contextmanager
    def open(self, services):
        def judge(items):
            with self.log.open("a", encoding="utf-8") as handle:
                print(items.height, file=handle)
            scores = [float(sum(text.count(mark) for mark in "。।؟.")) for text in items["text"]]
            yield Judged(range(items.height), values_frame({"score": scores}, [None] * items.height))

        yield judge
'''


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Put a scorer's file where scorers are found."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    monkeypatch.setattr(filters.scorers, "__path__", [*filters.scorers.__path__, str(folder)])
    made = []

    def add(name: str, text: str) -> None:
        (folder / f"{name}.py").write_text(text, "utf-8")
        importlib.invalidate_caches()
        made.append(name)

    yield add
    for name in made:
        sys.modules.pop(f"filters.scorers.{name}", None)


TEXTS = {
    "de": "Satz {n} kommt um {n} Uhr. Danach kommen {m} weitere!",
    "ja": "第{n}文は{n}時に来る。次に{m}つ来る。",
    "zh-Hans": "第{n}句{n}点来。然后来{m}句。",
    "th": "ประโยคที่ {n} มาถึงเวลา {n} นาฬิกา จากนั้นมาอีก {m}",
    "ar": "تأتي الجملة {n} في الساعة {n}. هل تأتي {m} أخرى؟",
    "hi": "वाक्य {n} को {n} बजे आता है। फिर {m} और आते हैं।",
}


@pytest.fixture
def dataset(tmp_path: Path) -> Callable[..., Path]:
    """Good translations in six languages."""

    def made(kind: str = "response", sources: int = 12, languages: tuple[str, ...] = LANGUAGES, **more: Any) -> Path:
        rows = []
        for language in languages:
            for n in range(sources):
                source = f"Sentence {n} comes at {n} o'clock. Then {n + 20} more come!"
                text = TEXTS[language].format(n=n, m=n + 20)
                row = {"source": source, "src_lang": "en", "tgt_lang": language}
                if kind == "pair":
                    rows.append({**row, "target": text, **more})
                    continue
                prompt = {"prompt": [{"role": "user", "content": f"{language}: {source}"}]}
                answer = {"engine": "good", "sample": 0, "references": [text], "prompt_id": f"{language[:2]}{n:030d}"}
                rows.append({**row, **prompt, **answer, "response": text, "score_human": 1.0, **more})
                rows.append({**rows[-1], "engine": "bad", "response": "?", "score_human": 0.0})
        scores = {"score_human": Score(higher_is_better=True)} if kind == "response" else {}
        return corpus.write(rows, kind, tmp_path / f"rows-{kind}-{sources}-{len(languages)}", scores=scores).path

    return made


def caught(folder: Path) -> dict[tuple[str, str, str], dict[str, Any]]:
    table = pl.read_csv(folder / "caught.csv")
    return {(row["score"], row["corruption"], row["language"]): row for row in table.iter_rows(named=True)}


def test_chrf_notices_what_a_reference_tells(command: Command, dataset: Callable[..., Path], tmp_path: Path) -> None:
    said = command("scorer", "test", "chrf", dataset(), "--threshold", "60", "--out", tmp_path / "out")
    assert said.code == 0, said.err
    assert "score_chrf: share of spoiled copies that score worse" in said.out
    assert "12 originals in th" in said.out
    told = caught(tmp_path / "out")
    assert {language for _, _, language in told} == {*LANGUAGES, "all"}
    for corruption in CORRUPTIONS:
        row = told["score_chrf", corruption, "all"]
        # Thai of this kind has no sentence marks; where there is none, the corruption does not apply.
        expected = 60 if corruption == "punctuation_missing" else 72
        assert (row["copies"], row["inapplicable"], row["unjudged"]) == (expected, 72 - expected, 0), corruption
        # chrF sees neither white space nor, for all we know, every number that changes its place.
        assert row["caught"] > 0.9, corruption
        assert row["low"] < row["caught"] <= row["high"]
        assert row["kept"] == 1.0
    assert told["score_chrf", "unrelated", "ja"]["drop"] > told["score_chrf", "numbers_swapped", "ja"]["drop"] > 0
    assert told["score_chrf", "source_copied", "all"]["dropped"] == 1.0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"README.md", "caught.csv", "caught-score_chrf.svg"}


def test_the_same_seed_gives_the_same(command: Command, dataset: Callable[..., Path]) -> None:
    folder = dataset()
    first, again, other = (command("scorer", "test", "chrf", folder, "--seed", seed).out for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_scorer_that_tells_nothing_apart_is_a_coin(
    command: Command, dataset: Callable[..., Path], plugin: Callable[[str, str], None], tmp_path: Path
) -> None:
    plugin("even", PLUGIN)
    said = command("scorer", "test", "even", dataset("pair"), "--rows", "5", "--out", tmp_path / "out")
    assert said.code == 0, said.err
    told = caught(tmp_path / "out")
    assert {row["caught"] for row in told.values() if row["judged"]} == {0.5}
    assert "5 originals in ar" in said.out


def test_a_learned_scorer_is_asked_once(
    command: Command, recipe: Callable[..., Path], go: Callable[..., Any], dataset: Callable[..., Path],
    plugin: Callable[[str, str], None], tmp_path: Path,
) -> None:  # fmt: skip
    plugin("marks", LEARNED)
    log = tmp_path / "log"
    folder = dataset("pair", languages=("ja", "hi"))
    path = recipe(
        f"rows: {{read: {{dataset: '{folder}'}}}}\nscored: {{score: {{scorers: [{{marks: {{log: '{log}'}}}}]}}}}"
    )
    go(path)
    assert log.read_text().split() == ["24"]
    words = ("scorer", "test", path, tmp_path / "runs/test/scored", "--stage", "scored", "--out", tmp_path / "out")
    said = command(*words)
    assert said.code == 0, said.err
    first = log.read_text().split()
    assert len(first) == 2  # the originals were known from the run, their copies were not
    assert command(*words).code == 0
    assert log.read_text().split() == first
    told = caught(tmp_path / "out")
    # Lower is better here: a doubled sentence has more marks and is worse, a dropped one is better.
    assert told["score_marks", "sentence_doubled", "ja"]["caught"] == 1.0
    assert told["score_marks", "sentence_dropped", "ja"]["caught"] == 0.0
    # The copied source holds Latin letters: it is not judged, and that is no catch.
    copied = told["score_marks", "source_copied", "hi"]
    assert (copied["unjudged"], copied["judged"], copied["caught"]) == (12, 0, None)
    assert "CC-BY-NC-4.0" in (tmp_path / "out" / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("scorer", "kind", "words", "message"),
    [
        ("chrff", "response", (), "Did you mean 'chrf'"),
        ("{chrf: {word_order: x}}", "response", (), "word_order"),
        ("chrf", "pair", (), "scorer 'chrf' needs references"),
        ("langid", "response", ("--threshold", "0.5"), "--threshold is for one score"),
        ("human: {field: x}", "text", (), "holds rows of kind 'text'"),
        ("nothing.yaml", "response", (), "nothing.yaml"),
        ("chrf", "response", ("--stage", "scored"), "is no recipe's file"),
        ("{", "response", (), "scorer, line"),
        ("agreement", "response", (), "compares the answers to a prompt with each other"),
    ],
)
def test_what_cannot_be(
    command: Command,
    dataset: Callable[..., Path],
    tmp_path: Path,
    scorer: str,
    kind: str,
    words: tuple[str, ...],
    message: str,
) -> None:
    if kind == "text":
        folder = corpus.write([{"text": "Hallo", "tgt_lang": "de"}], "text", tmp_path / "text").path
    else:
        folder = dataset(kind, sources=2)
    said = command("scorer", "test", scorer, folder, *words)
    assert said.code == 2, said.out
    assert message in said.err


@pytest.mark.parametrize("text", ["", "  "])
def test_rows_without_text(command: Command, tmp_path: Path, text: str) -> None:
    rows = [{"source": "a", "target": text, "src_lang": "en", "tgt_lang": "de"}]
    folder = corpus.write(rows, "pair", tmp_path / "rows").path
    said = command("scorer", "test", "langid", folder)
    assert (said.code, "no row with a source and a translation" in said.err) == (2, True)


def test_one_row(command: Command, dataset: Callable[..., Path]) -> None:
    said = command("scorer", "test", "langid", dataset("pair", sources=1, languages=("ar",)))
    assert said.code == 0, said.err
    assert "1 original in ar" in said.out


def test_a_recipes_stages_are_named(
    command: Command, recipe: Callable[..., Path], dataset: Callable[..., Path]
) -> None:
    folder = dataset()
    path = recipe(f"rows: {{read: {{dataset: '{folder}'}}}}\nscored: {{score: {{scorers: [chrf]}}}}")
    said = command("scorer", "test", path, folder, "--stage", "scroed")
    assert (said.code, "Did you mean 'scored'" in said.err) == (2, True)
    assert command("scorer", "test", path, folder).code == 0
