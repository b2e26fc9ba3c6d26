"""Write the report of a run: one page with its plots and tables, so that one can decide whether to trust the corpus."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any

import polars as pl

from corpus.dataset import Dataset
from filters.report import agreement, answers, doubts, drops, examples, origins, picks, scores
from filters.report.books import Step, flow, outputs, steps, tree
from filters.report.folder import Folder
from filters.report.markdown import MISSING, code, count, percent, plural, real, table
from filters.report.plots import Bar, funnel

_PATH = re.compile(r"(?:/|~|\.\.?/|[A-Za-z]:\\).*")


def write_report(datasets: Sequence[Dataset], out: Path, *, name: str, text: bool = True) -> Path:
    """Write README.md with its plots (SVG) and tables (CSV) into a folder.

    The same datasets give the same bytes, apart from the section on time. Nothing in it names a host, a user or a path.

    Args:
        datasets: the newest dataset of each stage of a run, in lineage order.
        out: folder to write; an earlier report in it is replaced.
        name: the recipe's name.
        text: whether the page may show text of the data; without it, it has ids, reasons and numbers alone.

    Returns:
        The page.

    Raises:
        UserError: `out` holds something else than a report.
    """
    folder = Folder(out)
    run = steps(datasets)
    lost = [loss for step in run for loss in drops.losses(step)]
    scored = scores.scored(run)
    agreed = agreement.agreements(run, scored)
    picked = [pick for step in run if (pick := picks.picks(step))]
    told = doubts.doubts(doubts.Findings(run, lost, scored, agreed, picked))
    mixes = [step for step in run if step.verb == "mix" and step.manifest.rows]
    sections = {
        "From stage to stage": _funnel(run, folder),
        **({"Answers": answers.section(run, folder)} if any(step.verb == "generate" for step in run) else {}),
        "Dropped": drops.section(lost, folder),
        "Scores": scores.section(scored, folder, text=text),
        "Agreement of scores": agreement.section(agreed, folder),
        "Chosen and mixed": picks.section(picked, mixes, folder),
        "Examples": examples.section(run, lost, text=text),
        "Lineage": _lineage(run, folder),
        "Licences and origins": _licenses(run, folder),
        "Selected by": origins.selections(run),
        "Settings": _settings(run),
        "Checks": doubts.checks(),
        "Time": _times(run),
    }
    body = "\n\n".join(f"## {title}\n\n{content}" for title, content in sections.items())
    return folder.page(f"# {name}\n\n{_head(run, name, text=text)}\n\n{doubts.section(told)}\n\n{body}")


def _head(run: Sequence[Step], name: str, *, text: bool) -> str:
    rows = [
        [
            code(step.name),
            step.manifest.kind,
            count(step.manifest.rows),
            plural(len(step.manifest.languages), "language"),
            code(step.dataset.path.name),
            code(step.manifest.content[:8]),
        ]
        for step in outputs(run)
    ]
    command = f"datagen report runs/{name}" + ("" if text else " --no-text")
    first = ", ".join(
        f"{plural(step.manifest.rows, step.manifest.kind + ' row')} in {code(step.name)}" for step in outputs(run)
    )
    return "\n\n".join(
        [
            f"The recipe {code(name)} made {first}. Every number below comes from the manifests and rows of its "
            f"{plural(len(run), 'dataset')}; `{command}` makes this page again.",
            table("llrlll", ["output", "kind", "rows", "", "folder in the run", "content"], rows, limit=100),
        ]
    )


def _funnel(run: Sequence[Step], folder: Folder) -> str:
    used = {name for step in run for name in (*step.sources, *step.compared)}
    rows, bars, numbers = [], [], []
    for step in run:
        flowed = flow(step)
        unit = flowed.unit
        made_of = ", ".join(code(name) for name in (*step.sources, *step.strangers)) or (
            plural(len(step.manifest.files), "file") if step.manifest.files else MISSING
        )
        made_of += f"; compared with {', '.join(map(code, step.compared))}" if step.compared else ""
        share = percent(flowed.dropped, flowed.into) if flowed.dropped else ""
        dropped = count(flowed.dropped) if flowed.dropped else ""
        into = count(flowed.into) if unit == "row" else plural(flowed.into, unit)
        result = f"{count(step.manifest.rows)} {step.manifest.kind}"
        unused = ["no stage is made of it"] if step.verb == "read" and step.name not in used and len(run) > 1 else []
        remarks = "; ".join([*flowed.remarks, *unused])
        rows.append([code(step.name), step.verb, made_of, into, count(flowed.out), dropped, share, result, remarks])
        told = plural(flowed.out, unit)
        if flowed.dropped:
            told = f"{count(flowed.out)} of {plural(flowed.into, unit)}, {share} dropped"
        # A mix drops nothing: what it does not take is there for another one.
        bars.append(Bar(f"{step.name} ({step.verb})", flowed.out + flowed.dropped, flowed.out, told))
        numbers.append((step.name, step.verb, unit, flowed.into, flowed.out, flowed.dropped, step.manifest.rows))
    schema = ["stage", "verb", "unit", "in", "out", "dropped", "rows"]
    link = folder.csv("funnel.csv", pl.DataFrame(numbers, schema=schema, orient="row"))
    header = ["stage", "verb", "made of", "in", "out", "dropped", "share", "dataset", ""]
    plot = folder.svg("funnel.svg", funnel(bars), "What came into each stage and what went on")
    return "\n\n".join([plot, table("lllrrrrrl", header, rows, limit=100), f"As a file: {link}."])


def _lineage(run: Sequence[Step], folder: Folder) -> str:
    parts = [f"```text\n{tree(run)}\n```"]
    files = [(step.name, file.name, file.sha256) for step in run for file in step.manifest.files]
    if files:
        link = folder.csv("files.csv", pl.DataFrame(files, schema=["stage", "file", "sha256"], orient="row"))
        rows = [[code(stage), code(file), code(sha[:12])] for stage, file, sha in files]
        parts.append(f"Files read ({count(len(files))}), with the first twelve digits of their sha256:")
        parts.append(table("lll", ["read by", "file", "sha256"], rows, limit=30, full=link))
    return "\n\n".join(parts)


def _licenses(run: Sequence[Step], folder: Folder) -> str:
    reads = [step for step in run if step.verb in ("read", "write")]
    ends = [step for step in outputs(run) if step not in reads]
    parts, numbers = [], []
    for what in ("licenses", "origins"):
        columns = [*reads, *ends]
        tables: list[dict[str, int]] = [getattr(step.manifest, what) for step in columns]
        totals: dict[str, int] = {}
        for told in tables:
            for value, number in told.items():
                totals[value] = totals.get(value, 0) + number
        ordered = sorted(totals, key=lambda value: (-totals[value], value))
        rows = [
            [
                f"**{value}**" if value == "unknown" else code(value),
                *(
                    f"{count(told[value])} ({percent(told[value], sum(told.values()))})" if value in told else ""
                    for told in tables
                ),
            ]
            for value in ordered
        ]
        title = {"licenses": "licence", "origins": "origin"}[what]
        header = [title, *(f"{code(step.name)} {'read' if step in reads else 'out'}" for step in columns)]
        parts.append(table("l" + "r" * len(columns), header, rows, limit=20))
        numbers += [
            (title, value, step.name, told[value])
            for step, told in zip(columns, tables, strict=True)
            for value in ordered
            if value in told
        ]
    schema = {"what": pl.String, "value": pl.String, "stage": pl.String, "rows": pl.Int64}
    link = folder.csv("licences-and-origins.csv", pl.DataFrame(numbers, schema=schema, orient="row"))
    return "\n\n".join([*parts, *([f"As a file: {link}."] if link else [])])


def _settings(run: Sequence[Step]) -> str:
    lines = []
    for step in run:
        lines.append(f"{step.name} ({step.verb}, version {step.manifest.version}, plan {step.manifest.plan[:8]})")
        for key, value in step.manifest.options.items():
            if value in (None, [], {}):
                continue
            if isinstance(value, list) and all(isinstance(item, dict) for item in value):
                lines += [f"  {key}:", *(f"    - {_part(item)}" for item in value)]
            else:
                lines.append(f"  {key}: {_value(value)}")
    content = "\n".join(lines).replace("```", "'''")
    return f"All options as they were in force, defaults included.\n\n```text\n{content}\n```"


def _part(item: dict[str, Any]) -> str:
    """A filter or scorer with its options."""
    parts = []
    for name, options in item.items():
        if name == "version":
            parts += [f"version {options}"] if options != 1 else []
        elif isinstance(options, dict):
            told = ", ".join(f"{key}: {_value(value)}" for key, value in options.items() if value is not None)
            parts.append(f"{name} {{{told}}}" if told else name)
        else:
            parts.append(f"{name}: {_value(options)}")
    return ", ".join(parts)


def _value(value: object) -> str:
    """An option as JSON; of a path only the last part, since folders are this machine's business."""

    def placeless(found: object) -> object:
        match found:
            case str() if _PATH.fullmatch(found):
                return PurePath(found.replace("\\", "/")).name
            case list():
                return [placeless(item) for item in found]
            case dict():
                return {key: placeless(item) for key, item in found.items()}
        return found

    return json.dumps(placeless(value), ensure_ascii=False)


