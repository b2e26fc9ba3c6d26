"""Trainers against TRL called directly, packed rows against padded ones, and tokenizing against a bare `datasets.map`.

BENCH_TEXT_MB is how much text is tokenized (default: 100).
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise
from pathlib import Path
from threading import Semaphore
from typing import Any

import polars as pl
import pytest
import yaml
from harness import Report, in_turns, median
from made_up import MadeUp, write_dataset
from tiny_models import make_chat_model
from trainable import problems

import corpus
from train.sources import open_sources

torch = pytest.importorskip(
    "torch", reason="needs torch, transformers and trl: run it in .venv-train, after make test-train"
)
# TRL's trainers and what they import are not free of warnings of their own.
pytestmark = [pytest.mark.bench, pytest.mark.filterwarnings("default")]

CLASSES = {"cpt": "CPT", "sft": "SFT", "wpo": "WPO", "reward": "Reward", "grpo": "GRPO"}
KINDS = {"cpt": "text", "sft": "sft", "wpo": "preference", "reward": "preference", "grpo": "verifiable"}
TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{% if message.role == 'assistant' %}"
    "{% generation %}{{ message.content }}<|end|>{% endgeneration %}{% else %}{{ message.content }}<|end|>{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
ROWS, STEPS, TURNS, BATCH = 80, 20, 9, 4
MEGABYTES = int(os.environ.get("BENCH_TEXT_MB", "100"))


@pytest.fixture(scope="module")
def answered(shared_data: Path) -> list[tuple[str, str]]:
    """Real questions with real answers, whose lengths are skewed."""
    file = shared_data / "arena_hard/arena-hard-v0.1/model_answer/gpt-4-0314.jsonl"
    lines = [json.loads(line)["messages"] for line in file.read_text("utf-8").split("\n") if line]
    return [(question["content"], answer["content"]["answer"]) for question, answer in lines]


@pytest.fixture(scope="module")
def place(folder: Path, answered: list[tuple[str, str]]) -> Path:
    """A folder with a small Llama and, for each method, a dataset."""
    # Threads that wait for each other suffer more from whatever else runs than what is measured here may cost.
    torch.set_num_threads(1)
    place = folder / "train"
    texts = [text for pair in answered for text in pair]
    make_chat_model(
        place / "base", hidden=128, layers=2, vocabulary=2_000, context=4096, template=TEMPLATE, texts=texts
    )
    cut = [(question[:200], answer[:500]) for question, answer in answered[: ROWS + 1]]
    rows: dict[str, list[dict[str, Any]]] = {
        "text": [{"text": answer} for _, answer in answered[:ROWS]],
        "sft": [chat(*pair) for pair in cut[:ROWS]],
        "preference": [
            {
                "prompt": [said("user", question)],
                "chosen": [said("assistant", good)],
                "rejected": [said("assistant", bad)],
            }
            for (question, good), (_, bad) in pairwise(cut)
        ],
        "verifiable": problems(ROWS),
    }
    for kind, made in rows.items():
        corpus.write(made, kind, place / kind)
    return place


def said(role: str, content: str) -> dict[str, str]:
    """A turn of a chat."""
    return {"role": role, "content": content}


def chat(question: str, answer: str) -> dict[str, Any]:
    """A row of kind `sft`."""
    return {"messages": [said("user", question), said("assistant", answer)]}


class Training:
    """A recipe with what is prepared for it; every call makes a trainer anew, of the same seed."""

    def __init__(self, place: Path, method: str, data: Path, **trainer: Any) -> None:
        """Write the recipe, tokenize, mix and pack."""
        from train.prepare import arguments, prepare
        from train.recipe import load_recipe

        recipe = {
            "model": str(place / "base"),
            "data": {"made": {"path": str(data)}},
            "output": str(place / f"{data.name}-{method}"),
            "too_long": "drop" if method in ("reward", "grpo") else "truncate",
            "trainer": {
                "learning_rate": 1e-4,
                "per_device_train_batch_size": BATCH,
                "activation_checkpointing": False,
                "bf16": False,
                "save_strategy": "no",
                "logging_steps": 1,
                "disable_tqdm": True,
                **trainer,
            },
            **({"rewards": {"verified": {}}} if method == "grpo" else {}),
        }
        file = place / f"{data.name}-{method}.yaml"
        file.write_text(yaml.safe_dump(recipe), "utf-8")
        self.recipe = load_recipe(file, method)
        self.method = getattr(importlib.import_module(f"train.{method}"), CLASSES[method])(self.recipe)
        sources = open_sources(self.recipe.data, method)
        self.prepared = prepare(self.method, self.recipe, sources, [], arguments(self.method, self.recipe), _quiet)

    def ours(self) -> Any:
        """The trainer as `python -m train.METHOD` makes it."""
        from train.run import trainer_of

        return trainer_of(self.method, self.recipe, self.prepared)

    def direct(self) -> Any:
        """TRL's trainer as its documentation makes it, of the same options and the same rows in the same order."""
        from transformers import AutoTokenizer

        options = {**self.recipe.trainer, **self.method.options()}
        options.pop("dataset_kwargs", None)
        more = {"assistant_only_loss": True} if self.recipe.method == "sft" else {}
        arguments = self.method.config()(
            output_dir=f"{self.recipe.output}-direct", seed=self.recipe.seed, use_cpu=True, **options, **more
        )
        rewards = {"reward_funcs": right} if self.recipe.method == "grpo" else {}
        return _trainer_class(self.recipe.method)(
            model=self.recipe.model,
            args=arguments,
            train_dataset=self._rows(),
            processing_class=AutoTokenizer.from_pretrained(self.recipe.model),
            **rewards,
        )

    def _rows(self) -> Any:
        from datasets import Dataset

        frame = corpus.open(self.recipe.data["made"].path).scan().collect()
        by_id = dict(zip(frame["id"], frame.iter_rows(named=True), strict=True))
        numbers = self.prepared.train.dataset["rows"]
        flat = [number for each in numbers for number in (each if isinstance(each, list) else [each])]
        rows = [by_id[name.removeprefix("made: ")] for name in self.prepared.train.ids(list(dict.fromkeys(flat)))]
        return Dataset.from_list([_as_trl_reads(row, self.recipe.method) for row in rows])


