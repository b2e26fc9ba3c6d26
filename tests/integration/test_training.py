"""Trainers on small models: cut off and run again, and refusing what is wrong with datasets and recipes."""

from __future__ import annotations

import importlib
import json
import re
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import trainable
import yaml

import corpus
from corpus.errors import Failure, UserError
from train.run import run

pytest.importorskip("trl")
# TRL's trainers and what they import are not free of warnings of their own.
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.timeout(300)]

STEPS = {"max_steps": 4, "save_steps": 2, "logging_steps": 1, "learning_rate": 1e-3, "gradient_checkpointing": False}
BATCH = {"per_device_train_batch_size": 4, "max_length": 128, "bf16": False, "disable_tqdm": True}
CLASSES = {"cpt": "CPT", "sft": "SFT", "wpo": "WPO", "reward": "Reward"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    trainable.base_model(folder / "base")
    for kind, make in dict(trainable.KINDS.values()).items():
        trainable.dataset(folder / kind, kind, make(80))
        trainable.dataset(folder / f"{kind}-held", kind, make(120)[80:])
    return folder


def recipe(place: Path, method: str, output: str, **changes: Any) -> Path:
    kind = trainable.KINDS[method][0]
    told: dict[str, Any] = {
        "method": method,
        "model": str(place / "base"),
        "data": {"made": {"path": str(place / kind)}},
        "validation": {"held": {"path": str(place / f"{kind}-held")}},
        "output": str(place / output),
        **({} if method == "cpt" else {"template": "chatml"}),
        **changes,
        "trainer": {**STEPS, **BATCH, **changes.get("trainer", {})},
    }
    file = place / f"{output}.yaml"
    file.write_text(yaml.safe_dump(told, sort_keys=False), "utf-8")
    return file


def train(method: str, file: Path, **options: Any) -> None:
    run(getattr(importlib.import_module(f"train.{method}"), CLASSES[method]), file, **options)


def manifest(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "towerkit.json").read_text("utf-8"))
    return told


def assert_equal_weights(left: Path, right: Path) -> None:
    import torch
    from safetensors.torch import load_file

    one, other = load_file(left / "model.safetensors"), load_file(right / "model.safetensors")
    assert one.keys() == other.keys()
    for name in one:
        assert torch.equal(one[name], other[name]), name


@pytest.mark.parametrize("method", CLASSES)
def test_a_training_cut_off_after_two_steps_goes_on_to_the_same_weights(
    place: Path, method: str, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, cut = place / f"{method}-whole", place / f"{method}-cut"
    train(method, recipe(place, method, whole.name))
    train(method, recipe(place, method, cut.name))
    # As a kill right after the first checkpoint and within the next would have left it.
    (cut / "towerkit.json").unlink()
    (cut / "checkpoints" / "checkpoint-4" / "trainer_state.json").write_text('{"global_st', "utf-8")
    capsys.readouterr()
    train(method, cut.with_suffix(".yaml"))
    told = capsys.readouterr().out
    assert "checkpoint-4 was cut off while it was saved" in told
    assert "going on from step 2" in told
    assert_equal_weights(whole, cut)
    assert manifest(whole)["losses"] == manifest(cut)["losses"]
    assert manifest(whole)["run"]["tokens_seen"] == manifest(cut)["run"]["tokens_seen"] > 0
    assert manifest(whole)["method"] == method
    train(method, whole.with_suffix(".yaml"))
    assert "trained already" in capsys.readouterr().out


@pytest.mark.parametrize("strategy", ["random", "group_by_length", "batch_rebalance"])
def test_a_later_epoch_goes_on_with_the_rows_that_were_not_yet_learned_from(place: Path, strategy: str) -> None:
    """Each epoch has an order of its own, which a training that goes on within it must find again."""
    # Four steps an epoch.
    epochs = {"train_sampling_strategy": strategy, "per_device_train_batch_size": 20, "max_steps": 8}
    whole, cut = place / f"{strategy}-whole", place / f"{strategy}-cut"
    for output in (whole, cut):
        train("sft", recipe(place, "sft", output.name, trainer=epochs))
    (cut / "towerkit.json").unlink()
    shutil.rmtree(cut / "checkpoints" / "checkpoint-8")
    train("sft", cut.with_suffix(".yaml"))
    assert_equal_weights(whole, cut)
    assert losses_by_step(whole) == losses_by_step(cut)


def losses_by_step(folder: Path) -> dict[int, float]:
    return {entry["step"]: entry["loss"] for entry in manifest(folder)["run"]["history"] if "loss" in entry}


def changed(file: Path, **parts: Any) -> Path:
    told = yaml.safe_load(file.read_text("utf-8"))
    file.write_text(yaml.safe_dump({**told, **parts}, sort_keys=False), "utf-8")
    return file


def _wrong_kind(place: Path, folder: Path) -> Path:
    del folder
    return place / "text"


def _no_manifest(place: Path, folder: Path) -> Path:
    shutil.copytree(place / "sft", folder)
    (folder / "manifest.json").unlink()
    return folder


def _changed_shard(place: Path, folder: Path) -> Path:
    import polars as pl

    shutil.copytree(place / "sft", folder)
    shard = folder / "data" / "00001.parquet"
    pl.read_parquet(shard).reverse().write_parquet(shard)
    return folder


def _lost_shard(place: Path, folder: Path) -> Path:
    shutil.copytree(place / "sft", folder)
    (folder / "data" / "00001.parquet").unlink()
    return folder


def _empty(place: Path, folder: Path) -> Path:
    del place
    corpus.write([], "sft", folder)
    return folder


def _unusable(place: Path, folder: Path) -> Path:
    rows = trainable.chats(10)
    for row in rows[:3]:
        row["messages"][1]["content"] += "<|im_end|>"
    del place
    return trainable.dataset(folder, "sft", rows)


def _unanswered(place: Path, folder: Path) -> Path:
    rows = trainable.chats(10)
    for row in rows[:2]:
        row["messages"][1]["content"] = ""
    del place
    return trainable.dataset(folder, "sft", rows)


def _asked_in_the_evaluation(place: Path, folder: Path) -> Path:
    del place
    return trainable.dataset(folder, "sft", trainable.chats(90))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_wrong_kind, "holds rows of kind 'text', and `sft` learns from 'sft', which stages of `datagen` make: `best`"),
        (_no_manifest, "is not a dataset: it has no manifest.json"),
        (_changed_shard, "00001.parquet is not what its manifest says: sha256"),
        (_lost_shard, "00001.parquet is missing"),
        (_empty, "has no rows in its split 'train'"),
        (_unusable, "3 of 10 rows are unusable (30.0%, max_dropped allows 5.0%):\n  3 rows: special token in the text"),
        (_unanswered, "2 of 10 rows are unusable (20.0%, max_dropped allows 5.0%):\n  2 rows: empty answer"),
        (_asked_in_the_evaluation, "found 10 rows that an evaluation has"),
    ],
)
def test_datasets_that_cannot_be_trained_on_are_refused_before_the_first_step(
    place: Path, tmp_path: Path, make: Callable[[Path, Path], Path], words: str
) -> None:
    file = recipe(place, "sft", f"refused{make.__name__}", data={"made": {"path": str(make(place, tmp_path / "bad"))}})
    with pytest.raises(UserError) as error:
        train("sft", file)
    assert words in str(error.value)
    assert not (place / f"refused{make.__name__}").exists()


