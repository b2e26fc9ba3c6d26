"""The YAML loader: what values are, where they stand, `${NAME}`, `--set`, and what errors say."""

from pathlib import Path
from typing import Literal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, field_validator

from corpus.config import dotted, load, validate
from corpus.errors import UserError, nearest
from corpus.plain_yaml import MOST_VALUES, parse

RECIPE = """\
name: wmt
stages:
  outputs: {read: {wmt: news, pairs: [de-en]}}
  kept:
    select:
      filters:
        - empty
        - length_ratio: {max: 3}
"""


class LengthRatio(BaseModel):
    model_config = ConfigDict(extra="forbid")

    max: float = Field(default=3, gt=0)
    min: float = 0
    as_: str | None = Field(default=None, alias="as")


class Select(BaseModel):
    model_config = ConfigDict(extra="forbid")

    filters: list[str | dict[str, LengthRatio]]
    unjudged: Literal["drop", "keep"] = "drop"
    by: str | list[str] | dict[str, float] | None = None
    count: int = 1

    @field_validator("count")
    @classmethod
    def even(cls, count: int) -> int:
        if count % 2 == 0:
            raise ValueError("must be odd")
        return count


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text: str | bytes) -> str:
        Path("recipe.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
        return "recipe.yaml"

    return write


def value_of(text):
    return parse(text, lambda line: f"recipe.yaml:{line}")[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),  # Norwegian, not false
        ("[no, on, yes, y, Off]", ["no", "on", "yes", "y", "Off"]),
        ("true", True),
        ("False", False),
        ("12:30", "12:30"),
        ("2026-01-31", "2026-01-31"),
        ("1e-5", 1e-5),
        ("-.5", -0.5),
        ("3.", 3.0),
        ("010", 10),
        ("0o17", 15),
        ("0xff", 255),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        ("'3'", "3"),
        ("!!str 3", "3"),
        ("", None),
        ("~", None),
        ("{a: , 2023: b, no: c}", {"a": None, "2023": "b", "no": "c"}),
        ("[&x {a: 1}, *x]", [{"a": 1}, {"a": 1}]),
        ("日本語: اَلْعَرَبِيَّةُ", {"日本語": "اَلْعَرَبِيَّةُ"}),
        ("\ufeffa: 1", {"a": 1}),
    ],
)
def test_a_value_is_what_it_looks_like(text, value):
    assert value_of(text) == value
    assert type(value_of(text)) is type(value)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner, max_size=3),
    max_leaves=8,
)


def escaped(value):
    match value:
        case str():
            return value.replace("${", "$${")
        case list():
            return [escaped(item) for item in value]
        case dict():
            return {key: escaped(item) for key, item in value.items() if key != "<<"}
    return value


@given(PLAIN)
def test_what_pyyaml_writes_is_read_back(value):
    quoted = yaml.safe_dump(escaped(value), default_style='"', allow_unicode=True)
    expected = yaml.safe_load(yaml.safe_dump(value, default_style='"'))
    if "<<" not in str(value):
        assert value_of(quoted) == expected


@given(st.text())
def test_any_text_is_read_or_refused_with_its_line(text):
    refusal = ""
    try:
        value_of(text)
    except UserError as error:
        refusal = str(error)
    assert refusal == "" or refusal.startswith("recipe.yaml:")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "recipe.yaml:3: the key 'a' stands here again; it stood in line 1"),
        ("a:\n  2023: x\n  '2023': y", "recipe.yaml:3: the key '2023' stands here again; it stood in line 2"),
        ("a: [1,\n  2", "recipe.yaml:2: not valid YAML: while parsing a flow sequence, expected ',' or ']'"),
        ("\na: {b: ${X}/c}", 'recipe.yaml:2: not valid YAML: .* Within { } or \\[ \\], "\\${NAME}" needs its quotes'),
        ("a: 1\n---\nb: 2", "recipe.yaml:2: not valid YAML: expected a single document"),
        ("a: *b", "recipe.yaml:1: not valid YAML: found undefined alias 'b'"),
        ("a:\n  - !!timestamp 2026-01-31", "recipe.yaml:2: '2026-01-31' cannot be read as '!!timestamp'"),
        ("a: !!int three", "recipe.yaml:1: 'three' cannot be read as '!!int'"),
        ("a: 1e999", "recipe.yaml:1: '1e999' cannot be read as '!!float'"),
        ("a: !!set {b}", "recipe.yaml:1: the tag '!!set' is not allowed"),
        ("a: !!python/object/apply:os.getcwd []", "the tag '!!python/object/apply:os.getcwd' is not allowed"),
        ("? [a, b]\n: c", "recipe.yaml:1: a key must be a text"),
        ("a: &x {b: 1}\nc:\n  <<: *x", "recipe.yaml:3: merge keys"),
        ("a:\n- b\0", "recipe.yaml:2: the character U\\+0000 is not allowed"),
        ("a: &a [*a]", "recipe.yaml:1: nested too deeply, or an anchor that contains itself"),
        ("[" * 5000, "recipe.yaml:1: nested too deeply"),
    ],
)
def test_what_is_not_plain_is_refused(text, message):
    with pytest.raises(UserError, match=message):
        value_of(text)


