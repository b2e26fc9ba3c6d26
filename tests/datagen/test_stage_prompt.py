"""`prompt`, `render` and `score`: how rows become prompts, texts, and rows with more columns."""

import json
from typing import Any

import pytest

from corpus.errors import UserError
from corpus.hashing import row_id

PAIR = {"source": "Guten Tag", "target": "Good day", "src_lang": "de", "tgt_lang": "en"}


def contents(dataset: Any) -> list[str]:
    return [row["prompt"][0]["content"] for row in dataset.rows()]


def test_a_pair_becomes_a_prompt_for_plain_translation(stages: Any) -> None:
    row = {**PAIR, "doc_id": "d", "segment": "3", "license": "MIT", "origin": "o"}
    made = stages([row], "pair", "prompts: {prompt: {task: translate}}")
    (prompt,) = made["prompts"].rows()
    assert prompt["prompt"] == [
        {
            "role": "user",
            "content": "Translate the following German source text to English:\nGerman: Guten Tag\nEnglish: ",
        }
    ]
    kept = ("source", "src_lang", "tgt_lang", "doc_id", "segment", "license", "origin")
    assert {name: prompt[name] for name in kept} == {name: row[name] for name in kept}
    assert (prompt["task"], prompt["references"]) == ("translate", ["Good day"])
    told = json.loads(prompt["meta"])
    assert told["row_id"] == next(made["rows"].rows())["id"]
    assert set(told) == {"row_id", "@group"}  # the group keeps what is made of one document on one side of a split
    assert prompt["id"] == row_id("prompt", prompt)


@pytest.mark.parametrize(
    ("src_lang", "tgt_lang", "words"),
    [
        ("en", "zh-Hant", "English source text to Chinese (Traditional)"),
        ("pt-BR", "ar", "Portuguese (Brazilian) source text to Arabic"),
        ("ja", "yue", "Japanese source text to Cantonese"),
    ],
)
def test_languages_are_named_in_english(src_lang: str, tgt_lang: str, words: str, stages: Any) -> None:
    row = {**PAIR, "src_lang": src_lang, "tgt_lang": tgt_lang}
    assert words in contents(stages([row], "pair", "prompts: {prompt: {}}")["prompts"])[0]


@pytest.mark.parametrize("text", ["{tgt}", "{source}", "a {b} c", "100 % {}", "line\nbreak", "\\1", "שלום {src}"])
def test_braces_in_a_text_stay_as_they_are(text: str, stages: Any) -> None:
    (content,) = contents(stages([{**PAIR, "source": text}], "pair", "prompts: {prompt: {}}")["prompts"])
    assert content == f"Translate the following German source text to English:\nGerman: {text}\nEnglish: "


@pytest.mark.parametrize("size", [1, 2, 9])
def test_repeats_are_collapsed_and_counted(size: int, stages: Any, aside: Any) -> None:
    rows = [
        PAIR,
        {**PAIR, "source": "Hund"},
        PAIR,
        {**PAIR, "target": "Hello"},  # the same prompt with another reference
        {**PAIR, "doc_id": "d"},  # another document: another prompt
    ]
    made = stages(rows, "pair", "prompts: {prompt: {}}", rows_per_shard=size)["prompts"]
    assert [(row["source"], row["doc_id"]) for row in made.rows()] == [
        ("Guten Tag", None), ("Hund", None), ("Guten Tag", "d"),
    ]  # fmt: skip
    counts = made.manifest.counts
    assert (counts["in"], counts["rows"], counts["repeated"], counts["templates"]) == (5, 3, 2, 1)
    assert {row["reason"] for row in aside(made)} == {"repeated"}
    assert len({row["id"] for row in made.rows()}) == 3


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({**PAIR, "source": "  \n"}, "no_source"),
        ({**PAIR, "src_lang": None}, "no_language"),
        ({**PAIR, "tgt_lang": None}, "no_language"),
    ],
)
def test_rows_that_give_no_prompt_are_set_aside(row: dict[str, Any], reason: str, stages: Any, aside: Any) -> None:
    made = stages([PAIR, row], "pair", "prompts: {prompt: {}}")
    assert len(made["prompts"]) == 1
    assert [(one["id"], one["reason"]) for one in aside(made["prompts"])] == [
        (list(made["rows"].rows())[1]["id"], reason)
    ]


def test_several_datasets_give_unique_prompts(stages: Any) -> None:
    given = {"a": [PAIR, {**PAIR, "source": "Hund"}], "b": [{**PAIR, "source": "Katze"}, PAIR]}
    made = stages(given, "pair", "prompts: {from: [a, b], prompt: {}}")["prompts"]
    assert [row["source"] for row in made.rows()] == ["Guten Tag", "Hund", "Katze"]


