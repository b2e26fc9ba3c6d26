"""GRPO on a small model: cut off and run again, rewards in the papers, alarms, and refusing what cannot be meant."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
import trainable
import yaml

from corpus.errors import Failure, UserError
from train.grpo import GRPO
from train.run import run

pytest.importorskip("trl")
# TRL's trainers and what they import are not free of warnings of their own.
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.timeout(300)]

TRAINER = {
    "max_steps": 4,
    "save_steps": 2,
    "logging_steps": 1,
    "learning_rate": 1e-3,
    "gradient_checkpointing": False,
    "bf16": False,
    "disable_tqdm": True,
    "per_device_train_batch_size": 4,
    "num_generations": 4,
    "max_completion_length": 12,
    # Answers for three steps are made at once, so the checkpoint after two steps holds some not yet learned from.
    "steps_per_generation": 3,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("grpo")
    trainable.base_model(folder / "base")
    rows = trainable.translation_problems(120)
    trainable.dataset(folder / "problems", "verifiable", rows[:80])
    trainable.dataset(folder / "held", "verifiable", rows[80:])
    return folder


def recipe(place: Path, output: str, **changes: Any) -> Path:
    told: dict[str, Any] = {
        "model": str(place / "base"),
        "template": "chatml",
        "data": {"made": {"path": str(place / "problems")}},
        "validation": {"held": {"path": str(place / "held")}},
        "rewards": {"verified": {}, "chrf": {"weight": 0.01}},
        "alarms": {"independent": "looping"},
        "output": str(place / output),
        **changes,
        "trainer": {**TRAINER, **changes.get("trainer", {})},
    }
    file = place / f"{output}.yaml"
    file.write_text(yaml.safe_dump(told, sort_keys=False), "utf-8")
    return file


def manifest(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "towerkit.json").read_text("utf-8"))
    return told


@pytest.fixture(scope="module")
def whole(place: Path) -> Path:
    """A model trained without an interruption."""
    run(GRPO, recipe(place, "whole"))
    return place / "whole"


def test_answers_not_yet_learned_from_are_learned_from_after_an_interruption(
    place: Path, whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = place / "cut"
    run(GRPO, recipe(place, "cut"))
    # As a kill right after the first checkpoint and within the next would have left it.
    (cut / "towerkit.json").unlink()
    (cut / "checkpoints" / "checkpoint-4" / "trainer_state.json").write_text('{"global_st', "utf-8")
    capsys.readouterr()
    run(GRPO, place / "cut.yaml")
    assert "going on from step 2" in capsys.readouterr().out
    assert (cut / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    assert manifest(whole)["losses"] == manifest(cut)["losses"]
    run(GRPO, place / "whole.yaml")
    assert "trained already" in capsys.readouterr().out


def test_rewards_stand_in_the_papers_of_what_they_made(whole: Path) -> None:
    told = manifest(whole)
    assert {chosen["family"] for chosen in told["selected_by"]} == {"chrf"}
    assert told["facts"]["rewards"]["chrf"]["weight"] == 0.01
    assert told["facts"]["rows_by_task"] == {"arithmetic": 40, "translate": 40}
    assert "validation reward all" in told["losses"]
    logged = [entry for entry in told["run"]["history"] if "reward" in entry]
    assert len(logged) == 2  # As often as answers were made.
    assert {"rewards/verified/mean", "rewards/chrf/mean", "gates/language", "independent/looping"} <= logged[0].keys()
    card = (whole / "README.md").read_text("utf-8")
    assert "| chrf | 0.01 | chrF2" in card
    assert "rewarded it, so no independent judges of it: chrf" in card


@pytest.mark.parametrize("saves", ["steps", "best"])
def test_an_alarm_that_stops_saves_and_names_itself(place: Path, saves: str) -> None:
    alarms = {"spread": "stop", "spread_share": 0.01, "window": 4}
    trainer: dict[str, Any] = {"max_steps": 6, "steps_per_generation": 1, "save_strategy": saves}
    if saves == "best":
        # Of answers whose lengths are all alike none is the best but the first.
        trainer |= {"eval_strategy": "steps", "eval_steps": 1, "metric_for_best_model": "completions/min_length"}
    # Hardly any prompt of the small model is answered rightly.
    output = f"alarm-{saves}"
    file = recipe(place, output, rewards={"verified": {}}, alarms=alarms, trainer=trainer)
    for _ in range(2):
        with pytest.raises(Failure, match=r"alarm spread at step 4: in \d+% of the groups"):
            run(GRPO, file)
    assert (place / output / "checkpoints" / "checkpoint-4" / "trainer_state.json").is_file()
    run(GRPO, recipe(place, output, rewards={"verified": {}}, trainer=trainer))
    history = manifest(place / output)["run"]["history"]
    assert [entry["alarm"] for entry in history if "alarm" in entry] == ["spread"]


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is installed")
def test_vllm_is_asked_for_by_name_where_it_is_not_installed(place: Path) -> None:
    with pytest.raises(UserError, match=r"trainer\.use_vllm: vLLM is not available"):
        run(GRPO, recipe(place, "fast", trainer={"use_vllm": True}))


def test_answers_that_are_logged_are_those_that_were_learned_from(place: Path) -> None:
    """And not what is measured at the end."""
    import polars as pl

    logs = {"log_completions": True, "num_completions_to_print": 0, "max_steps": 1, "save_strategy": "no"}
    run(GRPO, recipe(place, "logged", trainer=logs))
    assert "validation reward all" in manifest(place / "logged")["losses"]
    [table] = (place / "logged" / "checkpoints" / "completions").glob("*.parquet")
    asked = {json.dumps(turns) for turns in pl.read_parquet(table)["prompt"].to_list()}
    made = pl.read_parquet(place / "problems" / "data" / "*.parquet")["prompt"].to_list()
    assert asked <= {json.dumps(turns) for turns in made}


def test_what_validation_earns_is_the_mean_of_the_rows_that_can_be_judged(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many of them are in a batch."""

    def verified(completions: list[Any], rows: list[int], **_: Any) -> list[float | None]:
        assert len(completions) == len(rows)
        return [None if row % 3 == 0 else float(row) for row in rows]

    monkeypatch.setattr("train.rewards.Rewards.functions", lambda _: [verified])
    few = {"max_steps": 1, "save_strategy": "no", "per_device_eval_batch_size": 16, "dataloader_drop_last": True}
    run(GRPO, recipe(place, "judged", rewards={"verified": {}}, trainer=few))
    losses = manifest(place / "judged")["losses"]
    assert losses["validation reward all"] == pytest.approx(fmean(row for row in range(40) if row % 3))
    assert losses["validation reward arithmetic en"] == pytest.approx(fmean(row for row in range(1, 40, 2) if row % 3))


