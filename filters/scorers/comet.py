"""COMET: how good a translation is, by a regression over a multilingual encoder (Rei et al. 2020, 2020.emnlp-main.213).

With references COMET-22 (Rei et al. 2022, 2022.wmt-1.52), without them CometKiwi (2022.wmt-1.60), and XCOMET, which
marks errors as well (Guerreiro et al. 2024, doi 10.1162/tacl_a_00683). The numbers are unbabel-comet's own `predict`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import polars as pl
from pydantic import Field, PrivateAttr, model_validator

from corpus.errors import UserError
from filters.comet.checkpoint import Checkpoint, read_checkpoint
from filters.comet.client import Load, Workers
from filters.comet.environment import comet_environment, comet_version
from filters.environments import given_python
from filters.learned import NOTE, ROW, Judge, Judged, LearnedScorer, Services, rows_of, values_frame

_COLUMNS = {"src": "source", "mt": "hypothesis", "ref": "reference"}
_EMPTY = {"source": "empty source", "hypothesis": "empty output", "reference": "no reference"}


class Comet(LearnedScorer):
    """COMET score of a translation, by any COMET checkpoint; with XCOMET the marked errors too.

    The library runs in an environment of its own, made on first use (1.4 GB, with CUDA more), in worker processes.
    Null where source or output is empty, or a reference is missing that is to be used; the note says which. Texts
    beyond the encoder's window (512 tokens in published checkpoints) are scored by their beginning and noted as
    `truncated`.
    """

    models = ("model", "encoder")
    locations = ("python",)
    speed = ("devices", "batch_size", "batch_tokens")

    model: str
    """Hub id, such as `Unbabel/wmt22-cometkiwi-da`, or a folder with `hparams.yaml` and `checkpoints/*.ckpt`, or such a
    `.ckpt` file."""
    revision: str | None = None
    """Branch, tag or commit on the hub."""
    references: Literal["first", "mean", "siblings", "none"] | None = None
    """Which references count: the first, or the mean of the scores against each. `siblings` takes the other responses
    to the prompt for references: a consensus pick without a reference, as minimum Bayes risk decoding makes it (Freitag
    et al. 2022, 2022.tacl-1.47). By default the first where the checkpoint cannot do without; one that can do either
    way (XCOMET) must be told."""
    encoder: str | None = None
    """Where the encoder's tokenizer and `config.json` lie: a hub id or a folder; by default as the checkpoint says."""
    dtype: Literal["float32", "float16", "bfloat16"] = "float32"
    """Numbers that the model computes with. The smaller types halve memory and change scores in the third digit."""
    devices: tuple[str, ...] = ("auto",)
    """One worker process for each: `cuda:0`, `cpu`. `auto` means every CUDA GPU, or else the CPU."""
    batch_size: int = Field(default=64, ge=1)
    """Most texts in a batch; halved by itself where memory does not suffice."""
    batch_tokens: int = Field(default=16_384, ge=1)
    """Most tokens in a batch, padding included."""
    python: Path | None = None
    """A Python that can import comet, instead of an environment made for it."""
    trust_pickle: bool = False
    """Whether a checkpoint may hold more than weights and plain settings. What it then holds can run anything."""

    _valid: bool = PrivateAttr(default=False)
    _found: Checkpoint | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _is_valid(self) -> Comet:
        self._valid = True
        return self

    @property
    def compares_answers(self) -> bool:
        """Where the other answers stand for references."""
        return self.references == "siblings"

    def needs(self, kind: str) -> Sequence[str]:
        """Source, output and, where they are to be used, references."""
        del kind
        if not self._valid:
            return ("@source", "@output")
        siblings = self._references() == "siblings"
        columns = {"src": "@source", "mt": "@output", "ref": "prompt_id" if siblings else "references"}
        return [columns[side] for side in self._sides()]

    def values(self) -> Mapping[str, bool | None]:
        """The score, and the marked errors where the checkpoint marks any."""
        return {"score": True, "spans": None} if self._valid and self._checkpoint().spans else {"score": True}

    def signature(self) -> str:
        """Model, its commit or content, class, references, numbers, window and the library's version."""
        checkpoint = self._checkpoint()
        settings = {
            "model": checkpoint.name,
            **dict([checkpoint.short_identity().split(":")]),
            "class": checkpoint.class_name,
            "refs": self._references(),
            "dtype": self.dtype,
            "window": checkpoint.window(),
            "version": comet_version(self.python),
        }
        return "|".join(["comet", *(f"{name}:{value}" for name, value in settings.items())])

    def identity(self) -> object:
        """The checkpoint and its encoder by commit or content, and the version of the library."""
        return {**self._checkpoint().identity(), "comet": comet_version(self.python), "references": self._references()}

    def licence(self) -> str | None:
        """As the model's card states it, and whether it forbids commercial use."""
        return self._checkpoint().licence

    def items(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Source, hypothesis and reference, as far as they are looked at; a row for each reference that counts."""
        sides = self._sides()
        columns = {"src": pl.col("@source"), "mt": pl.col("@output")}
        items = frame.select(columns[side].alias(_COLUMNS[side]) for side in sides if side != "ref")
        items = items.with_columns(rows_of(frame))
        empty = dict(_EMPTY)
        if self._references() == "siblings":
            items = _with_siblings(items, frame["prompt_id"])
            empty["reference"] = "no sibling"
        elif "ref" in sides:
            said = pl.element().filter(pl.element().str.strip_chars() != "")
            kept = frame["references"] if self._references() == "first" else frame["references"].list.eval(said)
            items = items.with_columns(
                kept.list.slice(0, 1 if self._references() == "first" else None).alias("reference")
            )
            items = items.explode("reference")
        notes = [
            pl.when(pl.col(name).fill_null("").str.strip_chars() == "").then(pl.lit(note))
            for name, note in empty.items()
            if name in items.columns
        ]
        return items.with_columns(pl.coalesce(notes).alias(NOTE))

    @contextmanager
    def open(self, services: Services) -> Iterator[Judge]:
        """Make the environment where it lacks, fetch the model, start the workers."""
        checkpoint = self._checkpoint()
        if self.python is not None:
            python = given_python(self.python, "comet")
        else:
            python = comet_environment().python(services.tell)
        services.tell({"state": "fetching the model"})
        weights, encoder = checkpoint.fetched()
        load = Load(
            checkpoint=weights,
            encoder=encoder,
            hparams=checkpoint.hparams,
            sides=self._sides(),
            dtype=self.dtype,
            trust_pickle=self.trust_pickle,
            batch_size=self.batch_size,
            batch_tokens=self.batch_tokens,
        )
        with Workers(python, load, self.devices, services.folder, services.tell) as workers:
            yield lambda items: self._judged(workers, items)

    def _judged(self, workers: Workers, items: pl.DataFrame) -> Iterator[Judged]:
        # Rows of one source together, so that it is encoded once.
        first = _COLUMNS[self._sides()[0]]
        places = items.select(pl.arg_sort_by(first)).to_series().to_list()
        rows = items.select(_COLUMNS[side] for side in self._sides())[places].rows()
        for part in workers.score(rows):
            values: dict[str, list[Any]] = {"score": part.scores}
            if "spans" in self.values():
                values["spans"] = [None if s is None else json.dumps(s, ensure_ascii=False) for s in part.spans]
            yield Judged([places[row] for row in part.rows], values_frame(values, part.notes))

    def _sides(self) -> tuple[str, ...]:
        """What of a row the model is shown."""
        sides = self._checkpoint().sides
        return sides if self._references() != "none" else tuple(side for side in sides if side != "ref")

    def _references(self) -> str:
        """Which references count."""
        use, name = self._checkpoint().references, self._checkpoint().name
        if use == "must":
            if self.references == "none":
                raise UserError(f"{name} cannot score without a reference; take `references: first` or `mean`")
            return self.references or "first"
        if use == "never":
            if self.references not in (None, "none"):
                raise UserError(f"{name} looks at no references; leave `references` out")
            return "none"
        if self.references is None:
            raise UserError(
                f"{name} scores with references or without, and the numbers differ: say `references: first`, `mean` or "
                "`none`"
            )
        return self.references

    def _checkpoint(self) -> Checkpoint:
        if self._found is None:
            self._found = read_checkpoint(self.model, self.revision, self.encoder)
        return self._found


def _with_siblings(items: pl.DataFrame, prompts: pl.Series) -> pl.DataFrame:
    """An item for each other response to the prompt that says anything, as `reference`; null where there is none."""
    told = items.with_columns(prompts.alias("@prompt"))
    others = told.filter(pl.col("hypothesis").str.strip_chars() != "")
    others = others.select("@prompt", pl.col(ROW).alias("@other"), pl.col("hypothesis").alias("reference"))
    pairs = told.select(ROW, "@prompt").join(others, on="@prompt", maintain_order="left_right")
    siblings = pairs.filter(pl.col(ROW) != pl.col("@other")).select(ROW, "reference")
    return items.join(siblings, on=ROW, how="left", maintain_order="left_right")
