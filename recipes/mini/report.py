"""The report of the miniature: every stage on the plane, what it cost, by task and language, and what it answers.

    python recipes/mini/report.py --mini runs/mini-full-3
    python recipes/mini/report.py --mini runs/mini-full-3 runs/mini-full-4 runs/mini-full-5 --out runs/seeds.md

Of several runs, which differ in their seeds, every number is told for each.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from differences import AXES, FINAL, PAIRS, aims, differences, items, measured, told, unmoved

import corpus
from corpus.current import read_current
from corpus.errors import UserError
from corpus.languages import english_name
from corpus.manifest import read_manifest
from corpus.model_manifest import ModelManifest, read_model_manifest
from corpus.shards import replacing
from evals.statistics import intervals
from filters.base import with_roles
from filters.scorers.langid import LangId
from train.watch import tokens_seen

STAGES = ("cpt", "teacher_a", "teacher_b", "control", "sft", "wpo", "grpo", "merge-0.5", "merge-0.7", "merge-0.85")
TRAINED = ("cpt", "teacher_a", "teacher_b", "reward", "sft", "control", "wpo", "grpo")
DATA = ("corpus", "pretraining", "teachers", "answers", "ranking", "best", "preferences", "problems")
"""Recipes of `datagen run`, in order."""
TRIED = Path(__file__).with_name("tried.md")
"""What was chosen and why, and what did not help."""
_LONG = 12
"""Characters beyond which an answer's language is told."""

LIMITS = """\
This is the recipe's mechanics at a small size: models of {weights}, on {text} and tasks whose answers a
program checks. It shows that every stage runs, and where each moves a model on these texts, if it does. It is no
evidence about models of billions of weights, about other text, or about Tower+ itself; towerkit is not affiliated
with its authors."""


def _made_file(folder: Path) -> Path:
    """What the text of the run in a folder was made of."""
    return folder / "phrasebook" / "made.json"


@dataclass(frozen=True)
class Run:
    """One run of the miniature."""

    folder: Path

    def answers(self, benchmark: str, model: str) -> pl.DataFrame:
        """A model's scored answers."""
        return corpus.open(self.folder / "evals" / "eval" / benchmark / f"scored-{model}").scan().collect()

    def made(self) -> dict[str, Any]:
        """What the run's text was made of: `seed`, `text` in words, and `low`, the languages with little of it."""
        found: dict[str, Any] = json.loads(_made_file(self.folder).read_text("utf-8"))
        return found

    def seconds(self, folder: str) -> float:
        """What the stages of a recipe of data took together; of a stage that was stopped, its last attempt."""
        path = self.folder / folder
        return sum(float(read_manifest(path / stage).run["seconds"]) for stage in read_current(path).values())

    def manifest(self, model: str) -> ModelManifest | None:
        """A model's papers."""
        inner = "merge" if model.startswith("merge-") else ""
        return read_model_manifest(self.folder / "models" / inner / model)


def main() -> None:
    """Write the report of the runs that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mini", type=Path, nargs="+", required=True, help="folders of runs, one a seed")
    parser.add_argument("--out", type=Path, help="file to write (default: report.md in the run's folder)")
    parser.add_argument(
        "--side-by-side", action="store_true", help="say that `make mini-report` made them: side by side, but the last"
    )
    given = parser.parse_args()
    try:
        write(given.mini, given.out or given.mini[0] / "report.md", side_by_side=given.side_by_side)
    except UserError as error:
        parser.error(str(error))


def write(folders: Sequence[Path], out: Path, *, side_by_side: bool = False) -> None:
    """Write the report of runs, and the picture of the plane beside it.

    Args:
        folders: the runs, one a seed.
        out: the file to write.
        side_by_side: whether `make mini-report` made the runs, all but the last side by side.

    Raises:
        UserError: a run has not come to its end.
    """
    picture = out.with_name(f"{out.stem}-plane.svg")
    drawn = folders[0] / "evals" / "eval" / "report" / "pareto-1.svg"
    if lacking := next((file for file in (drawn, *map(_made_file, folders)) if not file.is_file()), None):
        raise UserError(f"{lacking} is not there; let recipes/mini/run.sh come to its end first")
    with replacing(picture) as handle:
        handle.write(drawn.read_bytes())
    text = report([Run(folder) for folder in folders], picture.name, side_by_side=side_by_side)
    with replacing(out) as handle:
        handle.write(text.encode())
    print(f"report: {out}")


def report(runs: Sequence[Run], picture: str, *, side_by_side: bool) -> str:
    """The report's text; `picture` is the file of the plane."""
    base = runs[0].manifest("base")
    weights = f"{base.facts['weights'] / 1e6:.1f} million weights" if base else "few weights"
    parts = [
        "# The miniature",
        LIMITS.format(weights=weights, text=runs[0].made()["text"]),
        f"Machine: {_machine()}. {made(runs, side_by_side=side_by_side)}",
        "## The plane",
        f"![Every stage by translation and general ability, of the first seed]({picture})",
        _plane(runs),
        "## What it shows",
        _shows(runs),
        "## Cost of each stage",
        _costs(runs),
        "## By language",
        _by_language(runs),
        "## By task",
        _by_task(runs),
        "## Questions answered by translating them",
        _translating(runs),
        "## What was tried",
        TRIED.read_text("utf-8").strip(),
        "## What they answer",
        _samples(runs[0]),
    ]
    return "\n\n".join(parts) + "\n"


