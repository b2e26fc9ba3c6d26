"""Build a set of instruction-following translation: draw attributes, ask a generator, check, keep what passes.

    settings = load_settings(Path("recipes/eval/ifmt_build.yaml"))
    built = build(settings, Path("runs"), workers=1, progress=Silent())

The generator is asked by a recipe of datagen, so a build may be killed and run again: what was answered is kept. More
items of the same seed ask for the new ones alone.
"""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

import corpus
from corpus.chat import user
from corpus.config import load, validate
from corpus.dataset import Dataset
from corpus.errors import Failure, UserError, nearest
from corpus.hashing import canonical_json, digest, file_sha256
from corpus.manifest import Score, read_manifest
from corpus.shards import replacing
from datagen.engines.names import engine_class
from datagen.makers.base import Problem, Rejected, entry
from datagen.makers.translation_rules import Language as Told
from datagen.recipe import beside, load_engine, load_recipe, located
from datagen.run import run
from datagen.stages.verifiable import fault
from evals.ifmt.attributes import SHIPPED, Attributes, Values, draw, load_values, read_pair
from evals.ifmt.checks import Draft, Repeats, contaminated, examine, read
from evals.ifmt.datasheet import Facts, datasheet
from evals.ifmt.request import request
from filters.rewards import Composite, verify_row
from filters.verifiers.language import Language

if TYPE_CHECKING:
    from datagen.progress import Progress

VERSION = 1
"""Raised when the same answers become other items."""
_SCORES = {"label_family": None, "label_checks": None, "score_difficulty": False}
_SIGNATURE = f"ifmt-builder|version:{VERSION}"


class Settings(BaseModel):
    """What a builder's YAML file says. Relative paths in it start at its folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")
    """The set's name, and that of its folder under `runs/`."""
    engine: dict[str, Any] = Field(min_length=1, max_length=1)
    """The generator, as recipes name engines: `openai: {model: …, base_url: …}`. It must not judge the set later."""
    presets: tuple[str, ...] = ()
    """Pairs by name: `en-es-419`, `en-zh`."""
    pairs: tuple[str, ...] = ()
    """Further pairs of languages: `de>ja`."""
    items: int = Field(ge=1)
    """Items to ask for in each pair; some of them are rejected."""
    seed: int = 0
    """Draws attributes, rules and the generator's sampling."""
    instructions: Told = "en"
    """Language in which rules are told: English, or that of the `source` or `target`."""
    contamination: tuple[Path, ...] = ()
    """Dataset folders that items must share nothing with: training data, other test sets."""
    max_failed: float = Field(default=0.1, ge=0, le=1)
    """Share of requests that the generator may leave unanswered; more stop the build, resumably."""
    license: str | None = None
    """Licence that the rows state, where the generator's terms allow one."""
    attributes: Path = SHIPPED
    """YAML file of the values that items are drawn from; default: the shipped ones."""
    out: Path | None = None
    """The folder to write; default: `runs/NAME/items`."""

    @model_validator(mode="after")
    def _has_pairs(self) -> Self:
        if not (self.presets or self.pairs):
            raise ValueError("found neither `presets` nor `pairs`, expected for example `pairs: [de>ja]`")
        return self


@dataclass(frozen=True)
class Built:
    """A set, and what became of all that was asked for."""

    dataset: Dataset
    asked: int
    rejected: Mapping[str, int]


@dataclass(frozen=True)
class _Item:
    """A row with what it was made of."""

    wanted: Attributes
    draft: Draft
    row: dict[str, Any]


@dataclass(frozen=True)
class _Refused:
    """A request that became no item."""

    wanted: Attributes
    why: Rejected
    reply: str | None


def load_settings(file: Path) -> Settings:
    """Read a builder's file and check all that can be checked before the generator is asked.

    Raises:
        UserError: with file and line.
    """
    loaded = load(file)
    base = file.parent.absolute()
    data = located(dict(loaded.data), ("contamination", "attributes", "out"), base)
    settings = validate({"name": file.stem, **data}, Settings, loaded=loaded)
    load_engine(loaded, ("engine",), base)
    [(name, options)] = settings.engine.items()
    model = engine_class(name)
    options = beside(located(options or {}, model.locations, base), model.models, base)
    for folder in settings.contamination:
        read_manifest(folder)
    return settings.model_copy(update={"engine": {name: options}})