def _quiet(line: str) -> None:
    del line


def right(completions: list[list[dict[str, str]]], references: list[list[str]], **_: Any) -> list[float]:
    """A reward as users of TRL write them: 1 for the right answer."""
    pairs = zip(completions, references, strict=True)
    return [float(completion[0]["content"].strip() == wanted[0]) for completion, wanted in pairs]


def _trainer_class(method: str) -> Any:
    import trl

    names = {"cpt": "SFTTrainer", "sft": "SFTTrainer", "wpo": "DPOTrainer", "reward": "RewardTrainer"}
    return getattr(trl, names.get(method, "GRPOTrainer"))


def _as_trl_reads(row: dict[str, Any], method: str) -> dict[str, Any]:
    match method:
        case "cpt":
            return {"text": row["text"]}
        case "sft":
            return {"messages": row["messages"]}
        case "wpo":
            return {name: row[name] for name in ("prompt", "chosen", "rejected")}
        case "reward":
            return {name: row["prompt"] + row[name] for name in ("chosen", "rejected")}
        case _:
            return {name: row[name] for name in ("prompt", "references")}


def in_turns_by_steps(trainers: Sequence[Any]) -> list[list[float]]:
    """Train all of them, a step of one after a step of the other: the seconds of each step of each.

    A step lasts until the next one begins, so what comes between them counts. The first step, which warms up, and the
    last, which the end of training follows, do not.
    """
    from transformers import TrainerCallback

    turns = [Semaphore(0) for _ in trainers]
    seconds: list[list[float]] = [[] for _ in trainers]

    class Turn(TrainerCallback):  # type: ignore[misc]
        def __init__(self, place: int) -> None:
            self.place, self.began = place, 0.0

        def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            del args, control, kwargs
            if state.global_step > 1:
                seconds[self.place].append(time.perf_counter() - self.began)
            turns[(self.place + 1) % len(turns)].release()
            turns[self.place].acquire()
            self.began = time.perf_counter()

    def train(place: int) -> None:
        torch.set_num_threads(1)
        trainers[place].add_callback(Turn(place))
        turns[place].acquire()
        try:
            trainers[place].train()
        finally:
            # Whoever waits goes on alone.
            turns[(place + 1) % len(turns)].release(STEPS + 2)

    with ThreadPoolExecutor(len(trainers)) as pool:
        futures = [pool.submit(train, place) for place in range(len(trainers))]
        turns[0].release()
        for future in futures:
            future.result()
    return seconds


def losses(trainer: Any) -> list[float]:
    """The loss of each step."""
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


@pytest.mark.parametrize("method", CLASSES)
def test_trainers_are_as_fast_as_trl_itself(place: Path, report: Report, method: str) -> None:
    own = {
        "cpt": {"max_length": 256},
        "grpo": {"num_generations": 4, "max_completion_length": 32},
    }.get(method, {"max_length": 512})
    training = Training(place, method, place / KINDS[method], max_steps=STEPS, **own)
    ratios: dict[str, list[float]] = {"ours": [], "again": []}
    steps: list[float] = []
    for turn in range(TURNS):
        trainers = {"ours": training.ours(), "direct": training.direct(), "again": training.direct()}
        # Whoever goes first has other neighbours in memory and in the processor's caches.
        names = [*trainers, *trainers][turn % 3 :][:3]
        seconds = dict(zip(names, in_turns_by_steps([trainers[name] for name in names]), strict=True))
        assert all(len(each) == STEPS - 2 for each in seconds.values())
        if method in ("sft", "wpo", "reward"):
            # The same rows in the same batches: not only as fast, but the same training.
            assert losses(trainers["ours"]) == pytest.approx(losses(trainers["direct"]), rel=1e-3)
        steps += seconds["direct"]
        for name, found in ratios.items():
            found.append(in_turns(seconds["direct"], seconds[name]))
    report.add(f"TRL's own trainer of {method}, a step", 1000 * median(steps), "ms")
    report.add("a second one like it, tokens/s by those of the first", median(ratios["again"]), "times")
    report.add(f"{method}: tokens/s by those of TRL", median(ratios["ours"]), "times", least=0.98)