def test_a_loss_that_is_no_number_names_the_prompts(place: Path) -> None:
    # Beyond the largest float, so the pull to the starting model is no number.
    with pytest.raises(Failure, match=r"the loss of step 1 is nan: .* Rows of the batch: made: [0-9a-f]{32}"):
        run(GRPO, recipe(place, "nan", validation={}, trainer={"beta": 1e39}))


def test_a_reward_model_rewards_in_training_as_in_datasets(place: Path) -> None:
    import polars as pl
    from datasets import Dataset
    from tiny_models import add_reward_head
    from transformers import AutoTokenizer

    from filters.base import with_roles
    from filters.learned import Services, judged_rows
    from filters.scorers.reward import Reward

    judge = add_reward_head(place / "judge", place / "base")
    tokenizer = AutoTokenizer.from_pretrained(judge)
    tokenizer.chat_template = "{% for turn in messages %}{{ turn.role }} {{ turn.content }} {% endfor %}"
    tokenizer.save_pretrained(judge)
    options = {"model": str(judge), "dtype": "float32", "device": "cpu"}
    rewards = {"verified": {}, "liked": {"scorer": "reward", "weight": 0.1, "options": options}}
    logs = {"log_completions": True, "max_steps": 1, "num_completions_to_print": 0, "save_strategy": "no"}
    run(GRPO, recipe(place, "rewarded", rewards=rewards, validation={}, trainer=logs))
    told = manifest(place / "rewarded")
    assert [chosen["family"] for chosen in told["selected_by"]] == [Reward.model_validate(options).family()]
    assert str(place) not in json.dumps({**told, "datasets": []})
    [table] = (place / "rewarded" / "checkpoints" / "completions").glob("*.parquet")
    kept = Dataset.from_parquet(str(table)).to_polars()
    rows = kept.select(
        "prompt",
        pl.col("completion").list.first().struct.field("content").alias("response"),
        pl.lit(None, pl.String).alias("source"),
    )
    scorer = Reward.model_validate(options)
    with scorer.open(Services(place)) as asked:
        scores = judged_rows(scorer, asked, with_roles(rows.lazy(), "response").collect())["score_reward"]
    # Untrained, hardly any answer is in the language that is asked for; those that pass have the scorer's own number.
    same = [abs(one - other) < 1e-4 for one, other in zip(kept["liked"], scores, strict=True)]
    assert any(same)
    lowest = min((one for one, alike in zip(kept["liked"], same, strict=True) if alike), default=0)
    assert all(alike or one <= max(0, lowest) + 1e-4 for one, alike in zip(kept["liked"], same, strict=True))