def build(settings: Settings, runs: Path, *, workers: int, progress: Progress, retry_failed: bool = False) -> Built:
    """Make the set: a dataset folder of kind `verifiable` with `datasheet.md` and `rejected.jsonl` in it.

    Args:
        settings: what to build.
        runs: folder under which `NAME/` holds requests and answers, and the set unless `out` says where.
        workers: processes; they change speed, never results.
        progress: is told what happens.
        retry_failed: ask again for what the generator did not answer in an earlier run.

    Raises:
        UserError: the set exists already; too much failed or a setting is wrong.
        Failure: nothing that the generator wrote passes the checks.
    """
    folder = runs / settings.name
    out = settings.out or folder / "items"
    if out.exists():
        raise UserError(f"{out} exists already; sets are never overwritten. Give another `out` or remove it")
    values = load_values(settings.attributes)
    wanted = list(draw(values, _pairs(settings, values), settings.items, settings.seed))
    answers = _ask(settings, _requests(wanted, values, folder), folder, runs, workers, progress, retry_failed)
    items, refused = _sift(wanted, answers, settings)
    if not items:
        reasons = ", ".join(f"{reason} {count}" for reason, count in _counts(refused).items())
        raise Failure(
            f"none of {len(wanted)} items passes the checks: {reasons}. `datagen show {answers.path}` shows what the "
            "generator wrote"
        )
    facts = Facts(
        name=settings.name,
        seed=settings.seed,
        asked=wanted,
        kept=[item.wanted for item in items],
        checks=[item.row["label_checks"] for item in items],
        adapted=sum(item.row["references"] != [item.draft.reference] for item in items),
        rejected=_counts(refused),
        answers=answers.manifest,
        attributes=file_sha256(settings.attributes),
        against=settings.contamination,
    )
    return Built(_write(out, items, refused, datasheet(facts)), len(wanted), facts.rejected)


def _pairs(settings: Settings, values: Values) -> list[tuple[str, str]]:
    """The pairs of presets and settings, each once."""
    for preset in settings.presets:
        if preset not in values.presets:
            known = ", ".join(values.presets)
            raise UserError(f"there is no preset {preset!r}.{nearest(preset, values.presets)} Known: {known}")
    named = [values.presets[preset] for preset in settings.presets]
    return list(dict.fromkeys(read_pair(pair) for pair in (*named, *settings.pairs)))


def _requests(wanted: Sequence[Attributes], values: Values, folder: Path) -> Path:
    """The dataset of requests, named by what it asks; made unless an earlier run made it."""
    rows = [
        {
            "prompt": [user(request(one, values))],
            "origin": "towerkit-ifmt-builder",
            "segment": one.item,
            "src_lang": one.src_lang,
            "tgt_lang": one.tgt_lang,
            "meta": canonical_json(one.model_dump(mode="json")).decode(),
        }
        for one in wanted
    ]
    path = folder / f"asked-{digest(rows)[:8]}"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        corpus.write(rows, "prompt", path)
    return path


def _ask(
    settings: Settings, requests: Path, folder: Path, runs: Path, workers: int, progress: Progress, retry_failed: bool
) -> Dataset:
    """What the generator answers, by a recipe of two stages."""
    stages = {
        "requests": {"read": {"dataset": str(requests.absolute())}},
        "answers": {"generate": {"engines": [settings.engine], "max_failed": settings.max_failed}},
    }
    recipe = {"name": settings.name, "seed": settings.seed, "stages": stages}
    file = folder / "recipe.yaml"
    with replacing(file) as handle:
        # What looks like a variable of the environment was one, and is filled in already.
        handle.write(json.dumps(recipe, indent=1, ensure_ascii=False).replace("${", "$${").encode())
    made = run(load_recipe(file), runs, until=None, workers=workers, progress=progress, retry_failed=retry_failed)
    return made["answers"]