def test_another_training_in_the_output_folder_is_told_apart(place: Path) -> None:
    file = recipe(place, "sft", "taken", trainer={"max_steps": 2})
    train("sft", file)
    before = (place / "taken" / "model.safetensors").read_bytes()
    with pytest.raises(UserError, match=r"trainer\.learning_rate: 0\.001 there, 0\.1 here"):
        train("sft", recipe(place, "sft", "taken", trainer={"max_steps": 2, "learning_rate": 0.1}))
    # What changes no weight is no other training.
    train("sft", recipe(place, "sft", "taken", trainer={"max_steps": 2, "logging_steps": 2, "save_steps": 1}))
    assert (place / "taken" / "model.safetensors").read_bytes() == before


def test_two_trainings_of_one_output_do_not_meet(place: Path) -> None:
    from train.checkpoints import alone

    with alone(place / "both"), pytest.raises(UserError, match="another process makes this already"):
        train("sft", recipe(place, "sft", "both"))
    train("sft", recipe(place, "sft", "both"))


@pytest.mark.parametrize(
    ("trainer", "words"),
    [
        ({"dataloader_drop_last": True, "per_device_train_batch_size": 81}, "found 80 training sequences, and .* 81"),
        (
            {"dataloader_drop_last": True, "per_device_train_batch_size": 50, "gradient_accumulation_steps": 2}
            | {"train_sampling_strategy": "batch_rebalance"},
            "found 80 training sequences, and .* 100",
        ),
        ({"max_steps": -1, "num_train_epochs": 0}, "no step would be taken: raise `trainer.num_train_epochs`"),
        (
            {"max_steps": -1, "num_train_epochs": -1},
            r"trainer\.num_train_epochs: found -1, expected a number from 0 on",
        ),
    ],
)
def test_a_training_of_no_step_is_refused(place: Path, trainer: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        train("sft", recipe(place, "sft", "stepless", trainer=trainer))
    assert not (place / "stepless").exists()


@pytest.mark.parametrize(
    ("trainer", "steps"),
    [
        ({"per_device_train_batch_size": 30}, 3),
        ({"per_device_train_batch_size": 30, "dataloader_drop_last": True}, 2),
        ({"per_device_train_batch_size": 9, "gradient_accumulation_steps": 3, "dataloader_drop_last": True}, 3),
    ],
)
def test_steps_are_told_as_they_are_taken(
    place: Path, trainer: dict[str, Any], steps: int, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {"max_steps": -1, "num_train_epochs": 1, "save_strategy": "no", **trainer}
    output = f"counted-{len(trainer)}-{steps}"
    train("sft", recipe(place, "sft", output, validation={}, trainer=options))
    assert f"{steps} steps of" in capsys.readouterr().out
    assert manifest(place / output)["run"]["steps"] == steps


def test_what_ends_before_its_last_step_is_no_finished_model(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import TrainerCallback

    from train.sft import SFT

    class Ending(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, _: Any, state: Any, control: Any, **__: Any) -> None:
            control.should_training_stop |= state.global_step == 2

    file = recipe(place, "sft", "ending")
    with monkeypatch.context() as patched:
        patched.setattr(SFT, "callbacks", lambda _: [Ending()])
        with pytest.raises(Failure, match="training ended after 2 of 4 steps"):
            train("sft", file)
    assert not (place / "ending" / "model.safetensors").exists()
    train("sft", file)
    assert manifest(place / "ending")["run"]["steps"] == 4


def test_a_loss_that_is_no_number_names_the_rows_and_leaves_the_weights(place: Path) -> None:
    file = recipe(place, "sft", "nan", trainer={"learning_rate": 1e38, "max_grad_norm": 0.0, "optim": "sgd"})
    with pytest.raises(Failure, match=r"is (nan|inf)") as error:
        train("sft", file)
    named = str(error.value).partition("Rows of the batch: ")[2].partition(". Look at them")[0].split(", ")
    ids = set(corpus.open(place / "sft").scan().collect()["id"])
    assert 1 <= len(named) <= 4
    assert all(each.removeprefix("made: ") in ids for each in named)
    assert not (place / "nan" / "towerkit.json").exists()


def test_a_gradient_that_is_no_number_leaves_the_weights(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from trl import SFTTrainer

    whole = SFTTrainer.compute_loss

    def torn(self: Any, *args: Any, **kwargs: Any) -> Any:
        loss = whole(self, *args, **kwargs)
        # Finite on the way there and not on the way back: the slope of a root is infinite at 0.
        return loss + torch.sqrt(loss * 0) if self.state.global_step == 2 else loss

    monkeypatch.setattr(SFTTrainer, "compute_loss", torn)
    file = recipe(place, "sft", "torn", trainer={"save_steps": 1})
    with pytest.raises(Failure, match=r"the gradient of step 3 is nan.*Rows of the batch: made: "):
        train("sft", file)
    assert sorted(each.name for each in (place / "torn" / "checkpoints").glob("*-*")) == [
        "checkpoint-1",
        "checkpoint-2",
    ]


def test_what_is_measured_on_the_way_changes_nothing(place: Path) -> None:
    # Dropout draws from the same randomness as whoever reads the validation rows.
    adapters = {"r": 4, "target_modules": "all-linear", "lora_dropout": 0.2}
    train("sft", recipe(place, "sft", "unmeasured", peft=adapters))
    often = {"eval_strategy": "steps", "eval_steps": 1}
    train("sft", recipe(place, "sft", "measured", peft=adapters, trainer=often))
    assert_equal_weights(place / "unmeasured", place / "measured")


@pytest.mark.parametrize("method", CLASSES)
def test_adapters_are_merged_into_the_model_that_is_written(place: Path, method: str) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

    adapters = {"r": 4, "target_modules": "all-linear"}
    # Of one batch, TRL's own number is the mean over tokens, too.
    options = {"learning_rate": 1e-2, "eval_strategy": "steps", "eval_steps": 4, "per_device_eval_batch_size": 64}
    train(method, recipe(place, method, f"adapted-{method}", peft=adapters, trainer=options))
    kind, options = (
        (AutoModelForSequenceClassification, {"num_labels": 1}) if method == "reward" else (AutoModelForCausalLM, {})
    )
    folder = place / f"adapted-{method}"
    base = kind.from_pretrained(place / "base", dtype=torch.float32, **options)
    base.config.pad_token_id = 0
    adapted = PeftModel.from_pretrained(base, folder / "checkpoints" / "checkpoint-4").eval()
    merged = kind.from_pretrained(folder, dtype=torch.float32).eval()
    tokens = torch.arange(10, 40)[None]
    with torch.no_grad():
        torch.testing.assert_close(merged(tokens).logits, adapted(tokens).logits, atol=1e-5, rtol=1e-4)
        with adapted.disable_adapter():
            assert not torch.allclose(merged(tokens).logits, adapted(tokens).logits, atol=1e-4)
    # What is measured at the end is measured as on the way: `wpo` against the model without adapters.
    told = manifest(folder)
    [measured] = [entry["eval_loss"] for entry in told["run"]["history"] if "eval_loss" in entry]
    assert told["losses"]["validation all"] == pytest.approx(measured, rel=1e-6)


def test_a_training_cut_off_after_its_last_step_takes_no_other(place: Path) -> None:
    file = recipe(place, "sft", "ended", trainer={"lr_scheduler_type": "constant"})
    train("sft", file)
    before = manifest(place / "ended")
    shutil.copytree(place / "ended", place / "ended-whole")
    # The model was written, and its papers were not.
    (place / "ended" / "towerkit.json").unlink()
    train("sft", file)
    assert_equal_weights(place / "ended", place / "ended-whole")
    after = manifest(place / "ended")
    assert after["run"]["steps"] == 4
    assert after["losses"] == before["losses"]


def test_what_fails_while_it_is_measured_loses_no_model(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from train.watch import Watched

    def full(*_: Any) -> Any:
        raise MemoryError

    train("sft", recipe(place, "sft", "measured-whole"))
    file = recipe(place, "sft", "unmeasurable")
    with monkeypatch.context() as patched:
        patched.setattr(Watched, "measure", full)
        with pytest.raises(MemoryError):
            train("sft", file)
    assert_equal_weights(place / "measured-whole", place / "unmeasurable")
    assert not (place / "unmeasurable" / "towerkit.json").exists()
    train("sft", file)
    assert manifest(place / "unmeasurable")["losses"] == manifest(place / "measured-whole")["losses"]


def test_validation_is_measured_against_likelihoods_that_were_worked_out_before(place: Path) -> None:
    for name, before in (("worked-out", True), ("both-held", False)):
        train("wpo", recipe(place, "wpo", name, trainer={"precompute_ref_log_probs": before}))
    losses = manifest(place / "worked-out")["losses"]
    assert len([name for name in losses if name.startswith("validation translate")]) == 5
    assert losses == pytest.approx(manifest(place / "both-held")["losses"], rel=1e-5)


def test_each_group_is_measured_though_workers_are_kept(place: Path) -> None:
    for name, kept in (("kept-workers", True), ("new-workers", False)):
        workers = {"dataloader_num_workers": 1, "dataloader_persistent_workers": kept}
        options = {**workers, "max_steps": 1, "eval_strategy": "steps", "eval_steps": 1}
        train("sft", recipe(place, "sft", name, trainer=options))
    losses = manifest(place / "kept-workers")["losses"]
    assert losses == manifest(place / "new-workers")["losses"]
    assert len(set(losses.values())) == len(losses) > 3
    assert manifest(place / "kept-workers")["options"]["trainer"]["dataloader_persistent_workers"] is True


def test_validation_keeps_its_last_batch_whatever_the_training_does(place: Path) -> None:
    """Of no group are there as many rows as a batch takes; on the way a last batch is not full."""
    for name, dropped in (("last-dropped", True), ("last-kept", False)):
        often = {"eval_strategy": "steps", "eval_steps": 1, "per_device_eval_batch_size": 32}
        train("sft", recipe(place, "sft", name, trainer={"max_steps": 1, "dataloader_drop_last": dropped, **often}))
    one, other = (manifest(place / name) for name in ("last-dropped", "last-kept"))
    assert one["losses"] == other["losses"]
    assert len(one["losses"]) > 3
    measured = [[each["eval_loss"] for each in told["run"]["history"] if "eval_loss" in each] for told in (one, other)]
    assert measured[0] == measured[1] != []
    assert one["options"]["trainer"]["dataloader_drop_last"] is True


@pytest.mark.parametrize("method", ["cpt", "sft"])
def test_the_loss_of_validation_is_that_of_its_tokens_whatever_the_batches(place: Path, method: str) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    losses: list[dict[str, float]] = []
    for rows, packing in ((1, False), (7, False), (40, False), (7, True)):
        output = f"{method}-by-{rows}-{packing}"
        # Packed rows are laid end to end in a batch, those of validation too.
        options = {"packing": packing, "packing_strategy": "bfd", "max_steps": 1, "learning_rate": 0.0}
        train(method, recipe(place, method, output, trainer={**options, "per_device_eval_batch_size": rows}))
        found = manifest(place / output)["losses"]
        losses.append({name: loss for name, loss in found.items() if name.startswith("validation")})
    assert all(each == pytest.approx(losses[0], rel=1e-5) for each in losses[1:])
    model = AutoModelForCausalLM.from_pretrained(place / f"{method}-by-1-False", dtype=torch.float32).eval()
    summed, tokens = 0.0, 0
    for row in prepared(place / f"{method}-by-1-False.yaml", method).validation.dataset:
        labels = torch.tensor(row["labels"][1:])
        with torch.no_grad():
            logits = model(torch.tensor([row["input_ids"]])).logits[0, :-1]
        summed += float(torch.nn.functional.cross_entropy(logits, labels, reduction="sum"))
        tokens += int((labels != -100).sum())
    assert losses[0]["validation all"] == pytest.approx(summed / tokens, rel=1e-5)


def prepared(file: Path, method: str) -> Any:
    from train.prepare import arguments, prepare
    from train.recipe import load_recipe
    from train.sources import open_sources

    made = load_recipe(file, method)
    kind = getattr(importlib.import_module(f"train.{method}"), CLASSES[method])(made)
    sources, held = open_sources(made.data, method), open_sources(made.validation, method)
    return prepare(kind, made, sources, held, arguments(kind, made), print)


def test_texts_that_are_measured_are_cut_in_pieces(place: Path) -> None:
    """As they are in training: one long document would be one sequence, and a batch of it fill all memory."""
    changes = {"trainer": {"max_length": 8, "max_steps": 1}}
    measured = prepared(recipe(place, "cpt", "pieces", **changes), "cpt").validation
    lengths = [len(ids) for ids in measured.dataset["input_ids"]]
    assert max(lengths) == 8
    assert {number for [number] in measured.dataset["rows"]} == set(range(40))
    assert sum(lengths) == measured.table["tokens"].sum() > 40 * 8
    train("cpt", recipe(place, "cpt", "pieces", **changes))
    losses = manifest(place / "pieces")["losses"]
    assert len([name for name in losses if name.startswith("validation")]) == 6


@pytest.mark.parametrize("max_times", [0.25, 3])
def test_held_out_rows_are_measured_once_whatever_the_mixture(place: Path, max_times: float) -> None:
    measured = prepared(recipe(place, "sft", "once", mix={"max_times": max_times}), "sft").validation
    assert sorted(measured.dataset["rows"]) == list(range(40))


def test_of_each_validation_dataset_so_many_rows_are_measured(place: Path, tmp_path: Path) -> None:
    few = trainable.dataset(tmp_path / "few", "sft", trainable.chats(200)[190:])
    validation = {"held": {"path": str(place / "sft-held")}, "few": {"path": str(few)}}
    made = recipe(place, "sft", "of-each", validation=validation, validation_rows=12)
    measured = [prepared(made, "sft").validation for _ in range(2)]
    assert measured[0].dataset["rows"] == measured[1].dataset["rows"]
    taken = measured[0].table[list(measured[0].dataset["rows"])]["source"].value_counts()
    assert dict(taken.iter_rows()) == {"held": 12, "few": 10}


def test_nobody_hears_what_is_measured_at_the_end(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tracker would take it for a loss of the last step."""
    from transformers import TrainerCallback

    from train.sft import SFT

    class Tracker(TrainerCallback):  # type: ignore[misc]
        heard: tuple[str, ...] = ()

        def on_log(self, *_: Any, logs: dict[str, float], **__: Any) -> None:
            self.heard += ("loss of validation" if "eval_loss" in logs else "loss",) if "train_loss" not in logs else ()

        def on_evaluate(self, *_: Any, **__: Any) -> None:
            self.heard += ("evaluated",)

        def on_train_end(self, *_: Any, **__: Any) -> None:
            self.heard += ("end",)

    tracker = Tracker()
    monkeypatch.setattr(SFT, "callbacks", lambda _: [tracker])
    often = {"max_steps": 2, "eval_strategy": "steps", "eval_steps": 2}
    train("sft", recipe(place, "sft", "tracked", trainer=often))
    assert tracker.heard == ("loss", "loss", "loss of validation", "evaluated", "end")
    assert "validation all" in manifest(place / "tracked")["losses"]


def test_the_last_loss_is_told_however_seldom_losses_are_logged(place: Path) -> None:
    train("sft", recipe(place, "sft", "seldom", trainer={"logging_steps": 100}))
    history = manifest(place / "seldom")["run"]["history"]
    logged = [(each["step"], each["loss"]) for each in history if "loss" in each]
    # Steps that are saved, and the last one.
    assert [step for step, _ in logged] == [2, 4]
    assert manifest(place / "seldom")["losses"]["train"] == logged[-1][1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"peft": {"target_modules": ["nothing"]}}, "Target modules {'nothing'} not found"),
        ({"peft": {"rank": 4}}, "peft: .*rank"),
        ({"trainer": {"packing": True, "max_length": None}}, "`packing` fills sequences of `max_length` tokens"),
        ({"trainer": {"packing": True, "packing_strategy": "wrapped"}}, "'wrapped' would cut conversations in pieces"),
        ({"trainer": {"fsdp": True}, "peft": {"r": 4}}, "peft: adapters are merged at the end"),
        ({"trainer": {"train_sampling_strategy": "by_length"}}, "found 'by_length', expected one of .*group_by_length"),
        ({"trainer": {"gradient_accumulation_steps": 0}}, r"trainer\.gradient_accumulation_steps: found 0, expected"),
        ({"trainer": {"per_device_train_batch_size": 0}}, "found 0, expected a whole number from 1 on"),
        ({"trainer": {"max_length": "2k"}}, r"trainer\.max_length: found '2k', expected a whole number"),
        ({"trainer": {"max_steps": "4"}}, r"trainer\.max_steps: found '4', expected a whole number"),
        ({"trainer": {"max_steps": 0}}, r"trainer\.max_steps: found 0, expected .*, or -1 for whole epochs"),
        ({"trainer": {"max_steps": -2}}, r"trainer\.max_steps: found -2, expected a whole number from -1 on"),
        ({"trainer": {"pad_to_multiple_of": 0}}, r"trainer\.pad_to_multiple_of: found 0, expected a whole number from"),
        ({"trainer": {"learning_rate": "fast"}}, r"trainer\.learning_rate: found 'fast', expected a number"),
        ({"trainer": {"learning_rate": -1}}, r"trainer\.learning_rate: found -1, expected a number from 0 on"),
        ({"trainer": {"dataloader_num_workers": -1}}, r"dataloader_num_workers: found -1, expected .* from 0 on"),
        ({"trainer": {"model_init_kwargs": [1]}}, "'model_init_kwargs': found a list, expected options by name"),
        (
            {"trainer": {"model_init_kwargs": {"config": {"dropout": 0}}}},
            r"model_init_kwargs\.config' is not given here",
        ),
        ({"trainer": {"max_length": 0}}, r"trainer\.max_length: found 0, expected a whole number"),
        ({"trainer": {"accelerator_config": {"use_seedable_sampler": False}}}, "`use_seedable_sampler: false`"),
        ({"trainer": {"accelerator_config": '{"dispatch_batches": true}'}}, "`dispatch_batches: true`"),
        ({"trainer": {"lr_scheduler_type": "cosin"}}, "trainer.*'?cosin'?"),
        ({"trainer": {"model_init_kwargs": {"atn": "eager"}}}, "the model takes no 'atn'"),
    ],
)
def test_options_that_cannot_be_meant_are_told(place: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        train("sft", recipe(place, "sft", "unmeant", **changes))
    assert not (place / "unmeant").exists()


LACKING = {
    "wandb": ({"report_to": "wandb"}, r"trainer\.report_to: the package of 'wandb' is not installed"),
    "flash_attn": (
        {"model_init_kwargs": {"attn_implementation": "flash_attention_2"}},
        r"trainer\.model_init_kwargs\.attn_implementation: .*installed",
    ),
    "bitsandbytes": ({"optim": "adamw_8bit"}, r"trainer\.optim: .*bitsandbytes"),
    "liger_kernel": ({"use_liger_kernel": True}, r"trainer\.use_liger_kernel: liger-kernel is not installed"),
}


@pytest.mark.parametrize("package", LACKING)
def test_options_whose_package_is_not_installed_are_told_before_anything_is_taken(place: Path, package: str) -> None:
    if find_spec(package):
        pytest.skip(f"{package} is installed")
    options, words = LACKING[package]
    with pytest.raises(UserError, match=words):
        train("sft", recipe(place, "sft", f"lacks-{package}", trainer=options))
    assert not (place / f"lacks-{package}" / "training.json").exists()
    train("sft", recipe(place, "sft", f"lacks-{package}", trainer={"max_steps": 1}))


@pytest.mark.parametrize("method", ["wpo", "reward"])
def test_pairs_are_not_ordered_by_a_length(place: Path, method: str) -> None:
    alike = {"train_sampling_strategy": "group_by_length"}
    with pytest.raises(UserError, match="'group_by_length' goes by the length of a row's one sequence"):
        train(method, recipe(place, method, f"alike-{method}", trainer=alike))
    assert not (place / f"alike-{method}").exists()


@pytest.mark.parametrize("method", ["cpt", "sft"])
def test_packing_of_no_known_kind_is_refused(place: Path, method: str) -> None:
    with pytest.raises(UserError, match=r"packing_strategy: found 'bdf', expected one of .*Did you mean 'bfd'"):
        train(method, recipe(place, method, "bdf", trainer={"packing": True, "packing_strategy": "bdf"}))


def test_preflight_shows_rows_and_trains_nothing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train("sft", recipe(place, "sft", "looked-at"), preflight=True)
    told = capsys.readouterr().out
    assert told.count("⟦") == 10
    assert "4 steps of 4 sequences: 0.20 epochs" in told
    assert "million parameters" in told
    assert not (place / "looked-at").exists()


def test_rows_beyond_the_models_window_are_warned_of(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train("sft", recipe(place, "sft", "beyond", trainer={"max_length": 100_000}), preflight=True)
    assert "`trainer.max_length` is 100,000 tokens, and the model was made for" in capsys.readouterr().out


def test_what_a_finished_training_does_not_look_at_is_told(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = recipe(place, "sft", "finished", trainer={"max_steps": 1})
    train("sft", file)
    told = yaml.safe_load(file.read_text("utf-8"))
    file.write_text(yaml.safe_dump({**told, "evaluation": [str(place / "sft")]}), "utf-8")
    capsys.readouterr()
    train("sft", file)
    assert "trained already (`validation` and `evaluation` are looked at before a training" in capsys.readouterr().out


def test_a_mixture_of_translation_alone_is_warned_of(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row for row in trainable.chats(80) if row["task"] == "translate"]
    folder = trainable.dataset(place / "translations", "sft", rows)
    train("sft", recipe(place, "sft", "warned", data={"made": {"path": str(folder)}}), preflight=True)
    assert "only 0.0% of the rows are general" in capsys.readouterr().out


def test_weights_decide_how_often_rows_are_taken(place: Path, tmp_path: Path) -> None:
    rows = trainable.chats(80)
    parts = {
        name: trainable.dataset(tmp_path / name, "sft", [row for row in rows if (row["task"] == "translate") == wanted])
        for name, wanted in (("translation", True), ("general", False))
    }
    data = {
        "translation": {"path": str(parts["translation"]), "weight": 0.2},
        "general": {"path": str(parts["general"]), "weight": 0.8},
    }
    train("sft", recipe(place, "sft", "weighed", data=data, mix={"total": 40}, trainer={"max_steps": 1}))
    facts = manifest(place / "weighed")["facts"]
    assert facts["rows_by_dataset"] == {"general": 32, "translation": 8}
    assert facts["general_share"] == pytest.approx(0.8)


def test_packed_rows_are_read_as_rows_alone_are(place: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    from train.prepare import arguments, prepare
    from train.recipe import load_recipe
    from train.sft import SFT
    from train.sources import open_sources

    packing = {"packing": True, "packing_strategy": "bfd", "per_device_train_batch_size": 1}
    made = load_recipe(recipe(place, "sft", "packed", trainer=packing), "sft")
    method = SFT(made)
    prepared = prepare(method, made, open_sources(made.data, "sft"), [], arguments(method, made), print)
    model = AutoModelForCausalLM.from_pretrained(place / "base").eval()
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    collate = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)
    row = prepared.train.dataset[0]
    assert 1 < len(row["rows"]) == len(set(row["rows"]))
    batch = collate([{name: row[name] for name in row if name != "rows"}])
    with torch.no_grad():
        told = {name: batch[name] for name in ("input_ids", "position_ids") if name in batch}
        together = model(**told, use_cache=False).logits[0]
        start = 0
        for length in row["seq_lengths"]:
            ids = torch.tensor([row["input_ids"][start : start + length]])
            alone = model(ids, use_cache=False).logits[0]
            torch.testing.assert_close(together[start : start + length], alone, rtol=1e-4, atol=1e-5)
            start += length
    assert start == len(row["input_ids"])


def test_streamed_rows_are_cut_off_and_gone_on_with_like_kept_ones(place: Path) -> None:
    packing = {"packing": True, "packing_strategy": "bfd", "per_device_train_batch_size": 1}
    whole, cut = place / "stream-whole", place / "stream-cut"
    for output in (whole, cut):
        train("sft", recipe(place, "sft", output.name, stream=True, trainer=packing))
    (cut / "towerkit.json").unlink()
    shutil.rmtree(cut / "checkpoints" / "checkpoint-4")
    train("sft", cut.with_suffix(".yaml"))
    assert_equal_weights(whole, cut)
    assert manifest(whole)["losses"] == manifest(cut)["losses"]


def test_a_stream_goes_through_all_rows_before_it_begins_again(place: Path) -> None:
    from itertools import islice

    from transformers import AutoTokenizer

    from train.encode import TextEncoder
    from train.recipe import Source
    from train.sources import open_sources
    from train.streaming import streamed

    sources = open_sources({"made": Source(path=str(place / "text"))}, "cpt")
    encoder = TextEncoder(AutoTokenizer.from_pretrained(place / "base"), None, 128, "split")
    stream = streamed(sources, encoder, None, 7, 0.05, 1)
    rows = [row["rows"] for row in islice(stream.dataset, 160)]
    assert sorted(rows[:80]) == sorted(rows[80:]) == list(range(80))
    assert rows[:80] != rows[80:]
    ids = corpus.open(place / "text").scan().collect()["id"]
    assert stream.ids([3, 79]) == [f"made: {ids[3]}", f"made: {ids[79]}"]


@pytest.mark.parametrize(("sizes", "readers"), [([3, 3, 3, 3], 4), ([1] * 7, 2), ([100, 1, 2], 3), ([5], 5)])
def test_readers_of_a_stream_have_equal_parts_of_every_shard(sizes: list[int], readers: int) -> None:
    from train.streaming import Shard

    shards = [Shard("made", f"{n}", sum(sizes[:n]), rows) for n, rows in enumerate(sizes)]
    parts = [[shard.part(reader, readers) for reader in range(readers)] for shard in shards]
    for shard, own in zip(shards, parts, strict=True):
        assert [place for start, stop in own for place in range(start, stop)] == list(range(shard.rows))
    whole = [sum(own[reader][1] - own[reader][0] for own in parts) for reader in range(readers)]
    assert max(whole) - min(whole) <= 1
    assert sum(whole) == sum(sizes)


@pytest.mark.parametrize(
    ("too_long", "max_dropped", "words"),
    [("refuse", 0.5, "`too_long` says 'refuse'"), ("drop", 0.01, "`max_dropped` allows 1.0%"), ("drop", 0.5, None)],
)
def test_a_stream_counts_what_it_leaves_out(
    place: Path,
    tmp_path: Path,
    too_long: str,
    max_dropped: float,
    words: str | None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also in rows that nobody looked at before the first step."""
    from itertools import islice

    from transformers import AutoTokenizer

    from train.chat_templates import training_template
    from train.encode import ChatEncoder
    from train.recipe import Source
    from train.sources import open_sources
    from train.streaming import streamed

    rows = trainable.chats(40)
    rows[33]["messages"][1]["content"] += " word" * 200
    sources = open_sources({"made": Source(path=str(trainable.dataset(tmp_path / "long", "sft", rows)))}, "sft")
    tokenizer = AutoTokenizer.from_pretrained(place / "base")
    encoder = ChatEncoder(tokenizer, training_template(tokenizer, "chatml", marks=True), 128, too_long)
    stream = streamed(sources, encoder, None, 7, max_dropped, 1)
    # Of a reader's part of a shard, however small, no other share may be lost than of the dataset.
    parts = streamed(sources, encoder, None, 7, 0.15, 4)
    if too_long == "drop":
        assert len({row["rows"] for row in islice(parts.dataset, 60)}) == 39
    if words is None:
        assert len({row["rows"] for row in islice(stream.dataset, 39 + 20)}) == 39
        assert "made: left out of" in capsys.readouterr().out
        return
    with pytest.raises(UserError, match=re.escape(words)):
        list(islice(stream.dataset, 60))


@pytest.mark.parametrize("method", ["wpo", "reward", "sft"])
def test_rows_that_are_too_long_are_refused_where_the_recipe_says_so(place: Path, method: str) -> None:
    file = recipe(place, method, f"{method}-short", too_long="refuse", max_dropped=1.0, trainer={"max_length": 12})
    with pytest.raises(UserError, match=r"`too_long: refuse` allows none|are unusable"):
        train(method, file)
    assert not (place / f"{method}-short").exists()


@pytest.mark.parametrize("family", ["gemma2", "qwen2.5"])
def test_a_model_of_each_family_learns_in_its_own_format(
    place: Path, family: trainable.Family, capsys: pytest.CaptureFixture[str]
) -> None:
    """Gemma 2 with its sliding window and its capped logits, Qwen 2.5: trained, saved, ending where a turn ends."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    base = trainable.base_model(place / f"base-{family}", family)
    options = {"max_steps": 2, "max_length": 256}
    made = recipe(place, "sft", f"of-{family}", model=str(base), template=family, trainer=options)
    train("sft", made)
    end = trainable.TURNS[family][1]
    assert f"{end}" in capsys.readouterr().out.partition("⟦")[2].partition("⟧")[0]
    tokenizer = AutoTokenizer.from_pretrained(place / f"of-{family}")
    assert "{% generation %}" not in tokenizer.chat_template.replace("%-", "%").replace("-%", "%")
    model = AutoModelForCausalLM.from_pretrained(place / f"of-{family}")
    assert type(model).__name__ == {"gemma2": "Gemma2ForCausalLM", "qwen2.5": "Qwen2ForCausalLM"}[family]
    ends = model.generation_config.eos_token_id
    assert tokenizer.convert_tokens_to_ids(end) in (ends if isinstance(ends, list) else [ends])


def test_losses_that_trl_does_not_know_are_refused_before_the_output_is_taken(place: Path) -> None:
    method, loss = "wpo", "sigmoidd"
    with pytest.raises(UserError, match=r"TRL has no loss 'sigmoidd'\. Did you mean 'sigmoid'"):
        train(method, recipe(place, method, "unknown-loss", trainer={"loss_type": loss}))
    with pytest.raises(UserError, match="sync_ref_model: no checkpoint holds a reference model that moves"):
        train(method, recipe(place, method, "moving", trainer={"sync_ref_model": True}))
    assert not (place / "unknown-loss").exists()


@pytest.mark.parametrize("saves", ["steps", "epoch", "best"])
def test_losses_are_logged_as_if_nothing_had_stopped_it(place: Path, saves: str) -> None:
    """However seldom: a step that is saved is logged, so the mean that the manifest tells begins there."""
    whole, cut = place / f"{saves}-whole", place / f"{saves}-cut"
    # Two steps an epoch, too.
    options: dict[str, Any] = {"save_strategy": saves, "save_steps": 2, "per_device_train_batch_size": 40}
    if saves == "best":
        options |= {"eval_strategy": "steps", "eval_steps": 2, "metric_for_best_model": "eval_loss"}
    for output in (whole, cut):
        train("sft", recipe(place, "sft", output.name, trainer={"max_steps": 5, "logging_steps": 3, **options}))
    (cut / "towerkit.json").unlink()
    for step in (4, 5):
        shutil.rmtree(cut / "checkpoints" / f"checkpoint-{step}", ignore_errors=True)
    train("sft", cut.with_suffix(".yaml"))
    assert manifest(whole)["losses"] == manifest(cut)["losses"]
    steps = [[entry["step"] for entry in manifest(f)["run"]["history"] if "loss" in entry] for f in (whole, cut)]
    assert steps[0] == steps[1]
    assert manifest(whole)["run"]["tokens_seen"] == manifest(cut)["run"]["tokens_seen"]
    # Of an attempt that was stopped, the steps that stand count.
    before = float((cut / "checkpoints" / "checkpoint-2" / "seconds.txt").read_text("utf-8"))
    assert manifest(cut)["run"]["seconds"] > before > 0


def test_how_often_to_save_and_to_log_may_change_before_it_goes_on(place: Path) -> None:
    saved = place / "often" / "checkpoints"
    train("sft", recipe(place, "sft", "often", trainer={"save_steps": 2, "logging_steps": 4}))
    # What is written last says that a checkpoint is whole.
    seconds, last = (saved / "checkpoint-2" / name for name in ("seconds.txt", "trainer_state.json"))
    assert seconds.stat().st_mtime_ns <= last.stat().st_mtime_ns
    (place / "often" / "towerkit.json").unlink()
    shutil.rmtree(saved / "checkpoint-4")
    seconds.write_text("1000\n", "utf-8")
    train("sft", recipe(place, "sft", "often", trainer={"save_steps": 1, "logging_steps": 1, "save_total_limit": 1}))
    # The checkpoint that it went on from is gone by then.
    assert manifest(place / "often")["run"]["seconds"] > 1000
    assert [folder.name for folder in saved.glob("checkpoint-*")] == ["checkpoint-4"]
    assert [*losses_by_step(place / "often")] == [2, 3, 4]


def test_a_gradient_names_the_rows_of_all_batches_of_its_step(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step of two batches, of which the first one's gradient is no number."""
    from train.watch import Watched

    monkeypatch.setattr(Watched, "_get_grad_norm", _torn(Watched._get_grad_norm))
    options = {"gradient_accumulation_steps": 2, "per_device_train_batch_size": 3}
    with pytest.raises(Failure, match="the gradient of step 1 is nan") as error:
        train("sft", recipe(place, "sft", "accumulated", trainer=options))
    named = str(error.value).partition("Rows of the batch: ")[2].partition(". Look at them")[0].split(", ")
    assert len(named) == 6


def _torn(taken: Callable[..., Any]) -> Callable[..., Any]:
    """The step's gradient, gone wrong before anybody looks at it."""
    import torch

    def torn(self: Any, model: Any, grad_norm: Any = None) -> Any:
        del grad_norm
        return taken(self, model, grad_norm=torch.tensor(float("nan")))

    return torn


def test_a_temperature_lifts_languages_that_have_little(place: Path, tmp_path: Path) -> None:
    rows = [row for row in trainable.chats(200) if row["task"] == "translate"]
    few = [row for row in rows if row["tgt_lang"] == "ar"][:4]
    many = [row for row in rows if row["tgt_lang"] == "de"][:16]
    assert (len(few), len(many)) == (4, 16)
    data = {"made": {"path": str(trainable.dataset(tmp_path / "uneven", "sft", [*few, *many]))}}
    options = {"general_floor": 0, "trainer": {"max_steps": 1}, "validation": {}}
    with pytest.raises(UserError, match="give `max_times`, such as 4, or `total`"):
        train("sft", recipe(place, "sft", "not-lifted", data=data, mix={"temperature": 5}, **options))
    shares = {}
    for temperature in (1, 2):
        mix = {"temperature": temperature, "total": 30, "max_times": 4}
        train("sft", recipe(place, "sft", f"lifted-{temperature}", data=data, mix=mix, **options))
        counted = pl.DataFrame(manifest(place / f"lifted-{temperature}")["facts"]["tokens_by_language"])
        shares[temperature] = counted["en>ar"][0] / counted.sum_horizontal()[0]
    # Sizes of 4 and 16 become 2 and 4: a third instead of a fifth of the rows.
    assert shares[2] == pytest.approx(shares[1] * (1 / 3) / (1 / 5), rel=0.15)


def test_what_is_asked_in_an_evaluation_may_not_be_trained_on(place: Path, tmp_path: Path) -> None:
    """A folder of evaluations is looked through, whatever lies in it."""
    trainable.dataset(tmp_path / "evals" / "mine" / "items", "sft", trainable.chats(3))
    with pytest.raises(UserError, match="found 3 rows that an evaluation has"):
        train("sft", recipe(place, "sft", "seen", evaluation=[str(tmp_path / "evals")]))
