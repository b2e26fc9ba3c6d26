"""What the engines that ask a server say to it, and what they make of its words."""

from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from corpus.errors import UserError
from datagen.engines.bodies import Bodies, is_about_form
from datagen.engines.completions import Answer
from datagen.engines.openai import Openai
from datagen.engines.structured import fields, misfit

SCHEMA = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ({}, {}),
        ({"temperature": 0.0, "top_p": 0.9, "top_k": 5}, {"temperature": 0.0, "top_p": 0.9, "top_k": 5}),
        ({"max_tokens": 64}, {"max_tokens": 64}),
        ({"max_tokens": 64, "max_tokens_as": "max_completion_tokens"}, {"max_completion_tokens": 64}),
        ({"stop": ["\n"], "logprobs": True}, {"stop": ["\n"], "logprobs": True}),
        ({"extra_body": {"reasoning_effort": "low"}}, {"reasoning_effort": "low"}),
        ({"choice": ["ja", "否"]}, {"structured_outputs": {"choice": ["ja", "否"]}}),
        ({"regex": "[A-D]"}, {"structured_outputs": {"regex": "[A-D]"}}),
        ({"regex": "[A-D]", "structured_as": "sglang"}, {"regex": "[A-D]"}),
        ({"choice": ["a.", "否"], "structured_as": "sglang"}, {"regex": r"(a\.)|(否)"}),
        (
            {"json_schema": SCHEMA},
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA},
                }
            },
        ),
    ],
)
def test_a_body(options: dict[str, Any], body: dict[str, Any]):
    engine = Openai(**{"model": "m", **options})
    bodies = Bodies(engine.body(), engine.extra_body)
    messages = [{"role": "user", "content": "שלום, 世界"}]
    whole = orjson.loads(bodies.whole(bodies.prompt(messages), 7, 1))
    assert whole == {"model": "m", "messages": messages, "seed": 7, "stream": False, **body}
    assert orjson.loads(bodies.whole(bodies.prompt(messages), 7, 3))["n"] == 3


def test_null_leaves_a_field_out():
    bodies = Bodies({"model": "m", "temperature": 1.0}, {"seed": None, "temperature": None})
    assert orjson.loads(bodies.whole(bodies.prompt([]), 7, 1)) == {"model": "m", "messages": [], "stream": False}


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("Unrecognized request argument supplied: top_k", "top_k"),
        ("Unsupported parameter: 'max_tokens' is not supported with this model.", "max_tokens"),
        ("Unexpected keys in the request: {'top_k'}", "top_k"),
        ("body.seed: Extra inputs are not permitted", "seed"),
        ("max_tokens is too large: 99999", None),
        ("Invalid 'messages': unsupported image", None),
        ("Unknown role 'alien'", None),
    ],
)
def test_a_refusal_is_about_a_field_or_about_the_prompt(message: str, field: str | None):
    assert Bodies({"model": "m", "top_k": 5, "max_tokens": 9}, {}).refused_field(message) == field


@pytest.mark.parametrize(
    ("message", "form"),
    [
        ("'response_format' is not supported", True),
        ("Unexpected keys in the request: {'structured_outputs'}", True),
        ("Invalid grammar: unmatched (", True),
        ("Invalid 'messages': expected at least one", False),
    ],
)
def test_a_refusal_is_about_the_form(message: str, form: bool):
    assert is_about_form(message) == form


@pytest.mark.parametrize(
    ("text", "form", "fits"),
    [
        ("否", {"choice": ("ja", "否")}, True),
        (" ja\n", {"choice": ("ja", "否")}, True),
        ("Ja.", {"choice": ("ja", "否")}, False),
        ("B", {"regex": "[A-D]"}, True),
        ("B, because", {"regex": "[A-D]"}, False),
        ("第1句\n第2句", {"regex": "第.*"}, True),
        ('{"score": 3}', {"json_schema": SCHEMA}, True),
        ('{"points": 3}', {"json_schema": SCHEMA}, False),
        ("[3]", {"json_schema": SCHEMA}, False),
        ("Score: 3", {"json_schema": SCHEMA}, False),
        ("3", {"json_schema": {"enum": [3]}}, True),
    ],
)
def test_an_answer_fits_its_form(text: str, form: dict[str, Any], fits: bool):
    engine = Openai(model="m", **form)
    problem = engine.misfit(Answer(text, None, "stop", None))
    assert (problem is None) == fits
    assert problem is None or problem.kind == "unstructured"
    assert engine.misfit(Answer(text, None, "length", None)) is None
    assert (misfit(text, form.get("json_schema"), form.get("choice", ()), form.get("regex")) is None) == fits


def test_no_form_is_no_field():
    assert fields(None, (), None, "vllm") == {}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"base_url": "127.0.0.1:8000/v1"}, "is no address"),
        ({"base_url": "http://me:secret@host/v1"}, "api_key_env"),
        ({"base_url": "https://host/v1?key=secret"}, "api_key_env"),
        ({"base_url": []}, "empty list"),
        ({"regex": "(["}, "no regular expression"),
        ({"regex": "a", "choice": ["a"]}, "at most one of choice, regex"),
        ({"extra_body": {"messages": []}}, "cannot set 'messages'"),
        ({"extra_body": {"seed": 3}}, "cannot set 'seed'"),
        ({"rpm": 0}, "greater than 0"),
        ({"temperatur": 0}, "temperatur"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], said: str):
    with pytest.raises(ValidationError) as error:
        Openai(**{"model": "m", **options})
    assert said in str(error.value.errors(include_input=False))


def test_addresses_are_spelled_one_way():
    assert Openai(model="m", base_url=["http://a/v1/", "http://a/v1", "http://b/v1/chat/completions"]).base_urls == (
        "http://a/v1",
        "http://b/v1",
    )


def test_what_changes_no_answer_is_in_no_key():
    plain = Openai(model="m")
    fast = Openai(model="m", base_url="http://a/v1", max_concurrency=8, rpm=5, tpm=5, retries=0, samples_together=True)
    assert (fast.identity(), fast.sampling()) == (plain.identity(), plain.sampling())
    for option in ({"revision": "2"}, {"choice": ["a"]}, {"extra_body": {"x": 1}}, {"max_tokens": 5}):
        other = Openai(**{"model": "m", **option})
        assert (other.identity(), other.sampling()) != (plain.identity(), plain.sampling())
        assert set(Openai.speed).isdisjoint(option)


@pytest.mark.parametrize(
    ("options", "environment", "name"),
    [
        ({}, {}, None),
        ({}, {"OPENAI_API_KEY": "k"}, "OPENAI_API_KEY"),
        ({"base_url": "http://a/v1"}, {"OPENAI_API_KEY": "k"}, None),
        ({"base_url": "http://a/v1", "api_key_env": "MINE"}, {"MINE": "k"}, "MINE"),
    ],
)
def test_a_key_goes_only_where_it_belongs(
    options: dict[str, Any], environment: dict[str, str], name: str | None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    engine = Openai(**{"model": "m", **options})
    assert engine.key_name == name
    assert engine.key() == (None if name is None else "k")


@pytest.mark.parametrize("value", [None, "", " \n"])
def test_a_key_that_is_not_there_is_named(value: str | None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MINE", raising=False)
    if value is not None:
        monkeypatch.setenv("MINE", value)
    with pytest.raises(UserError, match="MINE is not set"):
        Openai(model="m", api_key_env="MINE").key()
