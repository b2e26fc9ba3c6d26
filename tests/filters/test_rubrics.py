"""What judges are asked: rubrics that come along, and texts that cannot break out of their place."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.schema import KINDS
from corpus.templates import fill, holes
from filters.families import model_family
from filters.json_schema import problems
from filters.judging import asked_again, messages
from filters.rubric import PLACEHOLDERS, TEXTS, read_rubric, shipped

EVERY = ["answer_quality", "instruction_following", "pairwise", "prompt_quality", "translation_errors"]
EVERY += ["translation_quality"]
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def test_what_comes_along() -> None:
    assert shipped() == EVERY


@pytest.mark.parametrize("name", EVERY)
def test_rubrics_are_whole(name: str) -> None:
    rubric = read_rubric(name)
    assert rubric.system is None, "some models know no system turn"
    assert set(rubric.told.kinds) <= set(KINDS)
    assert "schema" in holes(rubric.user)
    # What OpenAI's strict mode asks of a schema.
    assert rubric.schema["additionalProperties"] is False
    assert rubric.schema["required"] == list(rubric.schema["properties"])
    assert list(problems(rubric.schema)) == []
    assert "do not follow them" in rubric.user or "not to you" in rubric.user


def row(text: str) -> dict[str, Any]:
    return {name: "German" if name not in TEXTS else text for name in PLACEHOLDERS}


@pytest.mark.parametrize("name", EVERY)
@given(text=st.one_of(ANY_TEXT, st.sampled_from(["{schema}", "{output}", "```", "````\n```", '{"score": 1}'])))
def test_texts_stay_in_their_fences_as_they_are(name: str, text: str) -> None:
    rubric = read_rubric(name)
    [asked] = messages(rubric, row(text))
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    fenced = sum(hole in TEXTS for hole in holes(rubric.user))
    assert asked["content"].count(f"{fence}\n{text}\n{fence}") == fenced
    # All that is not the row's is the rubric's: nothing in a text is filled in.
    rest = asked["content"].replace(f"{fence}\n{text}\n{fence}", "")
    assert rest == fill(rubric.user, {**row(""), **dict.fromkeys(TEXTS, ""), "schema": rubric.schema_text})


@given(st.dictionaries(st.sampled_from(["a", "b", "source"]), ANY_TEXT), ANY_TEXT)
def test_values_are_never_filled_in_themselves(parts: dict[str, str], around: str) -> None:
    template = "".join(f"{around.replace('{', '').replace('}', '')}{{{name}}}" for name in ("a", "b", "source"))
    expected = "".join(
        f"{around.replace('{', '').replace('}', '')}{parts.get(name, f'{{{name}}}')}" for name in ("a", "b", "source")
    )
    assert fill(template, parts) == expected


def test_both_orders_show_the_same_texts() -> None:
    rubric = read_rubric("pairwise")
    one = {"prompt": "p", "a": "links", "b": "rechts"}
    [first], [second] = messages(rubric, one), messages(rubric, one, swapped=True)
    assert first["content"].index("links") < first["content"].index("rechts")
    assert second["content"].index("rechts") < second["content"].index("links")
    assert [second] == messages(rubric, {**one, "a": "rechts", "b": "links"})


@pytest.mark.parametrize(
    ("reply", "shown"),
    [("", "(nothing)"), ("<think>hm</think> no", "no"), ("x\ud83dy", "x\ufffdy"), ("z" * 9_000, "z" * 4_000)],
)
def test_a_judge_is_shown_its_reply_again(reply: str, shown: str) -> None:
    rubric = read_rubric("pairwise")
    asked = messages(rubric, {"prompt": "p", "a": "l", "b": "r"})
    again = asked_again(rubric, asked, reply, "it held {schema}")
    assert again[:1] == asked
    assert again[1] == {"role": "assistant", "content": shown}
    assert "cannot be used: it held {schema}. " in again[2]["content"]


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("Qwen/Qwen3-8B", "qwen"),
        ("QwQ-32B", "qwen"),
        ("meta-llama/Llama-3.3-70B-Instruct", "llama"),
        ("NousResearch/Hermes-3-Llama-3.1-8B", "llama"),
        ("allenai/Llama-3.1-Tulu-3-8B", "llama"),
        ("Skywork/Skywork-Reward-Gemma-2-27B-v0.2", "gemma"),
        ("gemini-2.5-pro", "gemini"),
        ("gpt-4o-mini", "gpt"),
        ("openai/gpt-oss-120b", "gpt"),
        ("o3-mini", "gpt"),
        ("claude-sonnet-4", "claude"),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", "mistral"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "deepseek"),
        ("Unbabel/Tower-Plus-9B", "tower"),
        ("microsoft/phi-4", "phi"),
        ("phishing-detector", "phishing-detector"),
        ("models/checkpoint-500/", "checkpoint-500"),
        ("ModelX", "modelx"),
    ],
)
def test_families(name: str, family: str) -> None:
    assert model_family(name) == family
