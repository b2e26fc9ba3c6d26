"""MQM ratings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import UserError
from datagen.readers.mqm import COLUMNS
from datagen.readers.names import open_reader
from filters.mqm import weight

HEADER = "system\tdoc\tdoc_id\tseg_id\trater\tsource\ttarget\tcategory\tseverity"


def rating(
    system: str = "A",
    seg: int = 1,
    rater: str = "r1",
    target: str = "Ein Satz.",
    category: str = "No-error",
    severity: str = "No-error",
    source: str = "A sentence.",
) -> str:
    return "\t".join([system, "doc", str(seg), str(seg), rater, source, target, category, severity])


@pytest.fixture
def mqm(tmp_path: Path, read: Callable[..., Any]) -> Callable[..., Any]:
    """Read lines of ratings."""

    def reading(*lines: str | bytes, header: str = HEADER, name: str = "mqm_test_ende.tsv", **options: Any) -> Any:
        path = tmp_path / name
        path.write_bytes(b"".join((x if isinstance(x, bytes) else x.encode()) + b"\n" for x in (header, *lines)))
        return read(mqm=str(path), **options)

    return reading


@pytest.mark.parametrize(
    ("category", "severity", "points"),
    [
        ("Accuracy/Mistranslation", "Major", 5),
        ("Accuracy/Mistranslation", "Minor", 1),
        ("Accuracy/Mistranslation", "Neutral", 0),
        ("No-error", "No-error", 0),
        ("no-error", "no-error", 0),
        ("Fluency/Punctuation", "Minor", 0.1),
        ("fluency/punctuation", "minor", 0.1),
        ("Fluency/Punctuation", "Major", 5),
        ("Non-translation", "Major", 25),
        ("Non-translation!", "Major", 25),
        ("Non-translation!", "Neutral", 0),
        ("Style/Awkward", "Dreadful", None),
    ],
)
def test_weights(category: str, severity: str, points: float | None) -> None:
    assert weight(category, severity) == points


def test_a_score_is_minus_the_sum_averaged_over_raters(mqm: Callable[..., Any]) -> None:
    reading = mqm(
        rating(rater="r1", category="Accuracy/Omission", severity="Major", source="A <v>sentence</v>."),
        rating(rater="r1", category="Fluency/Punctuation", severity="Minor", target="Ein Satz<v>.</v>"),
        rating(rater="r2"),
    )
    (row,) = reading.rows
    assert row["score_human"] == pytest.approx(-(5 + 0.1) / 2)
    assert (row["source"], row["response"]) == ("A sentence.", "Ein Satz.")
    assert row["meta"]["raters"] == {"r1": -5.1, "r2": 0.0}
    assert row["meta"]["errors"] == [
        {
            "rater": "r1",
            "category": "Accuracy/Omission",
            "severity": "Major",
            "weight": 5.0,
            "source_spans": [{"start": 2, "text": "sentence"}],
        },
        {
            "rater": "r1",
            "category": "Fluency/Punctuation",
            "severity": "Minor",
            "weight": 0.1,
            "spans": [{"start": 8, "text": "."}],
        },
    ]


def test_a_flawless_answer_has_zero_and_not_minus_zero(mqm: Callable[..., Any]) -> None:
    assert str(mqm(rating()).rows[0]["score_human"]) == "0.0"


def test_quotes_are_characters(mqm: Callable[..., Any]) -> None:
    assert mqm(rating(target='"Ein Satz.'), rating(seg=2, target='"')).rows[0]["response"] == '"Ein Satz.'


def test_answers_are_grouped_by_segment_and_human_ones_are_references(mqm: Callable[..., Any]) -> None:
    lines = [rating(system, seg, target=f"{system} {seg}") for system in ("B", "ref-A", "A", "ref") for seg in (2, 1)]
    rows = mqm(*lines).rows
    assert [(row["segment"], row["engine"]) for row in rows] == [("2", "A"), ("2", "B"), ("1", "A"), ("1", "B")]
    assert rows[0]["references"] == ["ref 2", "ref-A 2"]
    assert rows[0]["meta"]["references"] == ["ref", "ref-A"]

    both = mqm(*lines, references_as_candidates=True).rows
    assert [row["engine"] for row in both[:4]] == ["A", "B", "ref", "ref-A"]
    assert both[2]["references"] == ["ref-A 2"]

    named = mqm(*lines, reference_systems=["B"]).rows
    assert [row["engine"] for row in named[:3]] == ["A", "ref", "ref-A"]
    assert named[0]["references"] == ["B 2"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (rating(severity="Dreadful"), "unknown_severity"),
        (rating(target="Ein anderer Satz."), "different_texts"),
        (rating() + "\tone field more", "wrong_field_count"),
        (rating(target="Ein \xff Satz.").encode("latin-1"), "invalid_utf8"),
        (rating() + "\r", "carriage_return"),
        (rating(target="Ein\0 Satz."), "nul_byte"),
    ],
)
def test_an_answer_whose_ratings_are_not_all_good_is_set_aside(
    mqm: Callable[..., Any], line: str | bytes, reason: str
) -> None:
    reading = mqm(rating(), rating(seg=2), line, rating())
    assert reading.aside == [(2, reason)]
    assert [row["segment"] for row in reading.rows] == ["2"]


@pytest.mark.parametrize(
    ("lines", "options", "message"),
    [
        (["A\tdoc"], {}, r"mqm_test_ende\.tsv:2: found 2 fields, expected 9, so that it is unknown whose"),
        ([], {"header": HEADER.replace("severity", "severty")}, "no column 'severity'. Did you mean 'severty'"),
        (
            [rating()],
            {"name": "mqm_ende_2020.tsv"},
            "the file's name does not end in languages .*; give src_lang and tgt_lang",
        ),
        (["\n"], {"header": "\ufeff" + HEADER}, r"the header cannot be read: .*normalize: \[byte_order_mark\]"),
    ],
)
def test_files_that_are_refused(
    mqm: Callable[..., Any], lines: list[str], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        mqm(*lines, **options)


@pytest.mark.parametrize(
    ("name", "options", "languages"),
    [
        ("mqm_ted_ende.tsv", {}, ("en", "de")),
        ("mqm_generalMT2022_zhen.tsv.gz", {}, ("zh", "en")),
        ("mqm.en-de.tsv", {}, ("en", "de")),
        ("ratings.tsv", {"src_lang": "he", "tgt_lang": "en"}, ("he", "en")),
        ("mqm_ted_ende.tsv", {"tgt_lang": "de-AT"}, ("en", "de-AT")),
    ],
)
def test_languages_come_from_the_options_or_the_name(
    name: str, options: dict[str, str], languages: tuple[str, str]
) -> None:
    assert open_reader({"mqm": f"folder/{name}", **options}).identity() == {"languages": languages}


def test_the_score_column_says_how_it_is_made() -> None:
    (column,) = open_reader({"mqm": "mqm_ted_ende.tsv"}).score_columns()
    assert (column.name, column.higher_is_better) == ("score_human", True)
    assert column.signature == "mqm|major:5|minor:1|minor-punctuation:0.1|non-translation:25|over-raters:mean"
    assert set(COLUMNS) <= set(HEADER.split("\t"))


def test_scores_equal_the_published_averages(shared_data: Path, read: Callable[..., Any]) -> None:
    folder = shared_data / "mqm_google/ted/ende"
    published = {}
    for line in (folder / "mqm_ted_ende.avg_seg_scores.tsv").read_text().splitlines()[1:]:
        system, score, segment = line.split()
        published["ref" if system == "ref-A" else system, segment] = float(score)
    reading = read(mqm=str(folder / "mqm_ted_ende.tsv"), references_as_candidates=True)
    assert not reading.aside
    found = {(row["engine"], row["segment"]): row["score_human"] for row in reading.rows}
    assert found == pytest.approx(published, abs=5e-7)
