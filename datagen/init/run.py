"""`datagen init`: from files to a recipe that reads, scores, filters, dedups and mixes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus.errors import UserError
from datagen.init.inputs import Input
from datagen.init.look import look
from datagen.init.rules import Traits
from datagen.init.trial import Trial, try_out
from datagen.init.write import recipe, slug
from datagen.recipe import load_recipe


@dataclass(frozen=True)
class Written:
    """A recipe that was written, and what was found on the way."""

    file: Path
    name: str
    told: list[str]
    assumed: list[str]


def init(names: Sequence[str], out: Path | None = None) -> Written:
    """Look at files and write a recipe for them.

    Args:
        names: files, folders, URLs or hub ids that belong together.
        out: the file to write; default: named after the data, in the current folder.

    Raises:
        UserError: a file is nothing that can be read, files do not belong together, or `out` exists.
    """
    if out is not None:
        _refuse_existing(out)
    inputs = look(names)
    label = (
        inputs[0].label if len(names) == 1 or inputs[0].reader == "text" else _shared([read.label for read in inputs])
    )
    out = out or Path(f"{slug(label)}.yaml")
    _refuse_existing(out)
    trials = [try_out(read) for read in inputs]
    _refuse_kinds(inputs, trials)
    name = slug(out.stem)
    text = recipe(inputs, Traits.of(inputs, trials), name=name, folder=out.parent, file=out.name)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("x", encoding="utf-8") as handle:
        handle.write(text)
    load_recipe(out)
    told = [line for read in inputs for line in read.told]
    assumed = list(dict.fromkeys(line for read in inputs for line in read.assumed))
    return Written(out, name, told, assumed)


def _refuse_existing(out: Path) -> None:
    if out.exists():
        raise UserError(f"{out} exists and is left as it is; name another file with --out")


def _refuse_kinds(inputs: Sequence[Input], trials: Sequence[Trial]) -> None:
    kinds = {trial.kind: read for read, trial in zip(inputs, trials, strict=True)}
    if len(kinds) > 1:
        listed = "; ".join(f"{kind}: {read.where}" for kind, read in kinds.items())
        raise UserError(f"the files hold rows of different kinds ({listed}). Make a recipe for each kind")


def _shared(labels: Sequence[str]) -> str:
    """What the names of several inputs begin with, else `data`."""
    start = 0
    while all(len(label) > start for label in labels) and len({label[start] for label in labels}) == 1:
        start += 1
    return slug(labels[0][:start]) if start > 2 else "data"
