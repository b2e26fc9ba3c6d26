"""What the report writes: text that cannot break out of the page, numbers people can read, a folder of its own."""

import html
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corpus
from corpus.errors import UserError
from corpus.manifest import Score
from filters.report import markdown
from filters.report.folder import MARK, Folder
from filters.report.page import write_report
from filters.report.plots import Bar, Heatmap, Panel, as_svg, funnel, heatmap, histograms

PAIRS = [
    {"source": f"Satz {n}", "target": f"sentence {n}", "src_lang": "de", "tgt_lang": "en", "score_x": n / 10}
    for n in range(30)
]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, with: marks (and more)!", "plain, with: marks (and more)!"),
        ("a | b", "a &#124; b"),
        ("<b>bold</b> & **bold**", "&#60;b&#62;bold&#60;/b&#62; &#38; &#42;&#42;bold&#42;&#42;"),
        ("one\ntwo\r\n  three", "one ⏎ two ⏎ three"),
        ("[link](https://example.org) `code`", "&#91;link&#93;(https&#58;//example.org) &#96;code&#96;"),
        ("www.example.org", "www&#46;example.org"),
        ("{name} {{ page }}", "{name} &#123;{ page }}"),
        # What would turn the rest of the page around is shown, not done.
        ("abc\u202edef\u2069", "abc⟨U+202E⟩def⟨U+2069⟩"),
        ("ends\x00here", "ends⟨U+0000⟩here"),
        # Joiners belong to the writing of Persian and Hindi.
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)
def test_escaped(text: str, shown: str) -> None:
    assert markdown.escaped(text) == shown


@given(st.text())
def test_quoted_text_stays_on_its_line_and_in_its_cell(text: str) -> None:
    shown = markdown.quoted(text)
    assert len(shown.splitlines()) == 1
    assert "|" not in shown
    inner = shown.removeprefix('<span dir="auto">').removesuffix("</span>")
    assert inner == shown or not re.search(r"[<>*_`\[\]~$\\]", inner)


@given(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=200))
def test_what_is_escaped_can_be_read_back(text: str) -> None:
    assert html.unescape(markdown.escaped(text)) == text


def test_a_letter_keeps_its_marks_where_text_is_cut() -> None:
    assert markdown.shortened("नमस्ते दुनिया", 3) == "नमस्ते…"
    assert markdown.shortened("👩‍👩‍👧 family", 2) == "👩‍👩‍👧 …"
    assert markdown.shortened("short", 10) == "short"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("length_ratio", "`length_ratio`"),
        ("en>pt-BR", "`en>pt-BR`"),
        ("lid.176.ftz|prior:100", '<span dir="auto">lid.176.ftz&#124;prior&#58;100</span>'),
        ("نظام", '<span dir="auto">نظام</span>'),
        ("a`b", '<span dir="auto">a&#96;b</span>'),
        ("", "*empty*"),
    ],
)
def test_names(name: str, shown: str) -> None:
    assert markdown.code(name) == shown


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (1, 3, "33.3 %"),
        (0, 3, "0.0 %"),
        (3, 3, "100.0 %"),
        (1, 10_000, "<0.1 %"),
        (9_999, 10_000, ">99.9 %"),
        (0, 0, "–"),
    ],
)
def test_percent(part: int, whole: int, shown: str) -> None:
    assert markdown.percent(part, whole) == shown


@pytest.mark.parametrize(
    ("number", "shown"), [(0.123456, "0.1235"), (-0.0, "0"), (54321.9, "54,322"), (7.0, "7"), (None, "–")]
)
def test_real(number: float | None, shown: str) -> None:
    assert markdown.real(number) == shown


def test_a_long_table_is_cut_and_the_rest_counted() -> None:
    cut = markdown.table("lr", ["name", "rows"], [[f"n{n}", str(n)] for n in range(25)], full="[all.csv](all.csv)")
    assert cut.splitlines()[:3] == ["| name | rows |", "| --- | ---: |", "| n0 | 0 |"]
    assert cut.splitlines()[-1] == "5 more rows: [all.csv](all.csv)."


def test_a_dataset_alone_can_be_reported(tmp_path: Path) -> None:
    dataset = corpus.write(PAIRS, "pair", tmp_path / "pairs", scores={"score_x": Score(higher_is_better=True)})
    page = write_report([dataset], tmp_path / "report", name="alone").read_text("utf-8")
    assert "30 pair rows" in page
    assert "| `score_x` ↑ | 30 | 0 | 0.0 % | 1.45 | 0 | 0.725 | 1.45 | 2.175 | 2.9 |" in page
    assert {file.name for file in (tmp_path / "report").iterdir()} >= {"README.md", "funnel.svg", "scores.csv"}


def test_an_earlier_report_is_replaced_whole(tmp_path: Path) -> None:
    scores = {"score_x": Score(higher_is_better=True)}
    with_scores = corpus.write(PAIRS, "pair", tmp_path / "a", scores=scores)
    without = corpus.write([{k: v for k, v in row.items() if k != "score_x"} for row in PAIRS], "pair", tmp_path / "b")
    write_report([with_scores], tmp_path / "report", name="a")
    assert (tmp_path / "report" / "scores.csv").is_file()
    write_report([without], tmp_path / "report", name="b")
    assert not list((tmp_path / "report").glob("scores*"))


@pytest.mark.parametrize("name", ["README.md", "notes.txt"])
def test_a_folder_that_is_no_report_is_left_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("# mine\n", "utf-8")
    dataset = corpus.write(PAIRS, "pair", tmp_path.parent / f"pairs-{tmp_path.name}", scores={"score_x": Score()})
    with pytest.raises(UserError, match="holds something else than a report"):
        write_report([dataset], tmp_path, name="a")
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_numbers_of_files_have_six_digits(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "report")
    assert folder.csv("a.csv", pl.DataFrame({"x": [1 / 3], "n": [1234567]})) == "[a.csv](a.csv)"
    assert (tmp_path / "report" / "a.csv").read_text() == "x,n\n0.333333,1234567\n"
    assert folder.csv("b.csv", pl.DataFrame({"x": []})) == ""
    assert folder.page("# a").read_text().startswith(MARK)


def test_equal_plots_are_equal_files_that_name_no_time_and_no_program() -> None:
    def plots() -> list[bytes]:
        panels = [Panel("en>de", pl.Series([1, 2] * 20).to_numpy(), pl.Series([1, 0] * 20).to_numpy())] * 5
        return [
            as_svg(funnel([Bar("kept (select)", 10, 7, "7 of 10"), Bar("none (pair)", 0, 0, "0 prompts")])),
            as_svg(heatmap(Heatmap(["copied"], ["en>de", "en>ar"], [[0.5, 0.001]], "share"))),
            as_svg(histograms(panels, 0.0, 1.0, "score_x", every="all", kept="kept")),
        ]

    first = plots()
    assert first == plots()
    for svg in first:
        assert svg.startswith(b"<?xml")
        assert b"<dc:date>" not in svg
        assert b"Matplotlib" not in svg
