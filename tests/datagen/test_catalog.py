"""`datagen list` and the documentation know whatever a recipe may name, from the classes alone."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from corpus.errors import UserError
from corpus.schema import KINDS
from datagen.catalog import SECTIONS, Entry, entries, find
from datagen.catalog_pages import as_json, markdown, plain
from datagen.engines.names import ENGINES
from datagen.readers.names import reader_names
from datagen.stages import STAGES
from filters.names import filter_names, scorer_names, verifier_names

ROOT = Path(__file__).parents[2]
EVERY = {(entry.section, entry.name): entry for entry in find()}


def entry(section: str, name: str) -> Entry:
    return EVERY[section, name]


def test_every_name_is_listed() -> None:
    assert list(SECTIONS) == [
        "stages",
        "readers",
        "tasks",
        "engines",
        "makers",
        "scorers",
        "filters",
        "verifiers",
        "kinds",
    ]
    names = {section: [e.name for e in entries(section)] for section in SECTIONS}
    assert names["stages"] == list(STAGES)
    assert names["readers"] == reader_names()
    assert names["engines"] == list(ENGINES)
    assert names["scorers"] == scorer_names()
    assert names["filters"] == filter_names()
    assert names["verifiers"] == verifier_names()
    assert names["kinds"] == list(KINDS)
    assert "translate" in names["tasks"]


@pytest.mark.parametrize(("section", "name"), EVERY)
def test_everything_says_what_it_is_for(section: str, name: str) -> None:
    found = entry(section, name)
    assert len(found.summary) > 8
    assert [option.name for option in found.options if len(option.doc) < 8] == []
    assert "\n" not in "".join([option.doc + option.type for option in found.options])


@pytest.mark.parametrize(
    ("section", "name", "option", "words"),
    [
        ("filters", "length_ratio", "max", ("number, above 1", "2.5")),
        ("filters", "length_ratio", "unjudged", ("drop | keep", "drop")),
        ("filters", "wrong_language", "side", ("output | source | both", "output")),
        ("scorers", "langid", "as", ("text", "null")),
        ("scorers", "langid", "prior", ("number, at least 1", "100")),
        ("scorers", "chrf", "whitespace", ("true or false", "false")),
        ("scorers", "human", "field", ("text", None)),
        ("scorers", "contamination", "against", ("list of paths", None)),
        ("stages", "generate", "engines", ("list of engines", None)),
        ("engines", "openai", "as", ("text", "null")),
        ("engines", "openai", "temperature", ("number, at least 0", "null")),
        ("engines", "openai", "base_url", ("text or list of texts", "https://api.openai.com/v1")),
        ("readers", "jsonl", "jsonl", ("text or list of texts", None)),
        ("readers", "jsonl", "columns", ("mapping of texts to (text or list of texts)", "{}")),
        ("readers", "csv", "delimiter", ("text", ",")),
        ("stages", "read", "max_bad", ("number, at least 0 and at most 1", "0.001")),
        ("stages", "select", "filters", ("list of filters", None)),
        ("stages", "pair", "by", ("text or list of texts or mapping of texts to numbers", None)),
        ("stages", "dedup", "keep", ("text", "first")),
        ("verifiers", "preference", "preferred", ("A | B", None)),
        ("verifiers", "math", "language", ("text", "null")),
        ("verifiers", "translation_rules", "rules", ("list of rules", None)),
        ("verifiers", "constraints", "constraints", ("list of mappings of texts to anything", None)),
        ("verifiers", "code", "pairs", ("list of pairs of texts", "[]")),
        ("verifiers", "code", "seconds", ("whole number, at least 1 and at most 30", "5")),
    ],
)
def test_options_are_told_in_the_words_of_a_recipe(
    section: str, name: str, option: str, words: tuple[str, str | None]
) -> None:
    (found,) = (o for o in entry(section, name).options if o.name == option)
    assert (found.type, found.default) == words


@pytest.mark.parametrize(
    ("section", "name", "fact", "words"),
    [
        ("filters", "length_ratio", "Reads", "`output`, `source`"),
        ("filters", "length_ratio", "Kinds", "pair, prompt, response, sft, preference"),
        ("filters", "wrong_language", "After the scorer", "langid"),
        ("scorers", "chrf", "Needs", "output, references"),
        ("scorers", "chrf", "Adds", "`score_chrf`, higher is better"),
        ("scorers", "chrf", "Kinds", "prompt, response, verifiable"),
        ("scorers", "human", "Adds", "`score_human`, higher is better"),
        ("readers", "mqm", "Counts", "rated answers"),
        ("stages", "mix", "Works", "on all rows at once"),
        ("stages", "select", "Works", "shard by shard, in parallel"),
        ("verifiers", "language", "Is a gate", "yes: a failed one makes the reward 0"),
        ("verifiers", "math", "Is a gate", "no"),
        ("verifiers", "code", "Runs programs", "yes: only where `allow_code` says so"),
        ("verifiers", "format", "Runs programs", "no"),
        ("kinds", "pair", "Never null", "source, target"),
    ],
)
def test_facts_come_from_the_classes(section: str, name: str, fact: str, words: str) -> None:
    assert entry(section, name).facts[fact] == words


def test_own_options_stand_before_shared_ones() -> None:
    assert [o.name for o in entry("filters", "length_ratio").options] == ["max", "unjudged"]
    assert next(o.name for o in entry("readers", "tmx").options) == "tmx"


def test_a_name_of_two_sections_shows_both() -> None:
    assert [e.section for e in find("repetition")] == ["scorers", "filters"]
    assert [e.section for e in find("preference")] == ["makers", "verifiers", "kinds"]
    assert [e.section for e in find("filter", "repetition")] == ["filters"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("lenth_ratio",), "Did you mean 'length_ratio'?"),
        (("filter", "emty"), "Did you mean 'empty'?"),
        (("verifier", "maths"), "Did you mean 'math'?"),
        (("filtres", "empty"), "Did you mean 'filters'?"),
    ],
)
def test_an_unknown_name_gets_the_nearest(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError) as error:
        find(*words)
    assert message in str(error.value)


def test_text_fits_the_terminal_where_words_allow() -> None:
    lines = plain(find(), 100).splitlines()
    assert max(map(len, lines)) <= 100
    in_full = plain(find("length_ratio"), 80)
    assert in_full.startswith("length_ratio (filter)\n\nDrops outputs")
    assert "  max: number, above 1 (default 2.5)\n      Largest ratio to keep" in in_full


def test_machines_get_json() -> None:
    assert json.loads(json.dumps(as_json(find()))) == as_json(find())
    (told,) = as_json(find("filters", "length_ratio"))
    assert {o["name"]: o["required"] for o in told["options"]} == {"max": False, "unjudged": False}


@pytest.mark.parametrize("section", SECTIONS)
def test_pages_are_markdown(section: str) -> None:
    page = markdown(section, "Title", "Opening.")
    assert page.startswith("# Title\n\nOpening.\n\n")
    headings = [line for line in page.splitlines() if line.startswith("## ")]
    assert headings == [f"## `{e.name}`" for e in entries(section)]
    tables = [line for line in page.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in tables} <= {5}


SHOUTING = '''"""`shouting`: capitals only."""

from __future__ import annotations

import polars as pl

from filters.base import OUTPUT, Filter


class Shouting(Filter):
    """Drops texts that are written in capitals."""

    min_letters: int = 3
    """Letters that a text must have to be judged."""

    def reject(self) -> pl.Expr:
        """True where there is no small letter."""
        letters = OUTPUT.str.count_matches(r"\\p{L}")
        return (letters >= self.min_letters) & ~OUTPUT.str.contains(r"\\p{Ll}")
'''

RECIPE = """
stages:
  texts: {read: {text: {en: texts.en}}}
  kept: {select: {filters: [shouting: {min_letters: 4}]}}
"""


@pytest.mark.slow
def test_a_new_filter_is_one_new_file(tmp_path: Path) -> None:
    for part in ("corpus", "filters", "datagen", "docs"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    (tmp_path / "filters" / "rules" / "shouting.py").write_text(SHOUTING, "utf-8")
    (tmp_path / "recipe.yaml").write_text(RECIPE, "utf-8")
    (tmp_path / "texts.en").write_text("STOP THAT NOW\nPlease stop.\nOK\n", "utf-8")

    def python(*words: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "NO_MKDOCS_2_WARNING": "1"}
        command = [sys.executable, "-m", *words]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "shouting" in python("datagen.cli", "list")
    assert "Letters that a text must have to be judged." in python("datagen.cli", "list", "filters", "shouting")
    python("datagen.cli", "run", "recipe.yaml", "--workers", "1")
    (manifest,) = tmp_path.glob("runs/recipe/kept-*/manifest.json")
    assert json.loads(manifest.read_text("utf-8"))["counts"]["dropped"] == {"shouting": 1}
    python("mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site"))
    assert "Drops texts that are written in capitals." in (tmp_path / "site/filters/index.html").read_text("utf-8")
