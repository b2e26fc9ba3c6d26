"""Asking an engine for the answers that the store lacks: nothing twice, and nothing kept that nobody looked into."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
import pytest

import corpus
from corpus.chat import user
from corpus.schema import MESSAGES
from datagen.answers.asking import Asked, ask
from datagen.answers.keys import engine_salt, message_digests, sample_keys
from datagen.answers.prompts import prompts_of
from datagen.answers.store import Answers
from datagen.engines.base import Engine, Request, Sink
from datagen.engines.completions import Answer, Usage, completion
from datagen.engines.problems import Problem
from datagen.stages.base import Header, Piece


class Choosing(Engine):
    """Says "ja" to each request before it takes the next one, and takes "ja" and "nein" alone for an answer."""

    asked: ClassVar[list[str]] = []

    def misfit(self, answer: Answer) -> Problem | None:
        return None if answer.text in ("ja", "nein") else Problem("unstructured", "none of the choices")

    def answer(self, requests: Iterator[Request], sink: Sink) -> None:
        for request in requests:
            self.asked.append(request.messages[0]["content"])
            sink.answered([request.key], body("ja"), 0.0)


ENGINE = Choosing(model="m")
SALT = engine_salt("m", ENGINE.sampling(), 0)


def body(text: str) -> bytes:
    return completion([Answer(text, None, "stop", None)], Usage(1, 1))


def asked_for(folder: Path, texts: Sequence[str]) -> list[str]:
    """What an engine is asked for prompts of these texts, which lie in documents of their own."""
    rows: list[dict[str, Any]] = [{"prompt": [user(text)], "doc_id": str(n)} for n, text in enumerate(texts)]
    files = corpus.write(rows, "prompt", folder / "prompts").files()
    header = Header("prompt")
    prompts = prompts_of([Piece(file.name, (file,)) for file in files], header)
    Choosing.asked.clear()
    with Answers(folder / "answers") as store:
        whole = list(ask([ENGINE], [SALT], store, Asked(prompts, [], header, 1, 0, 0.1), lambda _: None))
    assert whole == prompts
    return Choosing.asked


@pytest.mark.parametrize(
    ("left", "asked"),
    [
        (body("nein"), []),
        (body("vielleicht"), ["gut?"]),
        (b'{"choices": [{"message": {"content": "ja"}, "logprobs": {"content": [{"logprob": null}]}}]}', []),
        (b"torn", ["gut?"]),
    ],
)
def test_what_a_kill_left_is_kept_where_the_engine_takes_it_for_an_answer(
    tmp_path: Path, left: bytes, asked: list[str]
) -> None:
    [digest] = message_digests(pl.Series([[user("gut?")]], dtype=MESSAGES))
    with Answers(tmp_path / "answers") as store:
        store.put(sample_keys(SALT, [digest], 1), left, 0.0)
    assert asked_for(tmp_path, ["gut?"]) == asked
    with Answers(tmp_path / "answers") as store:
        assert not store.left


def test_an_answer_to_equal_messages_that_came_since_the_look_up_is_not_asked_again(tmp_path: Path) -> None:
    assert asked_for(tmp_path, ["好吗？", "好吗？", "gut?", "好吗？"]) == ["好吗？", "gut?"]