def _machine() -> str:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return f"{os.cpu_count()} processors, {memory:.0f} GiB of memory"


def made(runs: Sequence[Run], *, side_by_side: bool) -> str:
    """The command that made the runs, and this page where that is known: nothing in a run tells what ran beside it."""
    seeds = [run.made()["seed"] for run in runs]
    if len(seeds) == 1:
        return f"Made by `SEED={seeds[0]} recipes/mini/run.sh`."
    told = f"`recipes/mini/run.sh` with the seeds {', '.join(map(str, seeds))}."
    if not side_by_side:
        return f"Made by {told}"
    return (
        f"Made by `make mini-report`: {told} All but the last ran side by side with one thread each; the last one's "
        "seconds are those of a run that has the machine alone."
    )


def _plane(runs: Sequence[Run]) -> str:
    rows = [
        [model, *(_told(_values(axis, [run.answers(axis, model) for run in runs])) for axis in AXES)]
        for model in STAGES
    ]
    words = (
        "Translation is chrF++ over the mean of ten directions; general is the share of tasks whose answer their "
        f"verifiers accept, and instructed that of translations which keep their rule.{_how(runs)} The pretrained "
        "model, cpt, is asked in a chat format that it has not learned."
    )
    return f"{words}\n\n{_table(['model', *AXES], rows)}"


def _how(runs: Sequence[Run]) -> str:
    """How numbers of these runs are told."""
    seeds = " The mean of the seeds, in brackets each of them;" if len(runs) > 1 else ""
    own = " then" if seeds else " In brackets:"
    return (
        f"{seeds}{own} the 95 % interval of a bootstrap over meanings (a sentence in all its directions) or prompts, "
        f"{'of all seeds together' if seeds else 'which are drawn whole'}."
    )


def _shows(runs: Sequence[Run]) -> str:
    found = differences(lambda benchmark, model: [run.answers(benchmark, model) for run in runs])
    rows = [[f"{left} less {other}", *(told(found[axis, left, other]) for axis in AXES)] for left, other in PAIRS]
    words = (
        f"What the miniature aims at, for the last model, `{FINAL}`:\n\n"
        + "\n".join(f"- {line}" for line in aims(found))
        + "\n\nDifferences over the items of all seeds together, with 95 % intervals of the paired bootstrap over "
        "meanings; a star where the paired permutation test gives p < 0.05, not corrected for how many are told. How "
        "much another seed of the weights would change is seen from the seeds above, not from the intervals."
    )
    still = unmoved(found)
    after = f"\n\nNot shown to move the model that it started from, on any axis: {', '.join(still)}." if still else ""
    return f"{words}\n\n{_table(['', *AXES], rows)}{after}"


@dataclass(frozen=True)
class Values:
    """A number of each seed, the interval over the items of all, and how many those are."""

    each: Sequence[float]
    low: float
    high: float
    n: int


def _values(axis: str, frames: Sequence[pl.DataFrame]) -> Values:
    """chrF++ of translation, the mean of the directions' scores; on the other axes per cent of right answers."""
    each = [intervals(measured(axis, items(frame), {"it": frame}))["it"].value for frame in frames]
    named = [name for seed, frame in enumerate(frames) for name in items(frame, seed)]
    found = intervals(measured(axis, named, {"it": pl.concat(frames, how="diagonal_relaxed")}))["it"]
    return Values(each, found.low, found.high, found.n)


def _told(values: Values) -> str:
    judged = [value for value in values.each if not math.isnan(value)]
    if not judged:
        return "none judged"
    each = f" ({' / '.join(f'{value:.1f}' for value in values.each)})" if len(values.each) > 1 else ""
    return f"{statistics.mean(judged):.1f}{each} [{values.low:.1f}, {values.high:.1f}]"


def _costs(runs: Sequence[Run]) -> str:
    rows = []
    for model in TRAINED:
        papers = [run.manifest(model) for run in runs]
        found = [each for each in papers if each is not None]
        if not found:
            continue
        first = found[0]
        rows.append(
            [
                model,
                ", ".join(first.parents),
                f"{first.run['steps']:,}",
                f"{first.facts.get('rows', 0):,}",
                f"{first.facts.get('tokens', 0):,}",
                " / ".join(f"{tokens_seen(each.run['history']) / 1e6:.1f}" for each in found),
                " / ".join(f"{each.run['seconds']:.0f}" for each in found),
                " / ".join(f"{each.losses.get('train', math.nan):.3f}" for each in found),
            ]
        )
    head = ["model", "from", "steps", "rows", "tokens of the data", "millions learned from", "seconds", "last loss"]
    trained = _table(head, rows)
    return f"{trained}\n\n{_data_costs(runs)}"