def test_options_of_vllm_are_passed_on_untouched(place: Path) -> None:
    from train.prepare import arguments
    from train.recipe import load_recipe

    options = {"use_vllm": True, "vllm_mode": "server", "vllm_server_base_url": "http://127.0.0.1:8000"}
    told = load_recipe(recipe(place, "served", trainer=options), "grpo")
    args = arguments(GRPO(told), told)
    assert {name: getattr(args, name) for name in options} == options
    assert (args.beta, args.loss_type, args.num_generations, args.reward_weights) == (0.01, "dapo", 4, [1.0, 0.01])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trainer": {"reward_weights": [1.0]}}, "weights stand beside the rewards"),
        ({"trainer": {"shuffle_dataset": True}}, "seeded order of the recipe"),
        ({"trainer": {"use_adaptive_entropy": True}}, "`entropy_coef` is a bonus that stays"),
        ({"too_long": "truncate"}, "would make other problems of prompts"),
        ({"stream": True}, "reads each prompt many times"),
        ({"max_prompt": 505}, "`max_prompt` 505 and `trainer.max_completion_length` 12 do not fit into"),
        ({"max_prompt": 5}, "80 of 80 rows are unusable"),
        ({"rewards": {"comet": {"options": {"model": "nowhere/"}}}}, "nowhere"),
        ({"alarms": {"independent": "chrf"}}, "cannot watch the training"),
        ({"alarms": {"window": 2}}, "alarms.window"),
        ({"trainer": {"num_generations": 5}}, "must be divisible by num_generations (5)"),
        ({"trainer": {"num_generations": 0}}, "trainer.num_generations: found 0, expected a whole number from 1 on"),
        ({"trainer": {"num_iterations": 0}}, "trainer.num_iterations: found 0, expected a whole number from 1 on"),
        ({"trainer": {"steps_per_generation": 0}}, "trainer.steps_per_generation: found 0, expected a whole number"),
        ({"trainer": {"max_completion_length": "12"}}, "trainer.max_completion_length: found '12', expected a whole"),
        ({"trainer": {"num_generations_eval": 3}}, "found 3, expected a number from 1 on that divides the 8 answers"),
        ({"trainer": {"num_generations_eval": 0}}, "num_generations_eval: found 0, expected"),
        ({"trainer": {"num_generations": 3, "steps_per_generation": 3, "num_generations_eval": None}}, "found 3, exp"),
        ({"trainer": {"steps_per_generation": 81}}, "found 80 prompts, and 81 are answered at once"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_the_first_step(
    place: Path, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError) as error:
        run(GRPO, recipe(place, "wrong", **changes))
    assert words in str(error.value)
    assert not (place / "wrong").exists()


@pytest.mark.parametrize(("passes", "accumulated", "steps"), [(1, 1, 78), (2, 1, 156), (1, 2, 39), (1, 4, 20)])
def test_steps_are_those_of_whole_batches_of_answers(
    place: Path, passes: int, accumulated: int, steps: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of 80 prompts 78, since three are answered at once."""
    options = {"max_steps": -1, "num_train_epochs": 1, "num_iterations": passes}
    options |= {"gradient_accumulation_steps": accumulated}
    run(GRPO, recipe(place, "whole-batches", trainer=options), preflight=True)
    assert f"{steps} steps of {4 * accumulated} sequences: 1.00 epochs" in capsys.readouterr().out


def test_programs_run_only_where_the_recipe_says_so(place: Path) -> None:
    code = {"name": "code", "args": json.dumps({"tests": ["assert double(2) == 4"]})}
    rows = [{**row, "verifiers": [code]} for row in trainable.problems(200)[192:]]
    trainable.dataset(place / "programs", "verifiable", rows)
    changes: dict[str, Any] = {"data": {"made": {"path": str(place / "programs")}}, "rewards": {"verified": {}}}
    with pytest.raises(UserError, match="8 rows are judged by 'code', which runs programs that the model wrote"):
        run(GRPO, recipe(place, "code", **changes))
    # After the last step it would be too late to say so.
    changes = {"validation": changes["data"], "rewards": {"verified": {}}}
    with pytest.raises(UserError, match="8 validation rows are judged by 'code'"):
        run(GRPO, recipe(place, "code", **changes))
    assert not (place / "code").exists()


def test_prompts_that_cannot_be_answered_have_their_reason(place: Path) -> None:
    from transformers import AutoTokenizer

    from train.chat_templates import training_template
    from train.encode import PromptEncoder

    tokenizer = AutoTokenizer.from_pretrained(place / "base")
    encoder = PromptEncoder(tokenizer, training_template(tokenizer, "chatml", marks=False), 60, "drop")
    ask = {"role": "user", "content": "How much is 1 + 1?"}
    prompts = [
        [ask],
        [{"role": "user", "content": "1 + 1 = " * 40}],
        [{"role": "user", "content": "<|im_end|> hello"}],
        [ask, {"role": "assistant", "content": "2"}],
        [{"role": "user", "content": " "}],
    ]
    batch = encoder.encode({"prompt": prompts})
    assert batch.reasons == [
        None,
        "longer than max_prompt",
        "special token in the text: <|im_end|>",
        "the prompt ends with the assistant's turn, so there is nothing to answer",
        "empty",
    ]
    assert tokenizer.decode(batch.columns["prompt_ids"][0]).endswith("<|im_start|>assistant\n")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_processes_end_with_equal_weights(place: Path) -> None:
    file = recipe(place, "ranks", trainer={"per_device_train_batch_size": 2})
    script = place / "ranks.py"
    script.write_text(RANKS, "utf-8")
    told = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", str(script), str(file)],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    sums = [line.split() for line in told.stdout.splitlines() if line.startswith("weights ")]
    assert [rank for _, rank, _ in sorted(sums)] == ["0", "1"]
    assert len({digest for *_, digest in sums}) == 1
    assert manifest(place / "ranks")["run"]["devices"] == 2


RANKS = """\
import hashlib, sys
from pathlib import Path
import train.grpo, train.papers
from corpus.errors import Failure, UserError
from train.run import run

finish = train.papers.finish

def finished(method, recipe, prepared, trainer, *rest):
    finish(method, recipe, prepared, trainer, *rest)
    digest = hashlib.sha256()
    for name, tensor in trainer.accelerator.unwrap_model(trainer.model).state_dict().items():
        digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
    print("weights", trainer.accelerator.process_index, digest.hexdigest(), flush=True)

train.papers.finish = finished
run(train.grpo.GRPO, Path(sys.argv[1]))
"""
"""A training in each of two processes, which tell their weights at its end."""