def test_aliases_cannot_explode():
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    with pytest.raises(UserError, match=f"more than {MOST_VALUES:,} values once the aliases are written out"):
        value_of(bomb)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("${DATA}/wmt23", "/data/wmt23"),
        ("a: '${DATA}:${YEAR}'", {"a": "/data:2023"}),
        ("${YEAR}", "2023"),  # a text, though it looks like a number
        ("$${DATA}", "${DATA}"),
        ("$$${DATA}", "$${DATA}"),
        ("costs $5 {x}", "costs $5 {x}"),
        ("|\n  one\n  ${DATA}", "one\n/data"),
        ('{"${DATA}": 1}', {"${DATA}": 1}),  # keys are as they are written
    ],
)
def test_environment_variables(written, read, monkeypatch):
    monkeypatch.setenv("DATA", "/data")
    monkeypatch.setenv("YEAR", "2023")
    assert value_of(written) == read


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a: 1\nb: ${TOWERKIT_NOT_SET}",
            r"recipe.yaml:2: the environment variable TOWERKIT_NOT_SET is not set; set it",
        ),
        ("a: ${not a name}", r"recipe.yaml:1: `\$\{` must begin \$\{NAME\}"),
        ("a: ${", r"recipe.yaml:1: `\$\{` must begin"),
    ],
)
def test_environment_variables_that_are_not_there(text, message):
    with pytest.raises(UserError, match=message):
        value_of(text)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("name",), 1),
        (("stages", "outputs", "read", "pairs", 0), 3),
        (("stages", "kept"), 4),
        (("stages", "kept", "select", "filters", 0), 7),
        (("stages", "kept", "select", "filters", 1, "length_ratio", "max"), 8),
        (("stages", "kept", "select", "unjudged"), 5),  # not there: the mapping that lacks it
    ],
)
def test_lines(path, line, write):
    loaded = load(write(RECIPE))
    assert loaded.line(path) == line
    assert loaded.where(path) == f"recipe.yaml:{line}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: \xe9", "recipe.yaml:2: not valid UTF-8"),
        (b"# nothing", "recipe.yaml: found nothing, expected a mapping"),
        (b"- a", "recipe.yaml: found a list, expected a mapping"),
    ],
)
def test_files_that_cannot_be_a_recipe(content, message, write):
    with pytest.raises(UserError, match=message):
        load(write(content))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match=r"none\.yaml: cannot be read: No such file or directory"):
        load(tmp_path / "none.yaml")


def under_stages(_data, keys):
    return ["stages", *keys]


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("kept.select.unjudged=keep", ("unjudged",), "keep"),
        ("kept.select.filters[1].length_ratio.max=2.5", ("filters", 1, "length_ratio", "max"), 2.5),
        ("kept.select.filters.0=copied", ("filters", 0), "copied"),
        ("kept.select.filters=[empty, {copied: {}}]", ("filters",), ["empty", {"copied": {}}]),
        ("kept.select.by=a=b", ("by",), "a=b"),
        ("kept.select.by=no", ("by",), "no"),
        ("kept.select.by=", ("by",), None),
    ],
)
def test_settings(setting, path, value, write):
    loaded = load(write(RECIPE), sets=[setting], place=under_stages)
    at = loaded.data["stages"]["kept"]["select"]
    for key in path:
        at = at[key]
    path = ("stages", "kept", "select", *path)
    assert at == value
    assert loaded.line(path) is None
    assert loaded.where((*path, "anything", "inside")) == f"--set {setting}"
    assert loaded.line(("stages", "kept", "select")) == 5


