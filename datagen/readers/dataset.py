"""A dataset folder of ours, made by another recipe or by `corpus.write`."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import ClassVar

from pydantic import model_validator

from corpus.current import newest
from corpus.errors import UserError
from corpus.manifest import Manifest, read_manifest
from corpus.schema import KindName, kind_of
from datagen.readers.base import Reader
from filters.base import ScoreColumn


class Dataset(Reader):
    """A finished dataset: kind, ids, scores with their directions, licences and lineage stay as they are.

    It yields no records: the read stage passes its shards through.
    """

    locations: ClassVar[tuple[str, ...]] = ("dataset",)

    dataset: str
    """The dataset's folder, the one with manifest.json in it; or `RUNFOLDER/STAGE`, the newest of that stage."""
    split: str | None = None
    """The split to read, of a dataset that holds rows out; default: all, each row in its own split."""

    @model_validator(mode="after")
    def _check(self) -> Dataset:
        others = sorted(self.model_fields_set - {"dataset", "split"})
        if others:
            raise ValueError(f"{others[0]}: the rows of a dataset say it themselves; `dataset` takes no other options")
        try:
            splits = self.manifest().splits
        except UserError as error:
            raise ValueError(str(error)) from None
        if self.split is not None and self.split not in splits:
            raise ValueError(f"split: found {self.split!r}, the dataset has {', '.join(splits)}")
        return self

    @cached_property
    def folder(self) -> Path:
        """The dataset's folder: found once, so that what is known of it before the rows and the rows are one's."""
        return newest(Path(self.dataset))

    def manifest(self) -> Manifest:
        """What is known of the dataset.

        Raises:
            UserError: the folder is no finished dataset of this version.
        """
        return read_manifest(self.folder)

    def row_kind(self) -> KindName:
        """The dataset's kind."""
        kind: KindName = kind_of(self.manifest().kind).name  # type: ignore[assignment]  # the names of KINDS
        return kind

    def files(self) -> list[str]:
        """None: its content hash says it all."""
        return []

    def identity(self) -> dict[str, object]:
        """The dataset's content hash."""
        return {"content": self.manifest().content}

    def score_columns(self) -> list[ScoreColumn]:
        """The dataset's score columns, in order of name."""
        scores = sorted(self.manifest().scores.items())
        return [
            ScoreColumn(name=name, **score.model_dump(include=set(ScoreColumn.model_fields))) for name, score in scores
        ]