def test_packed_rows_by_padded_rows(place: Path, answered: list[tuple[str, str]], report: Report) -> None:
    rows = [chat(question, answer) for question, answer in answered]
    corpus.write(rows[:200], "sft", place / "answers")
    corpus.write(rows[200:240], "sft", place / "held")
    held = Training(place, "sft", place / "held", max_length=2048, max_steps=1).prepared.train.dataset
    common = {
        "max_length": 2048,
        "per_device_train_batch_size": 16,
        "learning_rate": 1e-3,
        "num_train_epochs": 1,
        "per_device_eval_batch_size": 1,
    }

    padded = Training(place, "sft", place / "answers", **common)
    lengths = padded.prepared.train.table["tokens"].to_list()
    # As many tokens in a step as sixteen rows have.
    packing = {"packing": True, "packing_strategy": "bfd", "per_device_train_batch_size": 1}
    sequences = round(16 * sum(lengths) / len(lengths) / 2048)
    packed = Training(
        place, "sft", place / "answers", **{**common, **packing, "gradient_accumulation_steps": sequences}
    )
    rates, loss = {}, {}
    for name, training in (("padded", padded), ("packed", packed)):
        trainer = training.ours()
        began = time.perf_counter()
        trainer.train()
        rates[name] = sum(lengths) / (time.perf_counter() - began)
        loss[name] = trainer.evaluate(held)["eval_loss"]
        report.add(f"sft on {len(lengths)} real answers, {name}", rates[name], "tokens/s")
        report.add(f"its loss on {len(held)} others", loss[name], "nats")
    report.add("sft on real answers, packed by padded", rates["packed"] / rates["padded"], "times", least=1.8)
    report.add("its loss, packed by padded", loss["packed"] / loss["padded"], "times", most=1.02)


def test_tokenizing_and_packing_by_a_bare_map(place: Path, report: Report) -> None:
    from datasets import Dataset
    from transformers import AutoTokenizer

    from train.cpt import CPT
    from train.prepare import arguments, prepare
    from train.recipe import load_recipe

    made_up = MadeUp(7, 1_000)
    frames: list[pl.DataFrame] = []
    for number in count():
        frames.append(made_up.texts(10_000, number))
        if sum(int(frame["text"].str.len_bytes().sum()) for frame in frames) >= MEGABYTES * 1_000_000:
            break
    size = sum(int(frame["text"].str.len_bytes().sum()) for frame in frames)
    data = write_dataset("text", frames, place / "texts")
    texts = [running[:200_000] for running in made_up.running.values()]
    model = make_chat_model(place / "wide", vocabulary=16_000, texts=texts)
    file = place / "wide.yaml"
    told = {"model": str(model), "data": {"made": {"path": str(data)}}, "output": str(place / "wide-out")}
    file.write_text(yaml.safe_dump({**told, "trainer": {"max_length": 2048, "max_steps": 1}}), "utf-8")
    recipe = load_recipe(file, "cpt")
    method = CPT(recipe)
    tokenizer = AutoTokenizer.from_pretrained(model)
    plain = Dataset.from_parquet(
        [str(shard) for shard in sorted(data.glob("data/*.parquet"))], columns=["text"], cache_dir=str(place / "hf")
    )

    def ours() -> float:
        began = time.perf_counter()
        prepare(method, recipe, open_sources(recipe.data, "cpt"), [], arguments(method, recipe), _quiet)
        return time.perf_counter() - began

    def bare() -> float:
        began = time.perf_counter()
        plain.map(
            lambda batch: tokenizer(batch["text"], return_attention_mask=False),
            batched=True,
            remove_columns=["text"],
            cache_file_name=str(place / "hf" / "tokens.arrow"),
            load_from_cache_file=False,
        )
        return time.perf_counter() - began

    times: dict[str, list[float]] = {"ours": [], "bare": [], "again": []}
    for _ in range(3):
        shutil.rmtree(recipe.tokens, ignore_errors=True)
        times["ours"].append(ours())
        times["again"].append(ours())
        times["bare"].append(bare())
    report.add("tokenizing and packing", size / 1e6 / median(times["ours"]), "MB/s")
    what = f"tokenizing and packing {size / 1e6:.0f} MB"
    report.add(f"{what}, by a bare datasets.map", in_turns(times["ours"], times["bare"]), "times", most=1.2)
    report.add(f"{what}, again on resume", 100 * in_turns(times["again"], times["ours"]), "%", most=5)
