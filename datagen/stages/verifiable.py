"""`verifiable`: rows become problems whose answers verifiers check; every problem is tried on a right answer first."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple

import orjson
import polars as pl

from corpus.errors import UserError
from corpus.hashing import canonical_json, row_id, row_ids
from corpus.schema import schema
from datagen.groups import FIELD, group_keys
from datagen.makers.base import Maker, Problem, Rejected, entry
from datagen.stages.base import Context, Header, Result, ShardStage, by_reason, only, set_aside
from datagen.stages.parts import Makers, Verifiers
from filters.base import ScoreColumn
from filters.names import verifier_class, verifier_names
from filters.rewards import Composite, Judgement, verify_rows
from filters.verifier import Row, open_verifiers

_RATE = "score_pass_rate"
_TOLD = {"label_family": None, "label_checks": None, "score_difficulty": False}
"""What is told of a problem beside its columns, and which way is better: easy problems are."""


class _Made(NamedTuple):
    """A candidate on its way."""

    row: dict[str, Any]
    """Columns of the row to be."""
    place: int
    """Number of the row that it is made of."""
    reason: str = ""
    """Why it is rejected."""
    value: str = ""


class Verifiable(ShardStage):
    """Make problems with verifiers, each tried on a right answer before it is kept.

    A problem with references is kept where each of them passes its verifiers (a gate that cannot judge so short a text
    does no harm); one without where each verifier that can make a right answer passes it. Rejected candidates are kept
    aside with the reason; of equal problems in a shard the first stays.

    Without `make`, scored responses to such problems become the problems again, one row for each prompt, with the
    prompt's `score_pass_rate`: `select` then keeps what a model neither always nor never answers rightly.
    """

    version: ClassVar[int] = 3
    seeded: ClassVar[bool] = True

    make: Makers = ()
    """Makers by name: `- math`, `- constraints: {most: 2}`. Every row is offered to each."""
    verifiers: Verifiers = ()
    """Verifiers that every problem gets beside its own, such as the gates `- language` and `- format`."""
    allow_code: bool = False
    """Whether the tests of programming problems may run programs: without network, in an empty folder and under limits,
    yet on this machine. Without it such problems cannot be tried and are refused."""

    def header(self, inputs: Sequence[Header], name: str) -> Header:
        """Problems with `label_family`, `label_checks` and `score_difficulty`; of responses with the pass rate too.

        Raises:
            UserError: a maker does not take the rows, or responses lack a pass rate.
        """
        del name
        if not self.make:
            return self._rated(inputs)
        header = only(inputs, "verifiable", sorted({kind for maker in self.make for kind in maker.kinds}))
        for maker in self.make:
            if header.kind not in maker.kinds:
                raise UserError(
                    f"the maker {maker.name()!r} takes rows of kind {' or '.join(maker.kinds)}; the stage before gives "
                    f"{header.kind!r}"
                )
            if maker.runs_code and not self.allow_code:
                raise UserError(
                    f"the maker {maker.name()!r} tries programs from the data: they run without network, in an empty "
                    "folder and under limits, yet on this machine; say `allow_code: true` where that may be"
                )
        columns = [
            ScoreColumn(name=column, higher_is_better=better, signature=f"verifiable|version:{self.version}")
            for column, better in _TOLD.items()
        ]
        return Header("verifiable", {c.name: c for c in columns}, None, header.selected_by, header.splits)

    def identity(self) -> object:
        """Versions of all verifiers: what they find right decides which problems are kept."""
        return {name: verifier_class(name).version for name in verifier_names()} if self.make else None

    def _rated(self, inputs: Sequence[Header]) -> Header:
        if inputs and inputs[0].kind != "response":
            raise UserError(
                "give `make:`, a list of makers (`make: [math]`); without it the stage takes `response` rows with a "
                f"{_RATE}, and the stage before gives {inputs[0].kind!r}"
            )
        header = only(inputs, "verifiable", ["response"])
        if self.verifiers:
            raise UserError("`verifiers:` goes with `make:`; problems that were answered have theirs already")
        if _RATE not in header.scores:
            raise UserError(f"the responses have no {_RATE}; put `score: {{scorers: [verified, pass_rate]}}` before it")
        kept = {name: column for name, column in header.scores.items() if name in (*_TOLD, _RATE)}
        return replace(header, kind="verifiable", scores=kept, grouped_by=None)

    def run(self, frame: pl.DataFrame, piece: str, context: Context) -> Result:
        """Candidates of a shard's rows, and what becomes of them."""
        del piece
        if not self.make:
            return _problems_again(frame, context)
        candidates = [
            made
            for place, (row, group) in enumerate(_rows(frame, context))
            for maker in self.make
            for made in self._made(maker, row, group, place, context.seed)
        ]
        candidates = self._tried(_without_repeats(candidates))
        kept = [made.row for made in candidates if not made.reason]
        rejected = [made for made in candidates if made.reason]
        reasons = [pl.Series(name, [getattr(m, name) for m in rejected], pl.String) for name in ("reason", "value")]
        origin = frame[[made.place for made in rejected]].with_columns(
            reasons[0].alias("@reason"), reasons[1].alias("@value")
        )
        aside = set_aside(origin, pl.col("@reason"), pl.col("@value"))
        return Result(
            pl.DataFrame(kept, schema=schema("verifiable", context.out.scores)),
            aside,
            {
                "in": frame.height,
                "candidates": len(candidates),
                "rows": len(kept),
                "rejected": by_reason(aside),
            },
        )

    def _made(self, maker: Maker, row: Mapping[str, Any], group: str, place: int, seed: int) -> list[_Made]:
        """What a maker makes of a row."""
        rng = random.Random(f"{seed}/{maker.name()}/{row['id']}")
        return [
            _Made({}, place, candidate.reason, candidate.value)
            if isinstance(candidate, Rejected)
            else self._row(maker, candidate, row, group, place)
            for candidate in maker.problems(row, rng, place)
        ]

    def _row(self, maker: Maker, problem: Problem, row: Mapping[str, Any], group: str, place: int) -> _Made:
        made: dict[str, Any] = {
            "prompt": list(problem.prompt),
            "references": list(problem.references) or None,
            "verifiers": [*problem.verifiers, *map(entry, self.verifiers)],
            "source": row.get("source"),
            "origin": row["origin"],
            "license": row["license"],
            "task": row["task"] or maker.name(),
            "src_lang": row["src_lang"],
            "tgt_lang": problem.tgt_lang or row["tgt_lang"],
            "meta": canonical_json({"row_id": row["id"], FIELD: group}).decode(),
            "label_family": maker.name(),
            "label_checks": "+".join(problem.checks) or None,
            "score_difficulty": problem.difficulty,
        }
        return _Made({"id": row_id("verifiable", made), **made}, place)

    def _tried(self, candidates: list[_Made]) -> list[_Made]:
        """The candidates with those rejected that a right answer does not pass."""
        judge = Composite(allow_code=self.allow_code)
        with_references = [made for made in candidates if not made.reason and made.row["references"]]
        texts = [text for made in with_references for text in made.row["references"]]
        rows = [made.row for made in with_references for _ in made.row["references"]]
        judgements = iter(verify_rows(rows, texts, judge))
        tried = []
        for made in candidates:
            if made.reason:
                tried.append(made)
            elif made.row["references"]:
                faults = [told for told in (fault(next(judgements)) for _ in made.row["references"]) if told]
                tried.append(made._replace(reason=faults[0][0], value=faults[0][1]) if faults else made)
            else:
                reason, value = _unmet(made.row)
                tried.append(made._replace(reason=reason, value=value))
        return tried


