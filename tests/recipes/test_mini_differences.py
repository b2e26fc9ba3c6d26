"""What the miniature's report says: how it was made, differences over meanings, and aims met only where shown."""

from __future__ import annotations

import json
import math
from pathlib import Path

import polars as pl
import pytest

from corpus.errors import UserError
from evals.paired import Difference

pytestmark = pytest.mark.usefixtures("miniature")


@pytest.fixture
def miniature(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "recipes" / "mini")


def frame(rights: list[float | None], *, prompts: list[str] | None = None) -> pl.DataFrame:
    """Answers to tasks: right, wrong, or not judged."""
    return pl.DataFrame(
        {
            "prompt_id": prompts or [f"p{number}" for number in range(len(rights))],
            "score_verified": rights,
            "source": pl.Series([None] * len(rights), dtype=pl.String),
            "references": [["x"]] * len(rights),
            "response": ["x"] * len(rights),
            "src_lang": pl.Series([None] * len(rights), dtype=pl.String),
        },
        schema_overrides={"score_verified": pl.Float64},
    )


def translations(said: list[str]) -> pl.DataFrame:
    """Ten meanings out of English and ten into it, and what a model made of each."""
    english, german = [f"the tree {n} grows" for n in range(10)], [f"der Baum {n} wächst" for n in range(10)]
    return pl.DataFrame(
        {
            "prompt_id": [f"q{number}" for number in range(20)],
            "source": english + german,
            "references": [[text] for text in german + english],
            "response": said,
            "src_lang": ["en"] * 10 + ["de"] * 10,
            "tgt_lang": ["de"] * 10 + ["en"] * 10,
        }
    )


@pytest.mark.parametrize(
    ("side_by_side", "words"),
    [
        (False, "Made by `recipes/mini/run.sh` with the seeds 3, 4."),
        (True, "Made by `make mini-report`: `recipes/mini/run.sh` with the seeds 3, 4. All but the last"),
    ],
)
def test_what_ran_beside_a_run_is_said_only_by_who_knows_it(tmp_path: Path, side_by_side: bool, words: str) -> None:
    from report import Run, made

    for seed in (3, 4):
        folder = tmp_path / str(seed) / "phrasebook"
        folder.mkdir(parents=True)
        (folder / "made.json").write_text(json.dumps({"seed": seed}), "utf-8")
    told = made([Run(tmp_path / str(seed)) for seed in (3, 4)], side_by_side=side_by_side)
    assert told.startswith(words)
    assert side_by_side == ("alone" in told)


def difference(value: float, low: float, high: float, p: float) -> Difference:
    return Difference("a", "b", value, low, high, p, p, 10, 0)


def test_a_meaning_is_its_english_side_in_every_direction_and_a_task_its_prompt() -> None:
    from differences import meanings

    told = translations(["?"] * 20)
    assert meanings(told)[:10] == meanings(told)[10:] == told["source"].to_list()[:10]
    assert meanings(frame([1.0, 0.0])) == ["p0", "p1"]


def test_differences_are_of_all_seeds_together_and_of_what_both_answered() -> None:
    from differences import differences

    perfect, empty = (
        translations(translations(["?"] * 20)["references"].list.first().to_list()),
        translations(["?"] * 20),
    )
    seeds = {
        "grpo": ([perfect, perfect], [frame([1.0, 1.0, None]), frame([1.0, 0.0, 1.0])]),
        "teacher_a": ([empty, perfect], [frame([0.0, 1.0, 1.0]), frame([1.0, 0.0, 0.0])]),
    }

    def answers(axis: str, model: str) -> list[pl.DataFrame]:
        return seeds.get(model, seeds["teacher_a"])[0 if axis == "translation" else 1]

    found = differences(answers)
    better = found["general", "grpo", "teacher_a"]
    assert better.value == pytest.approx(100 * (4 - 2) / 5)
    assert (better.n, better.unjudged) == (5, 1)
    assert found["translation", "grpo", "teacher_a"].value > 20
    assert found["translation", "wpo", "sft"].value == 0


def test_models_that_answered_other_questions_are_not_compared() -> None:
    from differences import differences

    with pytest.raises(UserError, match="did not answer the same questions"):
        differences(lambda _, model: [frame([1.0, 0.0], prompts=["a", "b" if model == "grpo" else "c"])])


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (difference(3.0, 1.0, 5.0, 0.01), ("**met**", "**met**")),
        (difference(0.5, -0.4, 1.0, 0.3), ("**not shown**", "**met**")),
        (difference(-5.0, -11.0, 0.5, 0.08), ("**not shown**", "**not shown**")),
        (difference(-3.0, -5.0, -1.5, 0.01), ("**not met, it is worse**", "**not met**")),
        (difference(math.nan, math.nan, math.nan, math.nan), ("**not shown** (none judged)", "**not shown**")),
    ],
)
def test_an_aim_is_met_only_where_it_is_shown(found: Difference, words: tuple[str, str]) -> None:
    from differences import AXES, PAIRS, aims

    told = aims({(axis, *pair): found for axis in AXES for pair in PAIRS})
    assert len(told) == 6
    assert all(words[0] in line for line in told[:-1])
    assert words[1] in told[-1]


def test_stages_that_move_nothing_are_named() -> None:
    from differences import AXES, PAIRS, unmoved

    found = {(axis, *pair): difference(0.5, -0.4, 1.0, 0.3) for axis in AXES for pair in PAIRS}
    assert unmoved(found) == ["wpo", "grpo"]
    found["general", "wpo", "sft"] = difference(-3.0, -5.0, -1.5, 0.01)
    assert unmoved(found) == ["grpo"]
