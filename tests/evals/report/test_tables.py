"""Tables: numbers with all that belongs to them, in Markdown and in HTML."""

import html
import re

import pytest
from evaluated import ARABIC, CHAT, HOSTILE, MT, results, right_or_wrong
from hypothesis import given
from hypothesis import strategies as st

from evals.published import published
from evals.report.results import Model, Results
from evals.report.tables import (
    Sheet,
    differences_frame,
    interval,
    models_sheet,
    numbers_frame,
    p_told,
    published_sheet,
    sheets,
)


def test_a_table_of_numbers() -> None:
    sheet = sheets(results(in_loop=frozenset({"base"}), unjudged={"cpt-1": 9}))[0]
    rows = {row[1]: dict(zip(sheet.header, row, strict=True)) for row in sheet.rows}
    assert sheet.title == MT.key
    assert [rows[name]["group"] for name in (HOSTILE, ARABIC, "cpt-1", "base")] == ["1", "1", "2", "–"]
    assert (rows["cpt-1"]["n"], rows["cpt-1"]["unjudged"]) == ("51", "9")
    assert rows["base"][""] == "in the loop"
    assert re.fullmatch(r"\[\d+(\.\d+)?, \d+(\.\d+)?\]", rows["base"]["95 %"])
    assert len({row["signature"] for row in rows.values()}) == 4
    letter = rows["cpt-1"]["signature"]
    assert f"Signature {letter}: xcomet-xxl|model:cpt-1|version:1" in sheet.below


def test_a_model_without_a_verdict() -> None:
    measured = right_or_wrong("a", [float("nan")] * 3)
    (sheet,) = sheets(Results("r", (Model("a"),), (measured,)))
    assert sheet.rows == [["–", "a", "", "–", "–", "0", "3", "a", "nothing judged"]]


def test_an_interval_of_all_right() -> None:
    (sheet,) = sheets(Results("r", (Model("a"),), (right_or_wrong("a", [1.0] * 10),)))
    assert sheet.rows[0][3:7] == ["1", "[0.7225, 1]", "10", "0"]


def test_models_and_their_numbers_in_plots() -> None:
    rows = models_sheet(results()).rows
    assert rows[0] == ["#1", "base", "base", "", ""]
    assert rows[3] == ["#4", ARABIC, "merge", f"cpt-1, {HOSTILE}", "0.5"]


def test_published_figures_of_what_was_measured() -> None:
    sheet = published_sheet(published(), results())
    assert sheet
    assert {row[0] for row in sheet.rows} == {"wmt24pp", "m-arenahard"}
    assert {row[5] for row in sheet.rows} == {"[notes]", "[memory]"}
    assert published_sheet(published(), Results("r", (), ())) is None


def test_files() -> None:
    numbers = numbers_frame(results(in_loop=frozenset({"base"})))
    assert numbers.height == 12
    assert numbers["in_loop"].sum() == 1
    assert differences_frame(results()).height == 3 * 6
    assert differences_frame(Results("r", (), ())).height == 0


@pytest.mark.parametrize(("p", "told"), [(0.00001, "< 0.001"), (0.0123, "= 0.012"), (1.0, "= 1")])
def test_p_values(p: float, told: str) -> None:
    assert p_told(p) == told


@pytest.mark.parametrize(
    ("low", "high", "told"), [(1.0, 2.5, " [1, 2.5]"), (float("nan"), 1.0, ""), (float("nan"), float("nan"), "")]
)
def test_intervals(low: float, high: float, told: str) -> None:
    assert interval(low, high) == told


@given(st.text(), st.text())
def test_no_text_breaks_out_of_a_table(cell: str, below: str) -> None:
    sheet = Sheet("t", "lr", ["a", "b"], [[cell, "1"]], [below])
    lines = sheet.markdown().split("\n\n")[0].split("\n")
    assert len(lines) == 3
    assert lines[2].count("|") == 3
    page = sheet.html()
    tags = re.findall(r"<[^>]*>", page)
    assert set(tags) <= {
        "<table>", "</table>", "<thead>", "</thead>", "<tbody>", "</tbody>", "<tr>", "</tr>", "<p>", "</p>", "</td>",
        "</th>", '<td class="text">', '<td class="number">', '<th class="text">', '<th class="number">',
        '<span dir="auto">', "</span>",
    }  # fmt: skip


@pytest.mark.parametrize("text", [HOSTILE, "标题 <b>", "ไทย & हिन्दी", CHAT.key])
def test_text_is_there_as_it_was(text: str) -> None:
    page = Sheet("t", "l", ["a"], [[text]]).html()
    assert text in html.unescape(re.sub(r"</?(?:td|span)[^>]*>", "", page))