def test_the_last_setting_wins_and_an_alias_is_set_alone(write):
    loaded = load(write("a: &x {n: 1}\nb: *x"), sets=["b.n=2", "b.n=3"])
    assert loaded.data == {"a": {"n": 1}, "b": {"n": 3}}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("stages.kept", "expected a path and a value"),
        ("stages..kept=1", "expected a path and a value"),
        ("stagse.kept.select=1", "the file has no 'stagse'. Did you mean 'stages'\\? It has: name, stages"),
        ("stages.kpt.select.by=1", "stages has no 'kpt'. Did you mean 'kept'\\? It has: outputs, kept"),
        ("stages.kept.select.filters[2]=x", r"stages.kept.select.filters is a list of 2, counted from 0; '2' is not"),
        ("stages.kept.select.filters.0.max=3", r"stages.kept.select.filters\[0\] is 'empty', in which 'max' cannot"),
        ("name=[", "not valid YAML"),
        ("name=${TOWERKIT_NOT_SET}", "the environment variable TOWERKIT_NOT_SET is not set"),
    ],
)
def test_settings_that_lead_nowhere(setting, message, write):
    with pytest.raises(UserError, match=message) as raised:
        load(write(RECIPE), sets=[setting])
    assert str(raised.value).startswith(f"--set {setting}: ")


def test_what_is_valid_becomes_a_model(write):
    loaded = load(write(RECIPE))
    data = loaded.data["stages"]["kept"]["select"]
    assert validate(data, Select, loaded=loaded).filters == ["empty", {"length_ratio": LengthRatio(max=3)}]


LISTED = "filters: [empty]\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "filters:\n- empty\n- length_ratio: {max: three}",
            "recipe.yaml:3: filters[1].length_ratio.max: found 'three', expected a number",
        ),
        (
            "filters:\n- length_ratio: {max: -1}",
            "recipe.yaml:2: filters[0].length_ratio.max: found -1, expected a number greater than 0",
        ),
        (
            "filters:\n- length_ratio: {mx: 3}",
            "recipe.yaml:2: filters[0].length_ratio: unknown option 'mx'. Did you mean 'max'? Known: max, min, as",
        ),
        (
            "filters:\n- length_ratio:\n    as: 3",
            "recipe.yaml:3: filters[0].length_ratio.as: found 3, expected a text (write it in quotes)",
        ),
        (
            "filters:\n- length_ratio: 3",
            "recipe.yaml:2: filters[0].length_ratio: found 3, expected a mapping of options",
        ),
        (
            LISTED + "unjudged: Keep",
            "recipe.yaml:2: unjudged: found 'Keep', expected 'drop' or 'keep'. Did you mean 'keep'?",
        ),
        (
            LISTED + "by: true",
            "recipe.yaml:2: by: found true, expected a text (write it in quotes) or a list or a mapping",
        ),
        (LISTED + "by: {chrf: high}", "recipe.yaml:2: by.chrf: found 'high', expected a number"),
        (LISTED + "count: 2.5", "recipe.yaml:2: count: found 2.5, expected a whole number"),
        (LISTED + "count: 2", "recipe.yaml:2: count: must be odd"),
        (LISTED + "count:", "recipe.yaml:2: count: found nothing, expected a whole number"),
        (
            LISTED + "\nfiltres: 3",
            "recipe.yaml:3: unknown option 'filtres'. Did you mean 'filters'? Known: filters, unjudged, by, count",
        ),
    ],
)
def test_problems_tell_place_finding_and_expectation(text, problem, write):
    loaded = load(write(text))
    with pytest.raises(UserError) as raised:
        validate(loaded.data, Select, loaded=loaded)
    assert str(raised.value) == problem


def test_a_part_is_validated_on_its_own_and_all_its_problems_are_told(write):
    setting = "stages.kept.select.filters[1].length_ratio.min=low"
    loaded = load(write(RECIPE.replace("{max: 3}", "{maximum: 3}")), sets=[setting])
    at = ("stages", "kept", "select", "filters", 1, "length_ratio")
    with pytest.raises(UserError) as raised:
        validate({"maximum": 3, "min": "low"}, LengthRatio, loaded=loaded, at=at)
    assert str(raised.value).splitlines() == [
        f"--set {setting}: {dotted(at)}.min: found 'low', expected a number",
        f"recipe.yaml:8: {dotted(at)}: unknown option 'maximum'. Did you mean 'max'? Known: max, min, as",
    ]


def test_options_that_come_from_no_file():
    with pytest.raises(UserError, match=r"^'filters' is missing\nunknown option 'filter'. Did you mean 'filters'\?"):
        validate({"filter": []}, Select)


def test_dotted():
    assert dotted(("stages", "kept", "filters", 2, "max")) == "stages.kept.filters[2].max"
    assert dotted(()) == ""


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("lenght_ratio", " Did you mean 'length_ratio'?"),
        ("Length-Ratio", " Did you mean 'length_ratio'?"),
        ("empt", " Did you mean 'empty'?"),
        ("quite another", ""),
    ],
)
def test_nearest(word, answer):
    assert nearest(word, ["empty", "length_ratio", "copied"]) == answer
