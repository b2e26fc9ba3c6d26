"""A training recipe: which model, on which datasets in which shares, and what TRL's own trainer is told.

Reading and checking one needs neither torch nor TRL.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from corpus.config import Loaded, load, validate
from corpus.errors import UserError

METHODS = ("cpt", "sft", "wpo", "grpo", "reward")
"""Methods that train on datasets; `merge` has a recipe of its own."""
_NO_TOKEN = "tokens would be written beside the model; log in with `hf auth login`, or set HF_TOKEN"
OURS = {
    "output_dir": "`output:` is where the model goes",
    "seed": "`seed:` stands at the top of the recipe",
    "resume_from_checkpoint": "training goes on from the last whole checkpoint by itself",
    "dataset_kwargs": "datasets are prepared before the trainer sees them",
    "assistant_only_loss": "`sft` always learns the assistant's turns alone",
    "completion_only_loss": "`sft` always learns the assistant's turns alone",
    "chat_template_path": "`template:` names the chat template",
    "remove_unused_columns": "datasets hold what the trainer needs",
    "save_only_model": "training goes on from its checkpoints, which takes the optimizer's state; `save_total_limit` "
    "keeps few of them",
    "ignore_data_skip": "a training that goes on would learn from rows of the epoch twice, and never from others",
    "hub_token": _NO_TOKEN,
    "push_to_hub_token": _NO_TOKEN,
    "push_to_hub": "the trainer's own folder would go there, without the model's papers and card; when the model is "
    "whole, run `hf upload NAME FOLDER --exclude 'checkpoints/*'`",
    "bf16_full_eval": "validation would change the type of the weights that are written",
    "fp16_full_eval": "validation would change the type of the weights that are written",
}
"""TRL options that a recipe says in words of its own."""
_WHEN_ON = ("push_to_hub", "hub_token", "push_to_hub_token")
"""Those of them that recipes for TRL often switch off, which is as if they did not stand there."""
_TOKENS = ("token", "use_auth_token")
"""Options of `model_init_kwargs` that are secrets."""


class Part(BaseModel):
    """Options that a recipe may give and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Source(Part):
    """A dataset to train on."""

    path: str
    """A dataset folder, or `RUNFOLDER/STAGE`. Relative paths start where the command runs."""
    weight: float | None = Field(default=None, gt=0)
    """Its share of the training data, in any scale. Give all datasets one, or none: then all of everything is taken."""
    split: str = "train"
    """Which of its splits."""


class Mixing(Part):
    """How datasets become one."""

    unit: Literal["rows", "tokens"] = "rows"
    """What weights and `total` count."""
    total: int | None = Field(default=None, ge=1)
    """Units in all; default: as many as weights and `max_times` allow."""
    max_times: float = Field(default=1.0, gt=0)
    """How often a dataset may be repeated at most."""
    temperature: float | None = Field(default=None, gt=0)
    """Lift languages that have little: within each dataset a language (pair) is taken in proportion to its size to the
    power of 1/temperature. 1 keeps proportions; Arivazhagan et al. 2019 use 5. Rows are repeated up to `max_times`."""

    @model_validator(mode="after")
    def _can_lift(self) -> Mixing:
        if self.temperature is not None and self.temperature > 1 and self.max_times <= 1 and self.total is None:
            raise ValueError(
                "temperature: lifts languages that have little by repeating their rows, and `max_times` 1 lets none be "
                "repeated, so most rows of the others would be left out; give `max_times`, such as 4, or `total`"
            )
        return self


class Rewarded(Part):
    """A reward by name: the verdicts of each row's verifiers (`verified`), or a scorer of `datagen list scorers`."""

    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """Its weight in the sum. Rewards are in their scores' own units: verdicts from 0 to 1, chrF from 0 to 100."""
    scorer: str | None = None
    """Which scorer it is, where its name is another: two rewards may be of one scorer with two models."""
    options: dict[str, Any] = {}
    """The scorer's own options; for `verified`: `weights`, `gates`, `allow_code`."""


