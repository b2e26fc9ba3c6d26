"""Tables of the report, as plain text that the Markdown and the HTML page each word safely."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from evals.published import Figure
from evals.report.results import Measured, Results
from evals.statistics import Scored
from filters.report.markdown import MISSING, count, escaped, real, table

IN_LOOP = "in the loop"


@dataclass(frozen=True)
class Sheet:
    """A table, with lines of text below it."""

    title: str
    align: str
    """A letter for each column, `l` or `r`."""
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    below: Sequence[str] = ()

    def markdown(self) -> str:
        """As Markdown without the title."""
        rows = [[_isolated(cell) for cell in row] for row in self.rows]
        parts = [table(self.align, [escaped(name) for name in self.header], rows, limit=len(rows))]
        return "\n\n".join([*parts, *(_isolated(line) for line in self.below)])

    def html(self) -> str:
        """As HTML without the title."""
        align = ["number" if letter == "r" else "text" for letter in self.align]

        def line(cells: Sequence[str], tag: str) -> str:
            told = (f'<{tag} class="{side}">{_isolated(cell)}</{tag}>' for cell, side in zip(cells, align, strict=True))
            return f"<tr>{''.join(told)}</tr>"

        body = "\n".join(line(row, "td") for row in self.rows)
        below = "".join(f"<p>{_isolated(told)}</p>\n" for told in self.below)
        return f"<table>\n<thead>{line(self.header, 'th')}</thead>\n<tbody>\n{body}\n</tbody>\n</table>\n{below}"


def _isolated(text: str) -> str:
    """Text of any script for Markdown and HTML alike; right-to-left text keeps its neighbours in place."""
    told = escaped(text)
    return told if text.isascii() else f'<span dir="auto">{told}</span>'


def interval(low: float, high: float) -> str:
    """Ends of an interval after a number; nothing where there is none."""
    ends = (real(end) if math.isfinite(end) else "∞" if end > 0 else "-∞" for end in (low, high))
    return "" if math.isnan(low) or math.isnan(high) else f" [{', '.join(ends)}]"


def p_told(p: float) -> str:
    """A p-value to two digits, with its sign."""
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"


def models_sheet(results: Results) -> Sheet:
    """The models, with the numbers by which plots call those whose names they cannot write."""
    rows = [
        [
            f"#{place + 1}",
            model.name,
            model.stage,
            ", ".join(model.parents),
            real(model.share) if model.share is not None else "",
        ]
        for place, model in enumerate(results.models)
    ]
    return Sheet("Models", "rlllr", ["", "model", "stage", "made of", "share of the second"], rows)


def sheets(results: Results) -> list[Sheet]:
    """One for each metric."""
    return [_numbers(results, measured) for measured in results.measured]


def _numbers(results: Results, measured: Measured) -> Sheet:
    group = {name: str(place + 1) for place, names in enumerate(measured.groups) for name in names}
    stages = {model.name: model.stage for model in results.models}
    letters: dict[str, str] = {}
    rows = []
    for name in (*measured.ranked, *measured.rest):
        number = measured.numbers[name]
        scored = number.scored
        letter = letters.setdefault(number.signature, _letter(len(letters)))
        remark = IN_LOOP if number.in_loop else "" if math.isfinite(scored.value) else _why_not(scored)
        rows.append(
            [
                group.get(name, MISSING),
                name,
                stages[name],
                real(scored.value) if math.isfinite(scored.value) else MISSING,
                interval(scored.low, scored.high).strip() or MISSING,
                count(scored.n),
                count(scored.unjudged),
                letter,
                remark,
            ]
        )
    better = "More is better." if measured.metric.higher_is_better else "Less is better."
    return Sheet(
        measured.metric.key,
        "rllrrrrll",
        ["group", "model", "stage", "value", "95 %", "n", "unjudged", "signature", ""],
        rows,
        [better, *(f"Signature {letter}: {signature or MISSING}" for signature, letter in letters.items())],
    )


def _why_not(scored: Scored) -> str:
    """Why there is no number: who won or lost all has no finite rating, and few games tell nothing of style."""
    return "undefined" if scored.n else "nothing judged"


def _letter(place: int) -> str:
    """a, b, ..., z, aa, ab, ..."""
    return (_letter(place // 26 - 1) if place >= 26 else "") + chr(ord("a") + place % 26)


def published_sheet(figures: Sequence[Figure], results: Results) -> Sheet | None:
    """Published figures of the benchmarks that were measured or that the recipe sets beside; None where none are."""
    metrics = [measured.metric for measured in results.measured]
    drawn = {metric.published.benchmark for metric in metrics if metric.published}
    benchmarks = {metric.benchmark for metric in metrics} | drawn
    rows = [
        [f.benchmark, f.metric, f.set, f.system, real(f.value), f"[{f.mark}]", f.source]
        for f in figures
        if f.benchmark in benchmarks
    ]
    header = ["benchmark", "metric", "set", "system", "value", "mark", "source"]
    return Sheet("Published elsewhere", "llllrll", header, rows) if rows else None


def numbers_frame(results: Results) -> pl.DataFrame:
    """Every number, one a row."""
    rows = [
        (
            *(measured.metric.benchmark, measured.metric.name, measured.metric.set, name),
            *(number.scored.value, number.scored.low, number.scored.high, number.scored.n, number.scored.unjudged),
            *(number.in_loop, number.signature),
        )
        for measured in results.measured
        for name, number in sorted(measured.numbers.items())
    ]
    names = ["benchmark", "metric", "set", "model", "value", "low", "high", "n", "unjudged", "in_loop", "signature"]
    types = [pl.String] * 4 + [pl.Float64] * 3 + [pl.Int64] * 2 + [pl.Boolean, pl.String]
    return pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")


def differences_frame(results: Results) -> pl.DataFrame:
    """Every comparison of two models, one a row."""
    rows = [
        (
            *(measured.metric.benchmark, measured.metric.name, measured.metric.set, told.left, told.right),
            *(told.value, told.low, told.high, told.p_permutation, told.p_bootstrap, told.n, told.unjudged),
        )
        for measured in results.measured
        for told in measured.differences
    ]
    names = ["benchmark", "metric", "set", "left", "right"]
    numbers = ["difference", "low", "high", "p_permutation", "p_bootstrap"]
    schema = dict.fromkeys(names, pl.String()) | dict.fromkeys(numbers, pl.Float64())
    return pl.DataFrame(rows, schema=schema | dict.fromkeys(["n", "unjudged"], pl.Int64()), orient="row")