def _rows(frame: pl.DataFrame, context: Context) -> list[tuple[dict[str, Any], str]]:
    """Rows with `meta` read, each with the key of its group."""
    groups = group_keys(frame, context.header.kind).to_list()
    rows = frame.iter_rows(named=True)
    return [
        ({**row, "meta": orjson.loads(row["meta"]) if row["meta"] else {}}, group)
        for row, group in zip(rows, groups, strict=True)
    ]


def _without_repeats(candidates: list[_Made]) -> list[_Made]:
    """The candidates, those that are as one before rejected."""
    seen: set[str] = set()
    found = []
    for made in candidates:
        if not made.reason and made.row["id"] in seen:
            made = made._replace(reason="repeated")
        elif not made.reason:
            seen.add(made.row["id"])
        found.append(made)
    return found


def fault(judgement: Judgement) -> tuple[str, str] | None:
    """Why a reference shows that a problem cannot be kept: the first verifier that it fails or leaves unjudged."""
    if not judgement.components:
        return "wrong_verifiers", judgement.reason
    for each in judgement.components:
        told = f"{each.reason}: {each.extracted}" if each.extracted else each.reason
        if each.score is None and not each.gate:
            return f"reference_unjudged:{each.name}", told[:200]
        if each.score is not None and each.score < 1:
            return f"reference_fails:{each.name}", told[:200]
    return None


def _unmet(row: dict[str, Any]) -> tuple[str, str]:
    """Why a problem without references cannot be kept: a verifier does not pass the right answer that it makes."""
    for name, verifier in open_verifiers(row["verifiers"], allow_code=False):
        visible: Row = {key: row[key] for key in ("prompt", "source", "src_lang", "tgt_lang", "meta")}  # type: ignore[assignment]
        text = verifier.compliant(visible)
        if text is None:
            continue
        verdict = verifier.verify(visible, text)
        if verdict.score != 1:
            return f"no_answer_passes:{name}", verdict.reason
    return "", ""


def _with_groups(responses: pl.DataFrame) -> pl.Series:
    """`meta` with the key of each row's group, which the columns of a problem may not tell."""
    told = zip(responses["meta"], group_keys(responses, "response"), strict=True)
    metas = [canonical_json({**orjson.loads(meta or "{}"), FIELD: group}).decode() for meta, group in told]
    return pl.Series("meta", metas, dtype=pl.String)


def _problems_again(frame: pl.DataFrame, context: Context) -> Result:
    """One row for each prompt of scored responses."""
    first = frame.unique("prompt_id", keep="first", maintain_order=True)
    rows = first.with_columns(pl.lit(None, pl.String).alias("id"), _with_groups(first)).select(context.out.columns)
    without = rows["verifiers"].is_null() | (rows["verifiers"].list.len() == 0)
    aside = set_aside(first.filter(without), pl.lit("no_verifiers"))
    kept = rows.filter(~without)
    return Result(
        kept.with_columns(row_ids("verifiable", kept)),
        aside,
        {"in": frame.height, "candidates": rows.height, "rows": kept.height, "rejected": by_reason(aside)},
    )