def _times(run: Sequence[Step]) -> str:
    rows = []
    for step in run:
        told = step.manifest.run
        seconds = told.get("seconds")
        into = flow(step).into if step.verb not in ("best", "pair") else step.manifest.counts.get("in", 0)
        rate = f"{into / seconds:,.0f}" if isinstance(into, int) and seconds else MISSING
        rows.append(
            [
                code(step.name),
                str(told.get("started", MISSING)),
                real(seconds),
                rate,
                str(told.get("attempts", MISSING)),
                str(told.get("workers", MISSING)),
            ]
        )
    versions = "; ".join(dict.fromkeys(_versions(run)))
    total = sum(step.manifest.run.get("seconds", 0.0) for step in run)
    return "\n\n".join(
        [
            "The only part of this page that differs where the same is made again. A stage that was taken up again "
            "after it was stopped shows its last attempt.",
            table(
                "llrrrr", ["stage", "started", "seconds", "rows in a second", "attempts", "workers"], rows, limit=100
            ),
            f"Together {real(total)} seconds, with {versions or 'versions unknown'}.",
        ]
    )


def _versions(run: Sequence[Step]) -> Iterator[str]:
    for step in run:
        told = step.manifest.run
        names = {**told.get("versions", {}), **({"Python": told["python"]} if "python" in told else {})}
        if names:
            yield ", ".join(f"{name} {number}" for name, number in names.items())
