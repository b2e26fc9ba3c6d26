"""Rewards of GRPO: what gates stop, what a stopped completion gets, and what cannot be a reward."""

from __future__ import annotations

from typing import Any

import pytest

from corpus.errors import UserError
from train.recipe import Rewarded
from train.rewards import Rewards, behind_gates, floors

SOURCE = "The old bridge across the river will be closed for repairs until next spring."
GERMAN = "Die alte Brücke über den Fluss wird bis zum nächsten Frühjahr wegen Reparaturen gesperrt."
SPANISH = "El viejo puente sobre el río estará cerrado por reparaciones hasta la próxima primavera."


def ask(
    rewards: Rewards, answers: list[str], *, ids: list[list[int]] | None = None, **columns: Any
) -> tuple[dict[str, list[float | None]], dict[str, float]]:
    """Rewards of answers to one prompt by name, and what was logged."""
    count = len(answers)
    row: dict[str, Any] = {
        "source": SOURCE,
        "references": [GERMAN],
        "src_lang": "en",
        "tgt_lang": "de",
        "verifiers": [{"name": "language", "args": "{}"}],
        "meta": None,
        **columns,
    }
    logged: dict[str, float] = {}
    given = {
        "completions": [[{"role": "assistant", "content": answer}] for answer in answers],
        "completion_ids": ids or [[5, 2]] * count,
        "prompts": [[{"role": "user", "content": f"Translate: {row['source']}"}]] * count,
        "log_metric": logged.__setitem__,
        **{name: [value] * count for name, value in row.items()},
    }
    return {function.__name__: function(**given) for function in rewards.functions()}, logged


def test_verdicts_and_a_metric_side_by_side() -> None:
    rewards = Rewards({"verified": Rewarded(), "chrf": Rewarded(weight=0.01)})
    found, logged = ask(rewards, [GERMAN, SPANISH, "Die alte Brücke wird bis zum Frühjahr gesperrt."])
    assert found["verified"] == [1.0, 0.0, 1.0]
    assert found["chrf"][:2] == [100.0, 0.0]
    assert 20 < (found["chrf"][2] or 0) < 100
    assert rewards.weights == [1.0, 0.01]
    assert logged["gates/language"] == pytest.approx(1 / 3)
    assert logged["verified/unjudged"] == logged["chrf/unjudged"] == 0


@pytest.mark.parametrize(
    ("answer", "columns", "gate"),
    [
        (GERMAN, {}, None),
        (SPANISH, {}, "language"),
        (SOURCE, {"tgt_lang": None, "src_lang": None}, None),
        # The source again is caught by language too, but for languages that are not recognized.
        (SOURCE, {"tgt_lang": "ee"}, "copied"),
        (SOURCE.upper() + "!", {"references": None, "tgt_lang": "ee"}, "copied"),
        # Names are rightly copied: a reference that says so, or a text too short to be a copy.
        ("Ada Lovelace-Byron the First", {"source": "Ada Lovelace-Byron the First",
          "references": ["Ada Lovelace-Byron the First"], "tgt_lang": "ee"}, None),
        ("Ada Byron", {"source": "Ada Byron", "references": None, "tgt_lang": "ee"}, None),
        ("Ada Byron", {"source": "Ada Byron", "references": ["Augusta Ada Byron"], "tgt_lang": "ee"}, "copied"),
        # An open end far from the source's length.
        ("Die alte Brücke über", {}, "truncated"),
        # Rewriting within a language may keep the text.
        (SOURCE, {"tgt_lang": "en"}, None),
        # Without a language or a source nothing can be told.
        ("42", {"source": None, "src_lang": None, "tgt_lang": None, "references": ["42"]}, None),
    ],
)  # fmt: skip
def test_gates(answer: str, columns: dict[str, Any], gate: str | None) -> None:
    rewards = Rewards({"chrf": Rewarded()})
    _, logged = ask(rewards, [answer], **columns)
    gates = ("language", "copied", "truncated")
    assert {name: logged[f"gates/{name}"] for name in gates} == {name: float(name == gate) for name in gates}