def _data_costs(runs: Sequence[Run]) -> str:
    """Seconds of what is no training: making data, with the answers and scores of models, and evaluation."""
    found = {name: [run.seconds(f"data/{name}") for run in runs] for name in DATA}
    measured = [sorted((run.folder / "evals" / "eval").glob("*/current.json")) for run in runs]
    found["evaluation"] = [
        sum(run.seconds(str(file.parent.relative_to(run.folder))) for file in files)
        for run, files in zip(runs, measured, strict=True)
    ]
    papers = [[run.manifest(model) for model in TRAINED] for run in runs]
    found["training, as above"] = [sum(float(each.run["seconds"]) for each in of if each) for of in papers]
    found["all of it, without Python's start"] = [sum(each) for each in zip(*found.values(), strict=True)]
    rows = [[name, " / ".join(f"{seconds:.0f}" for seconds in each)] for name, each in found.items()]
    return _table(["data", "seconds"], rows)


def _by_language(runs: Sequence[Run]) -> str:
    scarce = runs[0].made()["low"]

    def groups(frame: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
        for (source, target), part in frame.group_by(["src_lang", "tgt_lang"], maintain_order=True):
            yield f"{english_name(str(source))} to {english_name(str(target))}", part
        yield from _tiers(frame, pl.col("src_lang").is_in(scarce) | pl.col("tgt_lang").is_in(scarce))

    def targets(frame: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
        for (target,), part in frame.group_by(["tgt_lang"], maintain_order=True):
            yield f"into {english_name(str(target))}", part
        yield from _tiers(frame, pl.col("src_lang").is_in(scarce) | pl.col("tgt_lang").is_in(scarce))

    low = ", ".join(map(english_name, scarce))
    return (
        f"chrF++ of translation. Low-resource is what is from or into {low}.\n\n{_grouped(runs, 'translation', groups)}"
        f"\n\nShare of translations that keep their rule, in per cent.\n\n{_grouped(runs, 'instructed', targets)}"
    )


def _by_task(runs: Sequence[Run]) -> str:
    scarce = runs[0].made()["low"]

    def groups(frame: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
        for (task,), part in frame.group_by(["task"], maintain_order=True):
            yield str(task), part
        yield from _tiers(frame, pl.col("tgt_lang").is_in(scarce))

    return f"Share of right answers, in per cent.\n\n{_grouped(runs, 'general', groups)}"


def _tiers(frame: pl.DataFrame, low: pl.Expr) -> Iterator[tuple[str, pl.DataFrame]]:
    yield "*low-resource*", frame.filter(low)
    yield "*other languages*", frame.filter(~low)


def _grouped(
    runs: Sequence[Run], axis: str, groups: Callable[[pl.DataFrame], Iterable[tuple[str, pl.DataFrame]]]
) -> str:
    models = ("teacher_a", "teacher_b", "control", "sft", "wpo", "grpo")
    parts: dict[str, dict[str, list[pl.DataFrame]]] = {}
    for model in models:
        for run in runs:
            for name, part in groups(run.answers(axis, model)):
                if part.height:
                    parts.setdefault(name, {}).setdefault(model, []).append(part)
    rows = []
    for name, by in sorted(parts.items()):
        found = {model: _values(axis, frames) for model, frames in by.items()}
        count = str(next(iter(found.values())).n)
        rows.append([name, count, *(_told(found[model]) if model in found else "" for model in models)])
    return _table(["", "items", *models], rows)


def _translating(runs: Sequence[Run]) -> str:
    """How often a general question gets an answer in another language than its own."""
    rows = []
    for model in STAGES:
        shares = []
        for run in runs:
            shares.append(100 * _in_another_language(run.answers("general", model)))
        rows.append([model, " / ".join(f"{share:.1f}" for share in shares)])
    words = (
        "Share of general tasks, in per cent, whose answer is longer than twelve characters and, as the language "
        "recognizer finds, in another language than the question: the sign of a model that translates what it is asked."
    )
    return f"{words}\n\n{_table(['model', 'share'], rows)}"


def _in_another_language(frame: pl.DataFrame) -> float:
    told = LangId().score(with_roles(frame.lazy(), "response").collect())
    long = frame["response"].str.len_chars() > _LONG
    share = (long & (~told["flag_langid"]).fill_null(value=False)).mean()
    return share if isinstance(share, float) else 0.0


def _samples(run: Run) -> str:
    parts = []
    for model in STAGES:
        if model.startswith("merge"):
            continue
        lines = [f"### {model}", ""]
        for benchmark, count in (("translation", 4), ("general", 4), ("instructed", 2)):
            frame = run.answers(benchmark, model).sort("prompt_id")
            for row in frame.head(count).iter_rows(named=True):
                lines += _sample(row)
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _sample(row: dict[str, Any]) -> list[str]:
    asked = row["source"] or row["prompt"][-1]["content"]
    wanted = (row["references"] or [""])[0]
    return [f"- {_line(asked)}", f"  - wanted: {_line(wanted)}", f"  - got: {_line(row['response'])}"]


def _line(text: str) -> str:
    """A text on one line of Markdown."""
    return "`" + " ".join(text.split()).replace("`", "'")[:160] + "`" if text.strip() else "nothing"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
