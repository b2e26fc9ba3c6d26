"""Chats put to an engine as a stream: asked once, kept at once, and no faster than replies are taken."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import ChatServer

from corpus.chat import Chat, Reply, user
from corpus.errors import UserError
from datagen.answers.chats import ChatEngine
from datagen.answers.key_log import KeyLog
from datagen.answers.store import Answers
from datagen.engines.openai import Openai


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Answers]:
    with Answers(tmp_path / "answers") as store:
        yield store


def asking(server: ChatServer, store: Answers, **options: Any) -> ChatEngine:
    engine = Openai(model="m", base_url=server.url, **{"max_concurrency": 8, **options})
    return ChatEngine(engine, store, store.folder.parent, [].append)


def chats(*texts: str) -> list[Chat]:
    return [Chat(str(n), [user(text)]) for n, text in enumerate(texts)]


def test_every_chat_gets_its_reply(store: Answers, chat_server: ChatServer) -> None:
    with asking(chat_server, store) as ask:
        replies = dict(ask(chats("一", "two", "ثلاثة", "[[too long]]", "two")))
        assert list(ask(iter([]))) == []
    assert sorted(replies) == ["0", "1", "2", "3", "4"]
    assert replies["1"] == replies["4"]
    assert replies["3"].text is None
    assert str(replies["3"].problem).startswith("too_long: HTTP 400")
    assert len({reply.text for reply in replies.values()}) == 4
    assert all(reply.finish_reason == "stop" for name, reply in replies.items() if name != "3")
    assert chat_server.stats()["total"] == 4


def test_equal_chats_are_asked_once_however_far_apart(store: Answers, chat_server: ChatServer) -> None:
    chat_server.set(latency_s=0.01)
    texts = [f"question {n % 300}" for n in range(1500)]
    with asking(chat_server, store) as ask:
        replies = dict(ask(chats(*texts)))
    assert len(replies) == 1500
    assert chat_server.stats()["total"] == 300
    with asking(chat_server, store) as ask:
        assert dict(ask(chats(*texts))) == replies
    assert chat_server.stats()["total"] == 300


def test_samples_are_different_answers(store: Answers, chat_server: ChatServer) -> None:
    with asking(chat_server, store, temperature=1.0) as ask:
        replies = dict(ask(Chat(str(n), [user("a")], n) for n in range(3)))
    assert len({reply.text for reply in replies.values()}) == 3


def test_what_cannot_be_asked_says_so(store: Answers, chat_server: ChatServer) -> None:
    with asking(chat_server, store) as ask:
        replies = dict(ask([Chat("none", []), Chat("bot", [{"role": "bot", "content": "x"}])]))
    assert replies["none"] == Reply(None, "bad_prompt: no messages")
    assert str(replies["bot"].problem).startswith("bad_prompt: role 'bot'")


def test_no_more_is_asked_than_is_taken(store: Answers, chat_server: ChatServer) -> None:
    with asking(chat_server, store) as ask:
        drawn = 0

        def endless() -> Iterator[Chat]:
            nonlocal drawn
            while True:
                drawn += 1
                yield Chat(str(drawn), [user(str(drawn))])

        replies = ask(endless())
        next(replies)
        while (before := drawn) < 2_000 or time.sleep(0.5) or drawn > before:
            time.sleep(0.05)
        assert drawn < 3_000
        replies.close()  # type: ignore[attr-defined]
    asked = chat_server.stats()["total"]
    # What was answered though nobody took it is not lost.
    with asking(chat_server, store) as ask:
        assert len(dict(ask(chats(*map(str, range(1, 2_001)))))) == 2_000
    assert chat_server.stats()["total"] <= asked + 300


def test_an_error_among_the_chats_is_told(store: Answers, chat_server: ChatServer) -> None:
    def broken() -> Iterator[Chat]:
        yield from chats("one")
        raise LookupError("no more of them")

    with asking(chat_server, store) as ask, pytest.raises(LookupError, match="no more of them"):
        list(ask(broken()))


def test_a_wrong_key_is_the_users_error(store: Answers, chat_server: ChatServer) -> None:
    chat_server.set(api_key="right")
    with asking(chat_server, store) as ask, pytest.raises(UserError, match="No key was sent"):
        list(ask(chats("one")))


def test_keys_outlive_a_torn_end(tmp_path: Path) -> None:
    log = KeyLog(tmp_path / "log")
    for number in (1, 2, 1):
        log.add(bytes([number] * 16))
    log.close()
    with (tmp_path / "log").open("ab") as file:
        file.write(b"torn")
    log = KeyLog(tmp_path / "log")
    log.add(bytes([3] * 16))
    assert log.keys() == [bytes([number] * 16) for number in (1, 2, 3)]
    log.close()
