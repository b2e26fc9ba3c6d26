"""Datasets of the Hugging Face hub, or local folders in the hub's form, through the library `datasets`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import ClassVar

from corpus.errors import UserError
from datagen.readers._mapping import Mapper, TableReader
from datagen.readers.base import Record


class Hub(TableReader):
    """One split of a dataset, streamed: nothing is kept on disk, and a stop means to fetch it again.

    A private dataset is read with the token that `hf auth login` or the variable HF_TOKEN gives. Code that comes with a
    dataset is never run.
    """

    unit: ClassVar[str] = "rows"
    locations: ClassVar[tuple[str, ...]] = ("hub",)

    hub: str
    """The dataset's id (`openlanguagedata/flores_plus`), or a local folder that `datasets` can load, by a path that
    starts with `.` or `/` (`./flores`)."""
    config: str | None = None
    """Name of the configuration, for datasets that have several."""
    split: str = "train"
    """Name of the split."""
    revision: str | None = None
    """Branch, tag or commit; default: the newest commit. Whatever it is, the commit it stands for enters the plan."""

    @classmethod
    def paths(cls, options: Mapping[str, object]) -> tuple[str, ...]:
        """`hub` where it names a folder."""
        return cls.locations if _is_path(options.get("hub")) else ()

    def files(self) -> list[str]:
        """The files of a local folder; none for a dataset on the hub, whose commit says it all.

        Raises:
            UserError: there is no such folder, or an id is a folder's name too.
        """
        folder = Path(self.hub)
        if not _is_path(self.hub):
            if folder.is_dir():
                raise UserError(
                    f"hub: {self.hub} is an id of the hub, but a folder here is called so too, and `datasets` would "
                    f"load it. Write ./{self.hub} for a folder beside the recipe; for the hub's, run elsewhere"
                )
            return []
        if not folder.is_dir():
            raise UserError(f"hub: there is no folder {self.hub}")
        paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
        return [str(folder / path) for path in sorted(paths) if not any(part.startswith(".") for part in path.parts)]

    def identity(self) -> dict[str, object]:
        """The commit of a dataset on the hub; the names of a local folder and its files, which may name splits.

        Raises:
            UserError: the hub cannot be asked, or does not have it.
        """
        if not _is_path(self.hub):
            return {"commit": _commit(self.hub, self.revision)}
        names = [Path(file).relative_to(self.hub).as_posix() for file in self.files()]
        return {"folder": Path(self.hub).resolve().name, "names": names}

    def records(self, counts: Counter[str]) -> Iterator[Record]:
        """Every row as a record; faults are those of columns and types.

        Raises:
            UserError: there is no such dataset, configuration or split, or a column that is needed is not in it.
        """
        import datasets
        from huggingface_hub.errors import HfHubHTTPError

        commit = self.identity().get("commit")
        mapper = Mapper(self, counts, json=False)
        name = self.hub if commit else Path(self.hub).resolve().name
        number = 0
        try:
            rows = datasets.load_dataset(self.hub, name=self.config, split=self.split, revision=commit, streaming=True)
            if rows.column_names is not None:
                mapper.header(self.hub, rows.column_names)
            for number, row in enumerate(rows, 1):
                yield mapper.record(name, number, row)
        except (datasets.exceptions.DatasetsError, HfHubHTTPError, OSError, ValueError) as error:
            raise UserError(f"{self.hub} cannot be read after row {number}: {error}") from None
        if not number:
            raise UserError(f"{self.hub} has no rows in split {self.split!r}")
        mapper.finish()


def _is_path(hub: object) -> bool:
    """Whether this is a path: an id starts with neither `.` nor `/`."""
    return str(hub).startswith((".", "/"))


@cache
def _commit(dataset: str, revision: str | None) -> str:
    """The commit that a revision stands for, asked once, so that what is read is what the plan says."""
    from huggingface_hub import HfApi

    if revision is not None and re.fullmatch("[0-9a-f]{40}", revision):
        return revision
    try:
        found = HfApi().dataset_info(dataset, revision=revision).sha
    # A wrong id, no such dataset, no rights, or no network, for which the hub's HTTP client has errors of its own.
    except Exception as error:
        raise UserError(
            f"the hub cannot be asked for the commit of {dataset}: {error}. Where there is no network, give the commit "
            f"as `revision` (40 hex digits); a local folder is written ./{dataset}"
        ) from None
    if found is None:
        raise UserError(f"the hub names no commit for {dataset}")
    return found
