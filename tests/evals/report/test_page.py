"""The report's folder: a page, plots, a page to explore, and all numbers; safe from the names in it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from evaluated import ARABIC, CHAT, HOSTILE, MODELS, MT, results

from corpus.errors import UserError
from evals.report.page import write_report
from evals.report.results import Results
from filters.report.markdown import code


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(
        results(in_loop=frozenset({"base"}), unjudged={"cpt-1": 3}), tmp_path_factory.mktemp("report") / "out"
    ).parent


def test_what_is_written(folder: Path) -> None:
    assert {file.name for file in folder.iterdir()} == {
        "README.md", "explore.html", "numbers.csv", "differences.csv", "pareto-1.svg", "pareto-2.svg",
    }  # fmt: skip


def test_the_page(folder: Path) -> None:
    page = (folder / "README.md").read_text("utf-8")
    titles = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert titles[0] == "Models"
    assert titles[-2:] == ["Published elsewhere", "Claims"]
    assert f"{MT.key} and {CHAT.key}" in titles
    frontier = next(line for line in page.splitlines() if line.startswith("On the frontier: "))
    assert code(ARABIC) in frontier
    assert code("cpt-1") not in frontier.split("Dominated")[0]
    assert "Without a number that may stand on each axis (not measured, not judged, or in the loop): `base`." in page
    assert re.search(r"Hypervolume [\d,.]+ against the reference point \(60, 0\)\.", page)
    assert "1 number in the loop" in page
    assert "<script" not in page
    assert "\u202e" not in page
    assert page.startswith("<!-- Made by `python -m evals compare`")


def test_no_file_lets_a_name_act(folder: Path) -> None:
    page = (folder / "explore.html").read_text("utf-8")
    assert page.count("<script") == 2
    assert page.count("</script>") == 2
    assert "<b>small</b>" not in page
    assert "\u202e" not in page
    for plot in folder.glob("*.svg"):
        assert b"<script" not in plot.read_bytes()


def test_nothing_is_fetched(folder: Path) -> None:
    page = (folder / "explore.html").read_text("utf-8")
    assert "default-src 'none'" in page
    assert not re.search(r"""(?:src|href)\s*=|@import|url\(|fetch\(|XMLHttpRequest|import\s*\(""", page)
    assert set(re.findall(r"https?://[^\s\"'<]*", page)) == {"http://www.w3.org/2000/svg"}


def test_the_same_results_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = write_report(results(in_loop=frozenset({"base"}), unjudged={"cpt-1": 3}), tmp_path / "again").parent
    for file in folder.iterdir():
        assert (again / file.name).read_bytes() == file.read_bytes(), file.name


def test_a_report_of_nothing(tmp_path: Path) -> None:
    page = write_report(Results("empty", (), ()), tmp_path / "out").read_text("utf-8")
    assert "0 models, 0 metrics" in page
    assert not list((tmp_path / "out").glob("*.csv"))


def test_what_is_left_out_stands_in_the_page(tmp_path: Path) -> None:
    told = replace(results(), left_out=("news: 3 rows set aside by the stage documents (no_document 3).", HOSTILE))
    page = write_report(told, tmp_path / "out").read_text("utf-8")
    assert "## Left out\n\n- news: 3 rows set aside by the stage documents (no&#95;document 3).\n- " in page
    assert HOSTILE not in page


def test_an_earlier_report_is_replaced_and_nothing_else_is(tmp_path: Path) -> None:
    write_report(results(), tmp_path / "out")
    plain = Results("less", MODELS, (results().measured[0],))
    write_report(plain, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*.svg"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").write_text(f"# {HOSTILE}", "utf-8")
    with pytest.raises(UserError, match="holds something else than a report"):
        write_report(plain, tmp_path / "mine")
