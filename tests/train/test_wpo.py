"""WPO's weights against their formula, and the losses that TRL does not run with them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import trainable
import yaml

from corpus.errors import UserError
from train.recipe import Recipe, load_recipe
from train.sources import open_sources
from train.wpo import UNWEIGHTABLE, WPO

# What is imported first waits for all of TRL.
pytestmark = pytest.mark.timeout(300)


def recipe(folder: Path, **changes: Any) -> Recipe:
    told = {
        "model": str(folder / "base"),
        "template": "chatml",
        "data": {"made": {"path": str(folder / "pairs")}},
        "output": str(folder / "out"),
        **changes,
        "trainer": {
            **{"max_steps": 1, "per_device_train_batch_size": 8, "max_length": 128, "bf16": False},
            **{"gradient_checkpointing": False, "disable_dropout": True, **changes.get("trainer", {})},
        },
    }
    file = folder / "recipe.yaml"
    file.write_text(yaml.safe_dump(told), "utf-8")
    return load_recipe(file, "wpo")


@pytest.mark.parametrize("loss", sorted(UNWEIGHTABLE))
@pytest.mark.parametrize("beside", [[], ["sigmoid"]])
def test_losses_that_do_not_run_with_weights_are_refused_with_the_reason(
    tmp_path: Path, loss: str, beside: list[str]
) -> None:
    with pytest.raises(UserError, match=f"{loss}.* does not run with WPO's weights in TRL 1.16"):
        WPO(recipe(tmp_path, trainer={"loss_type": [*beside, loss]}))
    WPO(recipe(tmp_path, trainer={"loss_type": [*beside, loss], "use_weighting": False}))


def test_a_bound_on_weights_needs_weights(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"wpo\.clamp bounds weights"):
        WPO(recipe(tmp_path, wpo={"clamp": True}, trainer={"use_weighting": False}))
    with pytest.raises(UserError, match="Did you mean 'clamp'"):
        WPO(recipe(tmp_path, wpo={"clmap": True}))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("trl")
    folder = tmp_path_factory.mktemp("wpo")
    trainable.base_model(folder / "base")
    trainable.dataset(folder / "pairs", "preference", trainable.preferences(16))
    return folder


def first_loss(made: Recipe, *, uniform: bool = False) -> tuple[float, list[float]]:
    """The loss of the first batch, and each pair's weight by the formula."""
    import torch

    from train.prepare import arguments, prepare

    method = WPO(made)
    prepared = prepare(method, made, open_sources(made.data, "wpo"), [], arguments(method, made), print)
    trainer = method.trainer(
        model=made.model,
        args=prepared.args,
        train_dataset=prepared.train.dataset,
        processing_class=prepared.tokenizer,
        callbacks=[],
    )
    if uniform:
        for model in (trainer.model, trainer.ref_model):
            for parameter in model.parameters():
                parameter.data.zero_()
    batch = next(iter(trainer.get_train_dataloader()))
    batch.pop("rows", None)
    with torch.no_grad():
        loss = float(trainer.compute_loss(trainer.model, dict(batch)))
        again, told = trainer.compute_loss(trainer.model, dict(batch), return_outputs=True)
        assert float(again) == pytest.approx(loss)
        assert told is not None
        logits = trainer.model(batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, :-1].float()
    log_p = logits.log_softmax(-1)
    token = log_p.gather(-1, batch["input_ids"][:, 1:, None]).squeeze(-1)
    aligned = token - (2 * log_p).logsumexp(-1)
    mask = batch["completion_mask"][:, 1:]
    means = (aligned * mask).sum(1) / mask.sum(1)
    chosen, rejected = means.chunk(2)
    return loss, (chosen + rejected).exp().tolist()


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("clamp", [False, True])
def test_a_pair_weighs_what_the_formula_says(place: Path, clamp: bool) -> None:
    """Model and reference are equal before the first step, so each pair's own loss is the logarithm of 2."""
    loss, weights = first_loss(recipe(place, wpo={"clamp": clamp}))
    assert max(weights) > 1, "no pair to bound"
    assert min(weights) < 1
    wanted = [min(weight, 1.0) if clamp else weight for weight in weights]
    assert loss == pytest.approx(math.log(2) * sum(wanted) / len(wanted), rel=1e-4)


@pytest.mark.filterwarnings("default")
def test_where_all_tokens_are_equally_likely_every_pair_weighs_1(place: Path) -> None:
    loss, weights = first_loss(recipe(place), uniform=True)
    assert weights == pytest.approx([1.0] * len(weights), rel=1e-4)
    assert loss == pytest.approx(math.log(2), rel=1e-5)


@pytest.mark.filterwarnings("default")
def test_the_chosen_answers_own_loss_is_added_as_trl_adds_it_without_weights(place: Path) -> None:
    plain, _ = first_loss(recipe(place, trainer={"use_weighting": False}))
    theirs, _ = first_loss(
        recipe(place, trainer={"use_weighting": False, "loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, 0.3]})
    )
    ours, _ = first_loss(recipe(place, wpo={"sft": 0.3}, trainer={"use_weighting": False}))
    assert theirs - plain > 0.1
    assert ours == pytest.approx(theirs, rel=1e-5)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("clamp", [False, True])
def test_no_weight_touches_the_chosen_answers_own_loss(place: Path, clamp: bool) -> None:
    without, _ = first_loss(recipe(place, wpo={"clamp": clamp}))
    once, _ = first_loss(recipe(place, wpo={"clamp": clamp, "sft": 1.0}))
    twice, _ = first_loss(recipe(place, wpo={"clamp": clamp, "sft": 2.0}))
    plain, _ = first_loss(recipe(place, trainer={"use_weighting": False}))
    added, _ = first_loss(recipe(place, wpo={"sft": 1.0}, trainer={"use_weighting": False}))
    assert once - without == pytest.approx(added - plain, rel=1e-4)
    assert twice - without == pytest.approx(2 * (added - plain), rel=1e-4)


def test_trls_own_term_is_refused_with_the_word_that_adds_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"wpo: \{sft: 1\}"):
        WPO(recipe(tmp_path, trainer={"loss_type": ["sigmoid", "sft"]}))