def test_a_completion_that_the_limit_cut_off_earns_nothing_of_a_metric() -> None:
    rewards = Rewards({"chrf": Rewarded()})
    rewards.most, rewards.ends = 3, frozenset({2})
    found, logged = ask(rewards, [GERMAN] * 3, ids=[[7, 8, 9], [7, 8, 2], [7, 2]])
    assert found["chrf"] == [0.0, 100.0, 100.0]
    assert logged["gates/truncated"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("scores", "stopped", "groups", "wanted"),
    [
        ([0.5, 0.9], [False, True], [1, 1], [0.5, 0.0]),
        # Below zero a plain 0 would be the best of the group.
        ([-3.0, -1.0, -2.0], [False, True, False], [1, 1, 1], [-3.0, -3.0, -2.0]),
        ([-3.0, 5.0], [False, True], [1, 2], [-3.0, 0.0]),
        ([None, 1.0], [False, True], [1, 1], [None, 0.0]),
        ([None, 1.0], [True, True], [1, 1], [0.0, 0.0]),
        ([], [], [], []),
    ],
)
def test_a_stopped_completion_is_never_better_than_one_that_passes(
    scores: list[float | None], stopped: list[bool], groups: list[int], wanted: list[float | None]
) -> None:
    assert behind_gates(scores, stopped, groups, [floors(scores, stopped, groups)]) == wanted
    # Dealt out to processes, as a group may be: each knows what passed at the others.
    parts = [slice(n, n + 1) for n in range(len(scores))]
    known = [floors(scores[part], stopped[part], groups[part]) for part in parts]
    apart = [found for part in parts for found in behind_gates(scores[part], stopped[part], groups[part], known)]
    assert apart == wanted


def test_what_is_better_lower_is_turned_around_and_null_is_no_opinion() -> None:
    rewards = Rewards({"looping": Rewarded()})
    found, _ = ask(rewards, [GERMAN, "Die Brücke. " * 40])
    assert found["looping"][0] == 0.0
    assert (found["looping"][1] or 0.0) < -0.5
    rewards = Rewards({"chrf": Rewarded()})
    found, logged = ask(rewards, [GERMAN], references=None)
    assert found["chrf"] == [None]
    assert logged["chrf/unjudged"] == 1.0


@pytest.mark.parametrize(
    ("name", "rewarded", "words"),
    [
        ("judge", Rewarded(), "it asks an engine"),
        ("reward", Rewarded(options={"model": "m", "base_url": "http://127.0.0.1:1"}), "it asks a server"),
        ("agreement", Rewarded(), "'prompt_id', which a completion does not have"),
        ("pass_rate", Rewarded(), "'prompt_id'"),
        ("human", Rewarded(options={"field": "da"}), "does not look at the completion, only at meta"),
        ("repetition", Rewarded(), "no single score, but the columns score_repetition_lines"),
        ("chrff", Rewarded(), "Did you mean 'chrf'"),
        ("chrf", Rewarded(options={"word_ordr": 2}), "rewards.chrf.options: unknown option 'word_ordr'"),
        ("verified", Rewarded(options={"gate": ["math"]}), "unknown option 'gate'"),
        ("verified", Rewarded(options={"gates": ["maths"]}), "Did you mean 'math'"),
    ],
)
def test_what_cannot_be_a_reward_is_refused_with_the_reason(name: str, rewarded: Rewarded, words: str) -> None:
    with pytest.raises(UserError) as error:
        Rewards({name: rewarded})
    assert words in str(error.value)


def test_scorers_are_named_as_judges_in_the_loop_and_verifiers_are_not() -> None:
    rewards = Rewards({"verified": Rewarded(), "forms": Rewarded(scorer="chrf", options={"word_order": 2})})
    [selection] = rewards.selected_by()
    assert (selection.column, selection.stage, selection.family) == ("score_chrf", "grpo", "chrf")
    assert selection.signature.startswith("chrF2++|")
    facts = rewards.facts()["rewards"]
    assert list(facts) == ["verified", "forms"]
    assert facts["forms"]["gates"] == ["language", "copied", "truncated"]
    assert rewards.identity() != Rewards({"verified": Rewarded(), "forms": Rewarded(scorer="chrf")}).identity()


def test_a_metric_that_is_trained_on_cannot_watch() -> None:
    with pytest.raises(UserError, match="cannot watch the training"):
        Rewards({"forms": Rewarded(scorer="chrf")}, "chrf")
    _, logged = ask(Rewards({"verified": Rewarded()}, "chrf"), [GERMAN, SPANISH])
    assert 50 < logged["independent/chrf"] < 70
    assert "gates/language" not in logged
