"""The page on languages is made from what it tells of."""

import re
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
import yaml

import filters
from corpus.languages import TOWER_PLUS, TOWER_PLUS_VARIETIES, english_name
from datagen.languages import COLUMNS, page, rows
from filters.constraints.catalog import CONSTRAINTS
from filters.recognizer import load
from filters.translation_rules.families import FAMILIES
from filters.translation_rules.forms import MARKERS
from filters.translation_rules.support import families_for

PACKAGE = Path(filters.__file__).parent
CELL = {column.title: column.cell for column in COLUMNS}
RULES = f"rules, of {len(FAMILIES)}"


@pytest.fixture
def asked_anew() -> Iterator[None]:
    """What families answered is forgotten before and after."""
    families_for.cache_clear()
    yield
    families_for.cache_clear()


def test_the_page_has_a_row_for_every_language() -> None:
    told = page()
    lines = {line.split("`")[1]: line for line in told.splitlines() if line.startswith("| `")}
    assert list(lines)[: len(TOWER_PLUS)] == list(TOWER_PLUS)
    assert set(TOWER_PLUS_VARIETIES) <= set(lines)
    assert set(load(None).languages) <= set(lines)
    assert {"th", "ar", "he", "tr", "vi", "sw", "bn"} <= set(lines)
    assert set(re.findall(r"^## (.*)", told, re.MULTILINE)) == set(rows())
    assert {line.count(" | ") for line in lines.values()} == {len(COLUMNS)}
    assert sum(len(codes) for codes in rows().values()) == len(lines)
    assert all(english_name(code) in line for code, line in lines.items())


@pytest.mark.parametrize("language", [*TOWER_PLUS, "ar", "th"])
def test_counts_are_those_of_the_wordings(language: str) -> None:
    file = PACKAGE / f"constraints/wordings/{language}.yaml"
    told = str(len(yaml.safe_load(file.read_text("utf-8"))["constraints"])) if file.is_file() else ""
    assert CELL["constraints"](language) == told
    file = PACKAGE / f"translation_rules/wordings/{language}.json"
    sentences = orjson.loads(file.read_bytes()).values() if file.is_file() else []
    assert CELL["rule wordings"](language) == str(sum(map(len, sentences)) or "")
    asked = yaml.safe_load((PACKAGE / "preferences.yaml").read_text("utf-8"))["wordings"]
    assert CELL["preference"](language) == ("yes" if language in asked else "")


def test_languages_with_wordings_are_as_many_as_files() -> None:
    every = [code for codes in rows().values() for code in codes if "-" not in code and code not in ("nb", "nn")]
    for title, folder in (("constraints", "constraints"), ("rule wordings", "translation_rules")):
        files = [file for file in (PACKAGE / folder / "wordings").iterdir() if file.stem != "zh-Hant"]
        assert len([code for code in every if CELL[title](code)]) == len(files)
    assert {CELL["constraints"](code) for code in TOWER_PLUS} == {str(len(CONSTRAINTS))}


@pytest.mark.usefixtures("asked_anew")
def test_a_cell_changes_with_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    before = int(CELL[RULES]("sv"))
    assert "address" in CELL["without"]("sv")
    monkeypatch.setitem(MARKERS, "sv", MARKERS["de"])
    families_for.cache_clear()
    assert int(CELL[RULES]("sv")) == before + 1
    assert "address" not in CELL["without"]("sv")


@pytest.mark.parametrize(
    ("language", "column", "cell"),
    [
        ("es-419", "without", ""),
        ("pt", "without", "punctuation, variety"),
        ("pt-BR", "without", "punctuation"),
        ("zh-Hant", "without", "capitals"),
        ("no", "without", "punctuation, address, variety"),
        ("no", "recognized as", "nb, nn"),
        ("th", "without", "punctuation, address, capitals, variety"),
        ("hi", "digits", "१२३"),
        ("th", "digits", "๑๒๓"),
        ("ar", "digits", "١٢٣ ۱۲۳"),
        ("ja", "digits", ""),
        ("de", "numbers", "`1.234.567,5`"),
        ("en", "numbers", "`1,234,567.5`"),
        ("fr", "numbers", "`1 234 567,5`"),
        ("bar", "numbers", ""),
        ("fi", "stems", "yes"),
        ("is", "stems", ""),
        ("sw", "constraints", ""),
        ("nn", "preference", "yes"),
        ("he", "preference", ""),
    ],
)
def test_cells(language: str, column: str, cell: str) -> None:
    assert CELL[column](language) == cell


@pytest.mark.parametrize("language", TOWER_PLUS)
def test_every_family_but_those_of_some_languages_is_there(language: str) -> None:
    some = {"quotes", "punctuation", "address", "capitals", "variety"}
    assert set(FAMILIES) - set(families_for(language)) <= some