@pytest.mark.parametrize(
    ("kind", "row", "stage", "words"),
    [
        ("text", {"text": "a"}, "prompt: {}", ["task 'translate'", "pair or prompt or response", "'text'"]),
        ("pair", PAIR, "prompt: {task: translat}", ["'translat'", "Did you mean 'translate'?"]),
        ("text", {"text": "a"}, "render: {}", ["'render' reads rows of kind pair or prompt or sft", "'text'"]),
        ("pair", PAIR, "render: {templates: ['{sorce}']}", ["{sorce}", "Did you mean 'source'?", "{tgt_native}"]),
        ("pair", PAIR, "render: {templates: ['{reference}']}", ["{reference}", "kind 'pair'"]),
        ("pair", PAIR, "render: {templates: []}", ["templates"]),
        ("text", {"text": "a"}, "score: {scorers: [chrf]}", ["'chrf'", "needs", "'text'"]),
        ("pair", PAIR, "score: {scorers: []}", ["scorers"]),
        ("pair", PAIR, "score: {scorers: [repetition, repetition]}", ["'repetition'", "there already", "`as:`"]),
        ("pair", PAIR, "score: {scorers: [{repetition: {as: Bad Name}}]}", ["as"]),
    ],
)
def test_options_that_do_not_fit(kind: str, row: Any, stage: str, words: list[str], stages: Any) -> None:
    with pytest.raises(UserError) as error:
        stages([row], kind, f"out: {{{stage}}}")
    assert [word for word in ["test.yaml:5", *words] if word not in str(error.value)] == []


def texts(dataset: Any) -> list[str]:
    return [row["text"] for row in dataset.rows()]


CHAT = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "¿Qué {hora} es?"},
        {"role": "assistant", "content": "Las dos."},
    ]
}
PROMPT = {"prompt": [{"role": "user", "content": "2 + 2 = "}], "references": ["4", "four"], "tgt_lang": "en"}


@pytest.mark.parametrize(
    ("kind", "row", "options", "expected"),
    [
        ("pair", PAIR, "{}", ["German: Guten Tag\nEnglish: Good day"]),
        ("pair", PAIR, "{templates: ['{source} ||| {target}']}", ["Guten Tag ||| Good day"]),
        ("pair", PAIR, "{templates: ['{src_native} > {tgt_native}: {source}']}", ["Deutsch > English: Guten Tag"]),
        ("pair", {**PAIR, "source": "{target}"}, "{templates: ['{source}={target}']}", ["{target}=Good day"]),
        ("pair", {**PAIR, "src_lang": None}, "{}", []),
        ("pair", {**PAIR, "src_lang": None}, "{templates: ['{source}']}", ["Guten Tag"]),
        ("prompt", PROMPT, "{}", ["2 + 2 = 4"]),
        ("prompt", {**PROMPT, "references": None}, "{}", []),
        ("prompt", {**PROMPT, "references": None}, "{templates: ['{prompt}']}", ["2 + 2 = "]),
        (
            "prompt",
            {**PROMPT, "prompt": [*CHAT["messages"], {"role": "user", "content": "Why?"}], "references": ["So."]},
            "{turn: '<{role}> {content}', between: ' '}",
            ["<system> Be brief. <user> ¿Qué {hora} es? <assistant> Las dos. <user> Why? So."],
        ),
        ("sft", CHAT, "{}", ["system: Be brief.\n\nuser: ¿Qué {hora} es?\n\nassistant: Las dos."]),
        ("sft", CHAT, "{turn: '{content}', between: '|'}", ["Be brief.|¿Qué {hora} es?|Las dos."]),
        ("sft", CHAT, "{templates: ['# Chat\n{chat}'], turn: '{content}', between: ' '}", None),
    ],
)
def test_rows_as_text(kind: str, row: Any, options: str, expected: list[str] | None, stages: Any, aside: Any) -> None:
    made = stages([row], kind, f"out: {{render: {options}}}")["out"]
    if expected is None:
        expected = ["# Chat Be brief. ¿Qué {hora} es? Las dos."]  # YAML folds the line break within quotes
    assert texts(made) == expected
    assert [one["reason"] for one in aside(made)] == ["incomplete"] * (1 - len(expected))


def test_a_text_says_where_it_comes_from(stages: Any) -> None:
    made = stages([{**PAIR, "license": "MIT", "doc_id": "d"}], "pair", "out: {render: {}}")
    (row,) = made["out"].rows()
    told = json.loads(row["meta"])
    assert (told["row_id"], told["kind"]) == (next(made["rows"].rows())["id"], "pair")
    assert set(told) == {"row_id", "kind", "@group"}
    assert (row["src_lang"], row["tgt_lang"], row["license"], row["doc_id"]) == (None, "en", "MIT", "d")


def test_each_row_takes_one_template_and_always_the_same(stages: Any) -> None:
    rows = [{**PAIR, "source": str(n)} for n in range(60)]
    options = "{templates: ['a {source}', 'b {source}', 'c {source}']}"
    whole, cut = (texts(stages(rows, "pair", f"out: {{render: {options}}}", rows_per_shard=n)["out"]) for n in (60, 7))
    assert whole == cut
    assert [text[2:] for text in whole] == [str(n) for n in range(60)]
    assert {text[0] for text in whole} == set("abc")


def test_scorers_add_columns_and_drop_nothing(stages: Any) -> None:
    rows = [PAIR, {**PAIR, "target": "x " * 40}, {**PAIR, "target": ""}]
    made = stages(rows, "pair", "out: {score: {scorers: [repetition, {repetition: {as: again}}]}}")
    before, after = list(made["rows"].rows()), list(made["out"].rows())
    assert [{name: row[name] for name in before[0]} for row in after] == before
    added = set(after[0]) - set(before[0])
    assert added == set(made["out"].manifest.scores)
    assert {name.replace("again", "repetition") for name in added} <= added
    for name in added:
        twin = name.replace("again", "repetition")
        assert [row[name] for row in after] == [row[twin] for row in after]
    assert all(column.signature for column in made["out"].manifest.scores.values())
