"""What a judge is shown of a row: the texts that a rubric's placeholders stand for, by the row's kind."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from filters.learned import NOTE, ROW, rows_of
from filters.rubric import TEXTS, WORDS, Rubric

REFERENCE = "reference"
"""What an answer is compared with where no other engine is named."""
_LANGUAGES = {"source_language": "src_lang", "target_language": "tgt_lang"}
_CONTENT = pl.element().struct.field("content")


def needed(rubric: Rubric, kind: str, against: str | None) -> Sequence[str]:
    """Columns, roles as `@source` and `@output`, that rows of a kind must have."""
    columns = {
        "source": ["@source"],
        "output": ["@output"],
        "prompt": ["messages"] if kind == "sft" else ["prompt"],
        "reference": ["references"],
        "a": ["chosen"] if kind == "preference" else ["@output"],
        "b": _other(kind, against),
        **{word: [column] for word, column in _LANGUAGES.items()},
    }
    return list(dict.fromkeys(column for name in rubric.placeholders for column in columns[name]))


def _other(kind: str, against: str | None) -> list[str]:
    if kind == "preference":
        return ["rejected"]
    return ["references"] if against == REFERENCE else ["prompt_id", "engine", "sample"]


def judge_items(frame: pl.DataFrame, rubric: Rubric, against: str | None) -> pl.DataFrame:
    """One item for each row: a column for each placeholder, `@row` and `@note`."""
    holes = rubric.placeholders
    items = pl.DataFrame([rows_of(frame), *(_texts(frame, hole, against).alias(hole) for hole in holes)])
    texts = [hole for hole in holes if hole not in ("a", "b")]
    notes: list[pl.Expr] = [pl.when(_blank(hole)).then(pl.lit(_note(hole))) for hole in texts]
    if rubric.told.compares:
        left, right = ("chosen", "rejected") if "chosen" in frame.columns else ("output", against or REFERENCE)
        items = items.with_columns(left=pl.lit(left), right=pl.lit(right))
        if against and against != REFERENCE:
            own = pl.lit(frame["engine"] == against)
            notes.insert(0, pl.when(own).then(pl.lit("the one compared with")))
        notes += _compared()
    # A row of which something is missing shows the judge nothing; its texts do not matter.
    return items.with_columns(pl.coalesce(notes).alias(NOTE)).sort(ROW)


def _compared() -> list[pl.Expr]:
    """What is known of two answers without a judge: one that is not there is no answer, an empty one is."""
    both = (pl.col("a") == pl.col("b")) | (_blank("a") & _blank("b"))
    return [
        pl.when(pl.col("b").is_null()).then(pl.lit("no other answer")),
        pl.when(both).then(pl.lit("equal answers")),
        pl.when(_blank("a")).then(pl.lit("empty output")),
        pl.when(_blank("b")).then(pl.lit("empty other answer")),
    ]


def _blank(hole: str) -> pl.Expr:
    return pl.col(hole).is_null() | (pl.col(hole).str.strip_chars() == "")


def _note(hole: str) -> str:
    if hole in WORDS:
        return "no language"
    return "empty output" if hole == "output" else f"no {TEXTS[hole]}"


def _texts(frame: pl.DataFrame, hole: str, against: str | None) -> pl.Series:
    """What a placeholder stands for in each row; null where a row has nothing of it."""
    preference = "chosen" in frame.columns
    match hole:
        case "source" | "output":
            return frame[f"@{hole}"]
        case "prompt":
            return _transcript(frame)
        case "reference":
            return frame["references"].list.first()
        case "a":
            return frame["chosen"].list.last().struct.field("content") if preference else frame["@output"]
        case "b" if preference:
            return frame["rejected"].list.last().struct.field("content")
        case "b":
            return frame["references"].list.first() if against == REFERENCE else _answers_of(frame, str(against))
    return _language_names(frame[_LANGUAGES[hole]])


def _transcript(frame: pl.DataFrame) -> pl.Series:
    """What was asked: of one message its text, of several each behind its role."""
    turns = (
        pl.col("messages").list.slice(0, pl.col("messages").list.len() - 1)
        if "messages" in frame.columns
        else (pl.col("prompt"))
    )
    spoken = turns.list.eval(pl.format("[{}]\n{}", pl.element().struct.field("role"), _CONTENT)).list.join("\n\n")
    alone = (turns.list.len() == 1) & (turns.list.first().struct.field("role") == "user")
    text = pl.when(alone).then(turns.list.first().struct.field("content")).otherwise(spoken)
    return frame.select(text.alias("prompt")).to_series()


def _answers_of(frame: pl.DataFrame, engine: str) -> pl.Series:
    """For each row the first sample that an engine answered to the same prompt."""
    answers = frame.filter(pl.col("engine") == engine).sort("sample", maintain_order=True)
    first = answers.unique("prompt_id", keep="first", maintain_order=True).select("prompt_id", b=pl.col("@output"))
    return frame.select("prompt_id").join(first, on="prompt_id", how="left", maintain_order="left")["b"]


def _language_names(codes: pl.Series) -> pl.Series:
    from corpus.languages import english_name

    names = {code: english_name(code) for code in codes.drop_nulls().unique().to_list() if code != "und"}
    return codes.replace_strict(names, default=None, return_dtype=pl.String)