def _sift(wanted: Sequence[Attributes], answers: Dataset, settings: Settings) -> tuple[list[_Item], list[_Refused]]:
    """The items that pass all checks, in the order in which they were asked for, and why the others do not."""
    replies = {row["segment"]: row for row in answers.rows()}
    passed: list[_Item] = []
    refused: list[_Refused] = []
    for one in wanted:
        reply = replies.get(one.item)
        found = _item(one, reply, settings) if reply else Rejected("unanswered")
        if isinstance(found, Rejected):
            refused.append(_Refused(one, found, reply["response"] if reply else None))
        else:
            passed.append(found)
    items, repeats = [], Repeats()
    sources, references = [item.row["source"] for item in passed], [item.row["references"][0] for item in passed]
    for item, shared in zip(passed, contaminated(sources, references, settings.contamination), strict=True):
        # Contaminated items do not count as seen: what is like them may be clean.
        why = Rejected("contaminated", shared) if shared else None
        why = why or repeats.see(item.wanted.item, item.row["source"], item.wanted.src_lang)
        if why:
            refused.append(_Refused(item.wanted, why, replies[item.wanted.item]["response"]))
        else:
            items.append(item)
    order = {one.item: place for place, one in enumerate(wanted)}
    return items, sorted(refused, key=lambda one: order[one.wanted.item])


def _item(wanted: Attributes, reply: Mapping[str, Any], settings: Settings) -> _Item | Rejected:
    """The item that a reply makes, tried on its own reference."""
    draft = read(reply["response"])
    if isinstance(draft, Rejected):
        return draft
    made = examine(draft, wanted, settings.instructions, random.Random(f"{settings.seed}/{wanted.item}"))
    if isinstance(made, Rejected):
        return made
    row = _row(wanted, draft, made, reply, settings)
    wrong = fault(verify_row(row, row["references"][0], Composite()))
    return Rejected(*wrong) if wrong else _Item(wanted, draft, row)


def _row(
    wanted: Attributes, draft: Draft, made: Problem, reply: Mapping[str, Any], settings: Settings
) -> dict[str, Any]:
    meta = {"generator": reply["model"], **wanted.model_dump(mode="json", exclude={"src_lang", "tgt_lang"})}
    return {
        "prompt": list(made.prompt),
        "references": list(made.references),
        "verifiers": [*made.verifiers, entry(Language())],
        "source": draft.source,
        "origin": f"towerkit-ifmt-builder/{settings.name}",
        "license": settings.license,
        "task": "ifmt",
        "src_lang": wanted.src_lang,
        "tgt_lang": wanted.tgt_lang,
        "meta": canonical_json(meta).decode(),
        "label_family": "translation_rules",
        "label_checks": "+".join(made.checks),
        "score_difficulty": made.difficulty,
    }


def _counts(refused: Sequence[_Refused]) -> dict[str, int]:
    return dict(sorted(Counter(one.why.reason for one in refused).items()))


def _write(out: Path, items: Sequence[_Item], refused: Sequence[_Refused], sheet: str) -> Dataset:
    """The set with its files, under its name only when it is whole."""
    scores = {name: Score(higher_is_better=better, signature=_SIGNATURE) for name, better in _SCORES.items()}
    lines = [
        {"item": one.wanted.item, "reason": one.why.reason, "value": one.why.value, "reply": one.reply}
        for one in refused
    ]
    around = out.with_name(f".{out.name}.tmp")
    shutil.rmtree(around, ignore_errors=True)  # what a kill left
    around.mkdir(parents=True)
    try:
        corpus.write([item.row for item in items], "verifiable", around / out.name, scores=scores)
        (around / out.name / "datasheet.md").write_text(sheet, "utf-8")
        told = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (around / out.name / "rejected.jsonl").write_text(told, "utf-8")
        (around / out.name).rename(out)
    finally:
        shutil.rmtree(around, ignore_errors=True)
    return corpus.open(out)
