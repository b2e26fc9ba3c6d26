"""`render`: pairs, answered prompts or chats become running text, for continued pretraining."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import polars as pl
from pydantic import Field

from corpus.errors import UserError, nearest
from corpus.hashing import row_ids
from corpus.languages import english_name, native_name
from corpus.templates import fill, holes
from datagen.groups import FIELD, group_keys
from datagen.stages.base import Context, Header, Result, ShardStage, by_reason, only, set_aside

_FIELDS = {
    "pair": ("source", "target", "src", "tgt", "src_native", "tgt_native"),
    "prompt": ("prompt", "reference", "src", "tgt", "src_native", "tgt_native"),
    "sft": ("chat",),
}
_DEFAULT = {"pair": "{src}: {source}\n{tgt}: {target}", "prompt": "{prompt}{reference}", "sft": "{chat}"}


class Render(ShardStage):
    """Write rows as text."""

    version: ClassVar[int] = 2
    templates: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Wordings; of several, a row takes the one that a hash of its id names. Fields: {source} {target} {src} {tgt}
    {src_native} {tgt_native} for pairs (language names in English and in the language itself), {prompt} {reference}
    for prompts, {chat} for sft rows."""
    turn: str = "{role}: {content}"
    """How a turn of a chat is written. Fields: {role} {content}."""
    between: str = "\n\n"
    """What stands between turns."""

    def header(self, inputs: Sequence[Header], name: str) -> Header:
        """Texts."""
        del name
        header = only(inputs, "render", list(_FIELDS))
        for template in self.templates or ():
            _check_holes("templates", template, _FIELDS[header.kind], f" for rows of kind {header.kind!r}")
        _check_holes("turn", self.turn, ("role", "content"))
        return replace(header, kind="text", grouped_by=None)

    def run(self, frame: pl.DataFrame, piece: str, context: Context) -> Result:
        """One text for each row that has all that its template asks for."""
        from corpus.mixing import hash64

        del piece
        kind = context.header.kind
        templates = self.templates or (_DEFAULT[kind],)
        choice = hash64(frame["id"], "render") % len(templates)
        texts: list[str | None] = []
        for row, pick in zip(frame.iter_rows(named=True), choice.tolist(), strict=True):
            parts = self._parts(row, kind)
            complete = all(parts.get(hole) is not None for hole in holes(templates[pick]))
            texts.append(fill(templates[pick], {k: v or "" for k, v in parts.items()}) if complete else None)
        rendered = frame.with_columns(pl.Series("text", texts, dtype=pl.String))
        whole = rendered.filter(pl.col("text").is_not_null())
        aside = set_aside(rendered.filter(pl.col("text").is_null()), pl.lit("incomplete"))
        told = pl.struct(FIELD, row_id="id", kind=pl.lit(kind)).struct.json_encode()
        rows = whole.with_columns(group_keys(whole, kind)).with_columns(src_lang=pl.lit(None, pl.String), meta=told)
        rows = rows.drop("id")
        rows = rows.select(c for c in rows.columns if c in context.out.columns)
        return Result(
            rows.with_columns(row_ids("text", rows)),
            aside,
            {"in": frame.height, "rows": rows.height, "aside": by_reason(aside)},
        )

    def _parts(self, row: Mapping[str, object], kind: str) -> dict[str, str | None]:
        parts: dict[str, str | None] = {}
        for side, column in (("src", "src_lang"), ("tgt", "tgt_lang")):
            code = row[column]
            parts[side] = english_name(code) if isinstance(code, str) else None
            parts[f"{side}_native"] = native_name(code) if isinstance(code, str) else None
        if kind == "pair":
            return {**parts, "source": str(row["source"]), "target": str(row["target"])}
        if kind == "sft":
            return {"chat": self._chat(row["messages"])}
        references = row["references"]
        first = references[0] if isinstance(references, list) and references else None
        messages = row["prompt"]
        assert isinstance(messages, list)
        # A single user turn is running text already; a longer chat needs its roles written.
        prompt = str(messages[0]["content"]) if len(messages) == 1 else self._chat(messages) + self.between
        return {**parts, "prompt": prompt, "reference": first}

    def _chat(self, messages: object) -> str:
        assert isinstance(messages, list)
        return self.between.join(fill(self.turn, message) for message in messages)


def _check_holes(option: str, template: str, known: Sequence[str], where: str = "") -> None:
    """Refuse a template that asks for what there is not."""
    for hole in holes(template):
        if hole not in known:
            listed = ", ".join(f"{{{name}}}" for name in known)
            raise UserError(f"{option}: {{{hole}}} is unknown{where}.{nearest(hole, known)} Known: {listed}")