class Recipe(Part):
    """A checked training recipe."""

    method: Literal["cpt", "sft", "wpo", "grpo", "reward"]
    """What trains: continued pretraining, fine-tuning, (weighted) preference optimization, RL, or a reward model."""
    model: str
    """Folder or hub id of the model to start from."""
    revision: str | None = None
    """Commit, branch or tag, where the model comes from the hub."""
    template: str | None = None
    """Chat template: `chatml`, `gemma2`, `qwen2.5`, `llama3`, or a .jinja file; default: the model's own."""
    data: dict[str, Source] = Field(min_length=1)
    """Datasets by a name of your choice."""
    mix: Mixing = Mixing()
    """How they are mixed."""
    validation: dict[str, Source] = {}
    """Datasets whose loss is measured, by task and language, and which nothing is learned from."""
    evaluation: tuple[str, ...] = ()
    """Folders of evaluations, or of datasets: training is refused where a row asks what one of theirs asks, or where
    more than one in a hundred sources of one's translations stand in the rows. Those of `validation` are always looked
    at."""
    validation_rows: int = Field(default=2_000, ge=1)
    """Rows of each of them that are measured, at most; the same ones each time."""
    too_long: Literal["drop", "truncate", "refuse"] = "drop"
    """What happens to rows longer than the trainer's `max_length` tokens, which are counted. `cpt` cuts them."""
    max_dropped: float = Field(default=0.05, ge=0, le=1)
    """Share of a dataset's rows that may be unusable (too long, no answer to learn, tokens of the chat format in the
    text) before training is refused."""
    stream: bool = False
    """Tokenize while training, without a copy of the tokens on disk. Needs `trainer.max_steps`; shuffles within a
    window of rows."""
    general_floor: float = Field(default=0.1, ge=0, le=1)
    """`sft` warns where fewer of its rows than this share are general, that is, of no translation task."""
    wpo: dict[str, Any] = {}
    """Options of `wpo` that TRL has none for; see docs/training.md."""
    rewards: dict[str, Rewarded] = {}
    """Rewards of `grpo`."""
    max_prompt: int | None = Field(default=None, ge=1)
    """`grpo`: tokens of a prompt at most; default: what the model's window leaves beside `max_completion_length`."""
    alarms: dict[str, Any] = {}
    """When `grpo` warns or stops; see docs/training.md."""
    trainer: dict[str, Any] = {}
    """Options of TRL's own config class, passed on untouched."""
    peft: dict[str, Any] | None = None
    """Options of peft's `LoraConfig`: adapters are trained and merged into the model that is written."""
    output: str
    """Folder of the trained model; its checkpoints lie in `checkpoints/` within."""
    cache: str | None = None
    """Where tokenized datasets are kept; default: `tokens/` beside the output folder."""
    seed: int = 7
    """Seed of the order of rows and of everything that the trainer draws."""
    trust_remote_code: bool = False
    """Run Python code that comes with the model."""

    @field_validator("trainer")
    @classmethod
    def _theirs(cls, options: dict[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in options.items() if not (name in _WHEN_ON and _is_off(value))}
        for name, why in OURS.items():
            if name in given:
                raise ValueError(f"{name!r} is not given here: {why}")
        loading = given.get("model_init_kwargs")
        kept = _loading(loading)
        if kept != loading:
            given = {**given, "model_init_kwargs": kept} if kept else _without(given, ("model_init_kwargs",))
        return given

    @model_validator(mode="after")
    def _fits(self) -> Recipe:
        weighted = [name for name, source in self.data.items() if source.weight is not None]
        if weighted and len(weighted) < len(self.data):
            without = next(name for name in self.data if name not in weighted)
            raise ValueError(
                f"data: {without!r} has no weight and {weighted[0]!r} has one; give all of them one, or none"
            )
        if self.stream and "max_steps" not in self.trainer:
            raise ValueError("`stream: true` needs `trainer.max_steps`: a stream does not know its length")
        if self.stream and self.trainer.get("dataloader_num_workers"):
            raise ValueError(
                "`stream: true` reads within each rank: workers of the data loader are forks, in which polars stands "
                "still. Leave `trainer.dataloader_num_workers` out"
            )
        if self.stream and (weighted or self.mix != Mixing()):
            raise ValueError("`stream: true` takes datasets as they are; mix them with the stage `mix` of `datagen`")
        for part, method in (("wpo", "wpo"), ("rewards", "grpo"), ("alarms", "grpo"), ("max_prompt", "grpo")):
            if getattr(self, part) and self.method != method:
                raise ValueError(f"`{part}:` is for the method {method}, and this recipe is for {self.method}")
        # A bare `no` is false in YAML.
        if self.trainer.get("eval_strategy") not in (None, "no", False) and not self.validation:
            raise ValueError("`trainer.eval_strategy` needs `validation:`, the datasets to evaluate on")
        if self.method == "grpo" and not self.rewards:
            raise ValueError("`grpo` needs `rewards:`, such as `rewards: {verified: {}}`")
        return self

    @property
    def folder(self) -> Path:
        """The output folder."""
        return Path(self.output)

    @property
    def tokens(self) -> Path:
        """The folder of tokenized datasets."""
        return Path(self.cache) if self.cache else self.folder.parent / "tokens"


def _loading(given: Any) -> Any:
    """`model_init_kwargs` as given, without tokens that are switched off.

    Raises:
        ValueError: it holds a token, or a whole configuration, or is nothing that TRL reads.
    """
    options = _read(given) if isinstance(given, str) else given
    if options is None:
        return None
    if not isinstance(options, dict):
        # Not the value itself, in which a token may stand.
        found = type(given).__name__
        raise ValueError(f"'model_init_kwargs': found a {found}, expected options by name, such as {{dtype: bfloat16}}")
    if name := next((name for name, value in _entries(options) if name in _TOKENS and not _is_off(value)), None):
        raise ValueError(f"'model_init_kwargs.{name}' is not given here: {_NO_TOKEN}")
    if isinstance(options.get("config"), dict):
        raise ValueError(
            "'model_init_kwargs.config' is not given here: the model brings its configuration; give what shall differ "
            "as options of their own, such as `model_init_kwargs: {attention_dropout: 0.1}`"
        )
    kept = _without(options, _TOKENS)
    return given if kept == options else kept


def _read(text: str) -> Any:
    """Options as JSON in a string, which TRL reads where it begins with a brace."""
    try:
        return json.loads(text) if text.startswith("{") else text
    except json.JSONDecodeError as error:
        raise ValueError(
            f"'model_init_kwargs': found a string that is no JSON ({error}); give options by name"
        ) from None


def _without(options: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in names}


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    """Names with their values, at whatever depth."""
    if isinstance(value, dict):
        yield from value.items()
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _entries(each)


def _is_off(value: Any) -> bool:
    return value is None or value is False


def load_recipe(path: Path, method: str, sets: Sequence[str] = ()) -> Recipe:
    """Read a recipe for a method.

    Raises:
        UserError: with file, line and the nearest right spelling; or the recipe is for another method.
    """
    loaded = load(path, sets=sets)
    _check_method(loaded, method)
    return validate({"method": method, **loaded.data}, Recipe, loaded=loaded)


def _check_method(loaded: Loaded, method: str) -> None:
    found = loaded.data.get("method", method)
    if found != method and found in METHODS:
        raise UserError(
            f"{loaded.where(('method',))}: the recipe is for {found!r}; run it with `python -m train.{found}`"
        )
