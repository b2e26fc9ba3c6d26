"""What a reader is: a format that yields rows in the contract's column names, and says where each one stood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator

from corpus.errors import UserError
from corpus.languages import canonical
from corpus.schema import KindName
from filters.base import ScoreColumn

Normalization = Literal["line_ends", "byte_order_mark", "nfc"]


class Record(NamedTuple):
    """One record of a file: a row, or the reason why it could not be read."""

    file: str
    """Path or URL as the recipe gives it, made relative to the reader's root where it has one."""
    line: int
    """1-based place in the file: line, record or row, as the reader's `unit` says."""
    row: dict[str, object] | None
    """Contract columns (a subset; the read stage completes, checks and types them); `meta`, where there is any, is a
    dict here."""
    reason: str = ""
    """Where `row` is None: snake_case reason (`broken_json`, `invalid_utf8`, `missing_column` ...)."""
    detail: str = ""
    """Where `row` is None: an excerpt (at most 200 characters) or the parser's words."""


def known_language(code: str) -> str:
    """A language code of an option, as it stands there.

    Raises:
        ValueError: there is no such language.
    """
    try:
        canonical(code)
    except UserError as error:
        raise ValueError(str(error)) from None
    return code


class Reader(BaseModel):
    """Options of one format. The field named after the file (`jsonl:` in jsonl.py) holds what to read.

    Subclasses set `unit`, add their fields, and implement `row_kind`, `files` and `records`. Formats whose records have
    named columns derive from `datagen.readers._mapping.TableReader` instead.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    version: ClassVar[int] = 1
    unit: ClassVar[str] = "records"
    """What the law of `read` counts, in the plural (`lines`, `segments × systems`)."""
    locations: ClassVar[tuple[str, ...]] = ()
    """Options that hold paths (the format's own field): relative ones start at the recipe's folder. They do not enter
    the plan; names, content and `identity` of what lies there do."""

    src_lang: str | None = None
    """Language of the source for rows that do not say it themselves."""
    tgt_lang: str | None = None
    """Language of the text or answer for rows that do not say it themselves."""
    origin: str | None = None
    """Name of where the rows come from; default: the file's or folder's name."""
    license: str | None = None
    """Licence of the rows (SPDX identifier where there is one)."""
    task: str | None = None
    """Task by whose template `prompt` is made for rows that have a source and no prompt; default: plain translation."""
    normalize: tuple[Normalization, ...] = ()
    """Repairs to make, counted: `line_ends` (CRLF), `byte_order_mark`, `nfc` (Unicode composition). Nothing else is."""
    max_bad: float = Field(default=0.001, ge=0, le=1)
    """Share of unreadable records above which the stage stops with the first examples. It is taken of the whole input;
    only where over 1,000 records are unreadable, and they are over ten times this share of what was read so far, the
    stage stops at once. An input that begins badly needs a larger share."""
    rows_per_shard: int = Field(default=50_000, ge=1)
    """Rows in a shard; for `response` rows, prompts in a shard, so that all answers to a prompt lie together."""

    @field_validator("src_lang", "tgt_lang")
    @classmethod
    def _known_language(cls, code: str | None) -> str | None:
        return None if code is None else known_language(code)

    @classmethod
    def paths(cls, options: Mapping[str, object]) -> tuple[str, ...]:
        """Those of `locations` that hold paths where a reader has these options."""
        del options
        return cls.locations

    def row_kind(self) -> KindName:
        """The kind of the rows, known without reading them."""
        raise NotImplementedError

    def files(self) -> list[str]:
        """Every file (path or URL) that is read, in order; their content enters the plan.

        Raises:
            UserError: a file is not there.
        """
        raise NotImplementedError

    def identity(self) -> Mapping[str, object]:
        """What enters the plan beside the content of `files` (a hub dataset's commit, names that become columns)."""
        return {}

    def score_columns(self) -> list[ScoreColumn]:
        """The score columns that the rows bring along."""
        return []

    def records(self, counts: Counter[str]) -> Iterator[Record]:
        """Every record in input order.

        Args:
            counts: takes up the repairs made, as `normalized:line_ends` (lines), `normalized:byte_order_mark` (files)
                and `normalized:nfc` (texts).

        Raises:
            UserError: the input cannot be read on from here (see each reader).
        """
        raise NotImplementedError
