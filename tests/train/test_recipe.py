"""Recipes of trainings: what is read, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.errors import UserError
from train.recipe import load_recipe

GOOD = """\
model: base
data:
  chats: {path: runs/chats, weight: 3}
  translations: {path: runs/translations, weight: 1}
trainer: {learning_rate: 1e-3, max_steps: 4}
output: out/model
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "recipe.yaml"
    file.write_text(text, "utf-8")
    return file


def test_a_recipe_says_what_differs_and_the_rest_has_defaults(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, GOOD), "sft", ["trainer.max_steps=8", "seed=3"])
    assert recipe.method == "sft"
    assert recipe.trainer == {"learning_rate": 1e-3, "max_steps": 8}
    assert recipe.seed == 3
    assert {name: source.weight for name, source in recipe.data.items()} == {"chats": 3, "translations": 1}
    assert recipe.tokens == Path("out/tokens")


@pytest.mark.parametrize(
    ("method", "change", "words"),
    [
        ("sft", ("model: base\n", ""), "'model' is missing"),
        ("sft", ("output:", "outptu:"), "unknown option 'outptu'. Did you mean 'output'?"),
        ("sft", (", weight: 1}", "}"), "'translations' has no weight and 'chats' has one"),
        ("sft", ("max_steps: 4", "output_dir: x"), "'output_dir' is not given here: `output:` is where the model goes"),
        ("sft", ("max_steps: 4", "seed: 1"), "`seed:` stands at the top of the recipe"),
        ("sft", ("model: base", "method: wpo\nmodel: base"), "run it with `python -m train.wpo`"),
        ("sft", ("model: base", "rewards: {verified: {}}\nmodel: base"), "`rewards:` is for the method grpo"),
        ("sft", ("model: base", "too_long: cut\nmodel: base"), "found 'cut', expected 'drop', 'truncate' or 'refuse'"),
        ("sft", ("weight: 3", "weight: 0"), "a number greater than 0"),
        ("sft", ("model: base", "stream: true\nmodel: base"), "mix them with the stage `mix`"),
        ("sft", ("max_steps: 4", "eval_strategy: steps"), "`trainer.eval_strategy` needs `validation:`"),
        ("sft", ("max_steps: 4", "save_only_model: true"), "training goes on from its checkpoints"),
        ("sft", ("max_steps: 4", "ignore_data_skip: true"), "would learn from rows of the epoch twice"),
        ("sft", ("max_steps: 4", "hub_token: hf_private"), "'hub_token' is not given here: tokens would be written"),
        ("sft", ("max_steps: 4", "push_to_hub_token: hf_private"), "log in with `hf auth login`, or set HF_TOKEN"),
        ("sft", ("max_steps: 4", "model_init_kwargs: {token: hf_private}"), "'model_init_kwargs.token' is not given"),
        (
            "sft",
            ("max_steps: 4", "model_init_kwargs: {quantization_config: {token: hf_private}}"),
            "kwargs.token' is not",
        ),
        ("sft", ("max_steps: 4", 'model_init_kwargs: \'{"a": {"token": "hf_private"}}\''), "kwargs.token' is not"),
        ("sft", ("max_steps: 4", "model_init_kwargs: '{\"token\": hf_private}'"), "found a string that is no JSON"),
        ("sft", ("max_steps: 4", "model_init_kwargs: hf_private"), "found a str, expected options by name"),
        ("sft", ("max_steps: 4", "push_to_hub: true"), "run `hf upload NAME FOLDER --exclude 'checkpoints/*'`"),
        ("sft", ("max_steps: 4", "bf16_full_eval: true"), "the type of the weights that are written"),
        ("grpo", ("model: base", "model: base"), "`grpo` needs `rewards:`"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, method: str, change: tuple[str, str], words: str) -> None:
    file = write(tmp_path, GOOD.replace(*change, 1))
    with pytest.raises(UserError, match=r"recipe\.yaml") as error:
        load_recipe(file, method)
    assert words in str(error.value)
    assert "hf_private" not in str(error.value)


@pytest.mark.parametrize(
    ("stands", "left"),
    [
        ("push_to_hub: false", {}),
        ("hub_token: null, push_to_hub_token: null", {}),
        ("model_init_kwargs: {use_auth_token: false, token: null}", {}),
        ("model_init_kwargs: {use_auth_token: null, dtype: float32}", {"model_init_kwargs": {"dtype": "float32"}}),
        # What stays is as it was given: it decides whether a training is another one.
        ("model_init_kwargs: {}", {"model_init_kwargs": {}}),
        ("model_init_kwargs: null", {"model_init_kwargs": None}),
        ("""model_init_kwargs: '{"pad_token_id": 0}'""", {"model_init_kwargs": '{"pad_token_id": 0}'}),
    ],
)
def test_what_is_switched_off_is_as_if_it_did_not_stand_there(
    tmp_path: Path, stands: str, left: dict[str, object]
) -> None:
    recipe = load_recipe(write(tmp_path, GOOD.replace("max_steps: 4", stands)), "sft")
    assert recipe.trainer == {"learning_rate": 1e-3, **left}
