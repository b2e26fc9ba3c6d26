"""Rewards from a server with the wire format of vLLM's `/classify`."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from reward_server import Reply, RewardServer, replies
from scoring import score

from corpus.chat import user
from corpus.errors import UserError
from datagen.engines import rewards
from filters.scorers.reward import Reward

ANSWERS = ["no", "", "9 ساعات", "島へ", "no", "x" * 1000]


@pytest.fixture
def server() -> Iterator[RewardServer]:
    """Rewards are the length of the answer, less five."""
    with RewardServer(lambda messages: len(messages[-1]["content"]) - 5.0) as server:
        yield server


def rows(*answers: str) -> list[dict[str, Any]]:
    return [{"prompt": [user("When?")], "response": answer} for answer in answers]


def asked(server: RewardServer, *answers: str, **options: Any) -> list[tuple[float | None, str | None]]:
    scorer = Reward(model="org/reward", base_url=f"{server.url}/v1/", **options)
    made = score(scorer, "response", rows(*answers))
    return list(zip(made["score_reward"].to_list(), made["label_reward_note"].to_list(), strict=True))


def test_rewards_are_logits_of_whole_chats(server: RewardServer) -> None:
    assert asked(server, *ANSWERS) == [
        *((-3.0, None), (None, "empty output"), (2.0, None), (-3.0, None), (-3.0, None), (995.0, None)),
    ]
    assert len(server.asked) == 4, "each chat is asked about once"
    whole = {
        "model": "org/reward",
        "messages": [user("When?"), {"role": "assistant", "content": "no"}],
        "use_activation": False,
    }
    assert whole in server.asked


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        (replies(503, 429, 500), (-3.0, None)),
        ([(200, {"data": []}), (200, {"data": [{"probs": None}]})], (-3.0, None)),
        (replies(*[500] * 6), (None, "failed: server_error")),
        (replies(400, message="maximum context length is 512 tokens"), (None, "too long for the server")),
        (replies(422, message="unknown role"), (None, "refused by the server")),
    ],
)
def test_what_goes_wrong(
    server: RewardServer,
    monkeypatch: pytest.MonkeyPatch,
    faults: list[Reply],
    expected: tuple[float | None, str | None],
) -> None:
    monkeypatch.setattr(rewards, "backoff", lambda *_: 0.0)
    server.faults += faults
    assert asked(server, "no") == [expected]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (replies(401, message="bad key")[0], "HTTP 401: bad key"),
        (replies(404, message="The model `org/reward` does not exist.")[0], "does not exist"),
        ((200, {"data": [{"probs": [0.1, 0.9]}]}), "sorts texts into 2 classes"),
    ],
)
def test_what_no_chat_will_work_with(server: RewardServer, fault: Reply, words: str) -> None:
    server.faults.append(fault)
    with pytest.raises(UserError, match=words):
        asked(server, *ANSWERS)


def test_keys(server: RewardServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="REWARD_KEY is not set"):
        asked(server, "no", api_key_env="REWARD_KEY")
    monkeypatch.setenv("REWARD_KEY", "12345678")
    asked(server, "no", api_key_env="REWARD_KEY")
    assert server.headers[-1]["Authorization"] == "Bearer 12345678"


def test_many_chats_over_two_servers(server: RewardServer) -> None:
    with RewardServer(lambda messages: len(messages[-1]["content"]) - 5.0) as other:
        answers = ["x" * number for number in range(1, 200)]
        scorer = Reward(model="m", base_url=(server.url, other.url), max_concurrency=16)
        made = score(scorer, "response", rows(*answers))
        assert made["score_reward"].to_list() == [number - 5.0 for number in range(1, 200)]
        assert min(len(server.asked), len(other.asked)) > 90


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewards, "_PATIENCE_S", 0.0)
    with pytest.raises(Exception, match="no answer for long"):
        score(Reward(model="m", base_url="http://127.0.0.1:9"), "response", rows("no"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"base_url": "127.0.0.1:8000"}, "is no address"),
        ({"base_url": "http://127.0.0.1:8000", "max_tokens": 9}, "the server decides on max_tokens"),
        ({"base_url": "http://127.0.0.1:8000", "dtype": "float32"}, "the server decides on dtype"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Reward(model="m", **options)


def test_the_address_is_no_part_of_what_a_reward_is() -> None:
    one, other = (Reward(model="m", base_url=f"http://127.0.0.1:{port}", revision="a") for port in (1, 2))
    assert one.kept_as() == other.kept_as()
    assert one.kept_as() != Reward(model="m", base_url="http://127.0.0.1:1").kept_as()
    assert one.signature() == "reward|model:m|served|revision:a|version:1"


RECIPE = """
scored: {{score: {{scorers: [{{reward: {{model: org/reward, base_url: '{url}', as: rm}}}}, agreement, diversity]}}}}
kept: {{select: {{filters: [{{threshold: {{column: score_rm, min: {least}}}}}]}}}}
sft: {{best: {{by: {{score_rm: 1, score_agreement: 1}}, normalize: zscore}}}}
"""


def test_a_recipe_asks_about_new_answers_alone(server: RewardServer, stages: Callable[..., dict[str, Any]]) -> None:
    def answers(*engines: str) -> list[dict[str, Any]]:
        return [
            {"prompt": [user(f"When? {n}")], "prompt_id": f"{n:032x}", "engine": engine, "sample": 0, "response": text}
            for n in range(4)
            for engine in engines
            for text in [f"At {n} o'clock, says {engine}."]
        ]

    made = stages(answers("a", "bb"), "response", RECIPE.format(url=server.url, least=-9))
    assert len(server.asked) == 8
    rows = made["scored"].scan().collect()
    assert rows["score_rm"].to_list() == [len(text) - 5.0 for text in rows["response"]]
    assert rows["score_agreement"].null_count() == rows["score_diversity"].null_count() == 0
    told = made["scored"].manifest.scores["score_rm"]
    assert (told.signature, told.family) == ("reward|model:org/reward|served|revision:None|version:1", "reward")
    assert made["sft"].manifest.counts["rows"] == 4

    stages(answers("a", "bb"), "response", RECIPE.format(url=server.url, least=20))
    assert len(server.asked) == 8, "another threshold asks nothing"
    stages(answers("a", "bb", "ccc"), "response", RECIPE.format(url=server.url, least=-9))
    assert len(server.asked) == 12, "another system's answers are four more"
