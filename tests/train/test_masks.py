"""Which tokens of a row are learned, by the chat format of each family, on tokenizers that know its tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trainable

from corpus.chat import assistant, user
from corpus.errors import UserError

pytest.importorskip("trl")
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.timeout(300)]

from train import chat_templates  # noqa: E402
from train.encode import IGNORED, ChatEncoder, PreferenceEncoder, RankedEncoder, TextEncoder  # noqa: E402

FAMILIES: tuple[trainable.Family, ...] = ("chatml", "gemma2", "qwen2.5", "llama3")
SYSTEM = {"role": "system", "content": "Be brief."}
TWO_TURNS = [user("Hello"), assistant("Guten Tag"), user("赤い家"), assistant("بيت أحمر")]


@pytest.fixture(scope="module")
def tokenizers() -> dict[str, Any]:
    return {family: trainable.tokenizer(family, 500) for family in FAMILIES}


def learned(tokenizer: Any, family: str, messages: list[Any]) -> list[str]:
    """The runs of learned tokens as text."""
    template = chat_templates.training_template(tokenizer, family, marks=True)
    batch = ChatEncoder(tokenizer, template, None, "drop").encode({"messages": [messages]})
    assert batch.reasons == [None]
    ids, labels = batch.columns["input_ids"][0], batch.columns["labels"][0]
    assert all(label in (IGNORED, token) for token, label in zip(ids, labels, strict=True))
    runs: list[list[int]] = []
    for before, label in zip([IGNORED, *labels], labels, strict=False):
        if label != IGNORED:
            if before == IGNORED:
                runs.append([])
            runs[-1].append(label)
    return [tokenizer.decode(run) for run in runs]


@pytest.mark.parametrize(
    ("family", "runs"),
    [
        ("chatml", ["Guten Tag<|im_end|>", "بيت أحمر<|im_end|>"]),
        ("gemma2", ["Guten Tag<end_of_turn>\n", "بيت أحمر<end_of_turn>\n"]),
        # The line break after the header is part of what Qwen's training template marks.
        ("qwen2.5", ["\nGuten Tag<|im_end|>\n", "\nبيت أحمر<|im_end|>\n"]),
        ("llama3", ["Guten Tag<|eot_id|>", "بيت أحمر<|eot_id|>"]),
    ],
)
def test_the_assistants_turns_and_their_ends_are_learned_and_nothing_else(
    tokenizers: dict[str, Any], family: str, runs: list[str]
) -> None:
    assert learned(tokenizers[family], family, TWO_TURNS) == runs


@pytest.mark.parametrize(
    ("family", "begins"),
    [
        ("chatml", "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello"),
        ("qwen2.5", "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello"),
        ("llama3", "<bos><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|><|start_header_id|>user"),
    ],
)
def test_a_system_turn_is_read_and_not_learned(tokenizers: dict[str, Any], family: str, begins: str) -> None:
    tokenizer = tokenizers[family]
    template = chat_templates.training_template(tokenizer, family, marks=True)
    text = tokenizer.apply_chat_template([SYSTEM, *TWO_TURNS], chat_template=template, tokenize=False)
    assert text.startswith(begins)
    assert len(learned(tokenizer, family, [SYSTEM, *TWO_TURNS])) == 2


def test_gemma_knows_no_system_turn_and_such_rows_are_set_aside_with_its_words(tokenizers: dict[str, Any]) -> None:
    template = chat_templates.training_template(tokenizers["gemma2"], "gemma2", marks=True)
    batch = ChatEncoder(tokenizers["gemma2"], template, None, "drop").encode(
        {"messages": [TWO_TURNS, [SYSTEM, *TWO_TURNS], TWO_TURNS]}
    )
    assert batch.reasons == [None, "the chat template refuses it: System role not supported", None]
    assert batch.columns["input_ids"][0] == batch.columns["input_ids"][2]
    assert batch.columns["input_ids"][1] == []


@pytest.mark.parametrize("family", FAMILIES)
def test_without_marks_a_template_renders_the_same_text(tokenizers: dict[str, Any], family: str) -> None:
    tokenizer = tokenizers[family]
    template = chat_templates.training_template(tokenizer, family, marks=True)
    plain = chat_templates.without_marks(template)
    assert not chat_templates.has_marks(plain)
    for options in ({}, {"add_generation_prompt": True}):
        marked = tokenizer.apply_chat_template(TWO_TURNS, chat_template=template, tokenize=False, **options)
        assert tokenizer.apply_chat_template(TWO_TURNS, chat_template=plain, tokenize=False, **options) == marked


@pytest.mark.parametrize(
    ("family", "end"),
    [("chatml", "<|im_end|>"), ("gemma2", "<end_of_turn>"), ("qwen2.5", "<|im_end|>"), ("llama3", "<|eot_id|>")],
)
def test_the_end_of_a_turn_is_known(tokenizers: dict[str, Any], family: str, end: str) -> None:
    template = chat_templates.training_template(tokenizers[family], family, marks=True)
    found = chat_templates.turn_end(tokenizers[family], template)
    assert tokenizers[family].convert_ids_to_tokens(found) == end


UNMARKED = "{% for message in messages %}{{ message.content }}{% endfor %}"


@pytest.mark.parametrize(
    ("name", "own", "words"),
    [
        (None, None, "the model has no chat template"),
        (None, UNMARKED, "the model's own chat template has no {% generation %} marks"),
        ("gemma2", None, "writes <end_of_turn>, which is no token of the tokenizer"),
        ("chatlm", None, "Did you mean 'chatml'?"),
        ("missing.jinja", None, "missing.jinja cannot be read"),
    ],
)
def test_templates_that_cannot_say_what_is_learned_are_refused(
    tokenizers: dict[str, Any], name: str | None, own: str | None, words: str
) -> None:
    tokenizer = tokenizers["chatml"]
    tokenizer.chat_template = own
    try:
        with pytest.raises(UserError) as error:
            chat_templates.training_template(tokenizer, name, marks=True)
    finally:
        tokenizer.chat_template = None
    assert words in str(error.value)


def test_a_template_of_ones_own_needs_marks(tokenizers: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "own.jinja"
    file.write_text(UNMARKED, "utf-8")
    with pytest.raises(UserError, match=r"Put `\{% generation %\}`"):
        chat_templates.training_template(tokenizers["chatml"], str(file), marks=True)
    file.write_text(UNMARKED.replace("{{", "{% generation %}{{").replace("}}", "}}{% endgeneration %}"), "utf-8")
    template = chat_templates.training_template(tokenizers["chatml"], str(file), marks=True)
    assert chat_templates.turn_end(tokenizers["chatml"], template) is None


@pytest.mark.parametrize(
    ("messages", "limit", "too_long", "reason"),
    [
        ([user("a"), assistant("b <|im_end|> c")], None, "drop", "special token in the text: <|im_end|>"),
        ([user("<bos>"), assistant("b")], None, "drop", "special token in the text: <bos>"),
        ([user(" "), assistant("\n")], None, "drop", "empty"),
        ([user("a"), assistant(" ")], None, "drop", "empty answer"),
        ([user("a"), assistant(""), user("b"), assistant("c")], None, "drop", "empty answer"),
        ([user(""), assistant("b")], None, "drop", None),
        ([user("a b c d e f"), assistant("g")], 8, "drop", "longer than max_length"),
        (
            [user("a b c d e f"), assistant("g")],
            8,
            "truncate",
            "nothing to learn: no token of the assistant within max_length",
        ),
        ([user("a"), assistant("b")], 64, "drop", None),
    ],
)
def test_rows_that_teach_nothing_or_something_wrong_have_a_reason(
    tokenizers: dict[str, Any], messages: list[Any], limit: int | None, too_long: Any, reason: str | None
) -> None:
    template = chat_templates.training_template(tokenizers["chatml"], "chatml", marks=True)
    batch = ChatEncoder(tokenizers["chatml"], template, limit, too_long).encode({"messages": [messages]})
    assert batch.reasons == [reason]


def test_an_answer_cut_after_max_length_is_counted(tokenizers: dict[str, Any]) -> None:
    template = chat_templates.training_template(tokenizers["chatml"], "chatml", marks=True)
    messages = [user("a"), assistant("b c d e f g h i j k l m n o p")]
    batch = ChatEncoder(tokenizers["chatml"], template, 32, "truncate").encode({"messages": [messages]})
    assert (batch.truncated, batch.reasons, len(batch.columns["labels"][0])) == (1, [None], 32)


def test_texts_end_once(tokenizers: dict[str, Any]) -> None:
    tokenizer = tokenizers["chatml"]
    batch = TextEncoder(tokenizer, None, None, "split").encode({"text": ["one", "二つ"]})
    assert [tokenizer.decode(ids) for ids in batch.columns["input_ids"]] == ["one<eos>", "二つ<eos>"]
    assert batch.columns["labels"] == batch.columns["input_ids"]


@pytest.mark.parametrize("encoder", [PreferenceEncoder, RankedEncoder])
def test_nothing_may_be_worse_and_not_better(tokenizers: dict[str, Any], encoder: Any) -> None:
    template = chat_templates.training_template(tokenizers["chatml"], "chatml", marks=True)
    answers = [[assistant("")], [assistant("b")]]
    rows = {"prompt": [[user("a")]] * 2, "chosen": answers, "rejected": answers[::-1]}
    batch = encoder(tokenizers["chatml"], template, None, "drop").encode(rows)
    assert batch.reasons == ["empty answer", None]


def test_two_answers_part_from_one_prompt(tokenizers: dict[str, Any]) -> None:
    tokenizer = tokenizers["chatml"]
    template = chat_templates.training_template(tokenizer, "chatml", marks=True)
    rows = {"prompt": [[user("Hi")]], "chosen": [[assistant("Hallo")]], "rejected": [[assistant("Hola")]]}
    batch = PreferenceEncoder(tokenizer, template, None, "drop").encode(rows)
    texts = {name: tokenizer.decode(ids[0]) for name, ids in batch.columns.items()}
    assert texts["prompt_ids"] == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    assert (texts["chosen_ids"], texts["rejected_ids"]) == ("Hallo<|im_end|>\n", "Hola<|im_end|>\n")
    whole = RankedEncoder(tokenizer, template, None, "drop").encode(rows)
    assert tokenizer.decode(whole.columns["chosen_ids"][0]) == texts["prompt_ids"] + texts["chosen_ids"]
