"""Learned scorers in recipes: each item is judged once, what was judged is kept, and a kill costs little."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import corpus
import filters.scorers
from corpus.errors import Failure
from datagen.scores.store import keys_of

Stages = Callable[..., dict[str, corpus.Dataset]]

SCORER = '''
"""A small learned scorer: it counts letters, slowly enough to be watched."""
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from filters.learned import NOTE, Judged, LearnedScorer, rows_of, values_frame


class Letters(LearnedScorer):
    """Counts the letters of the output."""

    log: Path
    weight: float = 1.0
    breaks_at: str = ""
    batch: int = 2
    locations = ("log",)
    speed = ("breaks_at", "batch")

    def needs(self, kind):
        return ["@output"]

    def values(self):
        return {"score": True, "label_kind": None}

    def signature(self):
        return f"letters|weight:{self.weight}"

    def licence(self):
        return "CC-BY-NC-4.0"

    def items(self, frame):
        empty = frame["@output"].str.strip_chars() == ""
        note = pl.select(pl.when(empty).then(pl.lit("empty output"))).to_series().alias(NOTE)
        return pl.DataFrame([rows_of(frame), frame["@output"].alias("text"), note])

    @contextmanager
    def open(self, services):
        def tell(what):
            with self.log.open("a", encoding="utf-8") as handle:
                print(what, file=handle)

        def judge(items):
            texts = items["text"].to_list()
            for start in range(0, len(texts), self.batch):
                part = texts[start : start + self.batch]
                if self.breaks_at and self.breaks_at in part:
                    raise RuntimeError("the model broke")
                for text in part:
                    tell(text)
                notes = ["truncated" if len(text) > 20 else "failed: busy" if text == "busy" else None for text in part]
                scores = [None if note == "failed: busy" else self.weight * len(t) for t, note in zip(part, notes)]
                kinds = ["long" if len(text) > 20 else "short" for text in part]
                values = values_frame({"score": scores, "label_kind": kinds}, notes)
                yield Judged(range(start, start + len(part)), values)

        tell("loaded")
        yield judge
'''


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file in which the scorer `letters` notes what it does."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "letters.py").write_text(SCORER, "utf-8")
    monkeypatch.setattr(filters.scorers, "__path__", [*filters.scorers.__path__, str(folder)])
    importlib.invalidate_caches()
    yield tmp_path / "log"
    sys.modules.pop("filters.scorers.letters", None)


def said(log: Path) -> list[str]:
    """What the scorer did since the last look."""
    lines = log.read_text("utf-8").splitlines() if log.is_file() else []
    log.unlink(missing_ok=True)
    return lines


def rows(*texts: str) -> list[dict[str, Any]]:
    return [{"text": text, "tgt_lang": "en"} for text in texts]


def test_columns_notes_and_manifest(log: Path, stages: Stages) -> None:
    made = stages(
        rows("one", "eleven", "one", " ", "דוּגמה", "a text of more than twenty letters"),
        "text",
        f"scored: {{score: {{scorers: [{{letters: {{log: '{log}', as: size}}}}]}}}}",
    )
    frame = made["scored"].scan().select(pl.col("^.*size.*$")).collect()
    assert frame.to_dict(as_series=False) == {
        "label_size_kind": ["short", "short", "short", None, "short", "long"],
        "label_size_note": [None, None, None, "empty output", None, "truncated"],
        "score_size": [3.0, 6.0, 3.0, None, 6.0, 34.0],
    }
    assert said(log) == ["loaded", "one", "eleven", "דוּגמה", "a text of more than twenty letters"]
    scores = made["scored"].manifest.scores
    assert scores["label_size_note"].labels == {"empty output": 1, "truncated": 1}
    told = scores["score_size"]
    assert (told.signature, told.family, told.licence, told.unjudged) == (
        "letters|weight:1.0",
        "letters",
        "CC-BY-NC-4.0",
        1,
    )


def test_only_new_items_are_judged(log: Path, stages: Stages) -> None:
    score = f"scored: {{score: {{scorers: [{{letters: {{log: '{log}'}}}}]}}}}\n"
    kept = "kept: {select: {filters: [{threshold: {column: score_letters, min: 3}}]}}"
    stages(rows("one", "two"), "text", score + kept)
    assert said(log) == ["loaded", "one", "two"]
    # Another threshold asks nothing of the model, nor do the same rows in another order.
    stages(rows("two", "one"), "text", score + kept.replace("3", "4"))
    assert said(log) == []
    stages(rows("two", "three", "one"), "text", score)
    assert said(log) == ["loaded", "three"]
    # Another column name is no other scorer; another weight is.
    stages(rows("one"), "text", score.replace("log:", "as: other, log:"))
    assert said(log) == []
    stages(rows("one"), "text", score.replace("log:", "weight: 2, log:"))
    assert said(log) == ["loaded", "one"]


def test_what_was_judged_outlives_a_failure(log: Path, stages: Stages) -> None:
    some = rows("one", "two", "three", "four")
    with pytest.raises(RuntimeError, match="the model broke"):
        stages(some, "text", f"scored: {{score: {{scorers: [{{letters: {{log: '{log}', breaks_at: three}}}}]}}}}")
    assert said(log) == ["loaded", "one", "two"]
    made = stages(some, "text", f"scored: {{score: {{scorers: [{{letters: {{log: '{log}'}}}}]}}}}")
    assert said(log) == ["loaded", "three", "four"]
    assert made["scored"].scan().collect()["score_letters"].to_list() == [3.0, 3.0, 5.0, 4.0]


def test_what_failed_for_the_moment_is_asked_again(log: Path, stages: Stages) -> None:
    score = f"scored: {{score: {{scorers: [{{letters: {{log: '{log}'}}}}]}}}}"
    made = stages(rows("busy", "one"), "text", score)
    assert made["scored"].scan().collect()["label_letters_note"].to_list() == ["failed: busy", None]
    said(log)
    stages(rows("busy", "one", "two"), "text", score)
    assert said(log) == ["loaded", "busy", "two"]


def test_a_damaged_store_is_named(log: Path, stages: Stages, tmp_path: Path) -> None:
    score = f"scored: {{score: {{scorers: [{{letters: {{log: '{log}'}}}}]}}}}"
    stages(rows("one"), "text", score)
    [file] = tmp_path.glob("runs/test/scores/letters-*/*.parquet")
    file.write_bytes(b"PAR1")
    with pytest.raises(Failure, match=r"000000\.parquet is damaged.*Remove it"):
        stages(rows("two"), "text", score)


def test_selections_remember_the_family(log: Path, stages: Stages) -> None:
    made = stages(
        rows("one", "eleven"),
        "text",
        f"""
        scored: {{score: {{scorers: [{{letters: {{log: '{log}'}}}}, repetition]}}}}
        kept: {{select: {{filters: [{{threshold: {{column: score_letters, min: 4}}}}]}}}}
        unique: {{dedup: {{}}}}
        """,
    )
    [selection] = made["unique"].manifest.selected_by
    assert (selection.column, selection.stage, selection.family) == ("score_letters", "kept", "letters")
    assert made["unique"].manifest.scores["score_repetition_lines"].family == "repetition"
    assert json.loads((made["unique"].path / "manifest.json").read_text())["selected_by"][0]["family"] == "letters"


def test_keys_of_rows_that_stand_in_pieces() -> None:
    """An empty piece before others, as unions leave behind where all rows of the first are filtered out."""
    first, second = (pl.DataFrame({"a": [text], "b": [text]}) for text in ("早上好", "صباح الخير"))
    pieces = pl.concat([first, second], rechunk=False).filter(pl.col("a") != "早上好")
    assert keys_of(pieces, ["a", "b"]).to_list() == keys_of(second, ["a", "b"]).to_list()
    assert keys_of(second.clear(), ["a", "b"]).to_list() == []
