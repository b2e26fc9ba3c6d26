"""The command line: `python -m evals VERB`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.errors import Failure, UserError
from datagen.cli import Stoppable
from evals.ifmt.cli import app as ifmt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from corpus.dataset import Dataset
    from evals.evaluated import Known
    from evals.recipe import Evaluation, ModelSpec
    from evals.report.results import Results

app = typer.Typer(
    name="evals",
    cls=Stoppable,
    help="Measure models: translation, general ability, and both at once, with intervals and paired tests.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

app.add_typer(ifmt)

RecipeArg = Annotated[Path, typer.Argument(help="The evaluation recipe, a YAML file.", show_default=False)]
RunsOpt = Annotated[Path, typer.Option("--runs", help="Folder under which evaluations lie.", metavar="DIR")]
OutOpt = Annotated[Path | None, typer.Option("--out", help="Folder for the report; default: beside the run.")]
SetOpt = Annotated[
    list[str] | None,
    typer.Option("--set", help="Override a value, as `benchmarks.news.parallel.first=50`.", metavar="PATH=VALUE"),
]


@app.command()
def run(
    recipe: RecipeArg,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            help="A model folder or hub id, or `NAME=FOLDER`; may be given several times. Added to the recipe's.",
        ),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option("--task", help="How translation is asked of the models named here; `datagen list tasks`."),
    ] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Ask again for what failed.")] = False,
    sets: SetOpt = None,
    runs: RunsOpt = Path("runs"),
) -> None:
    """Ask models, score their answers, and write the report. Run again, it asks for nothing that was answered.

    Models that were evaluated before stay in the report.
    """
    from rich.console import Console

    from datagen.progress import Told
    from evals import evaluated
    from evals.recipe import load_evaluation
    from evals.runs import evaluate

    evaluation = load_evaluation(recipe, sets=tuple(sets or ()))
    folder = runs / evaluation.name
    known = evaluated.known_models(folder)
    given = _given(model or [], evaluation, known)
    if task:
        given = {name: spec.model_copy(update={"task": task}) for name, spec in given.items()}
    named = {**evaluation.models, **given}
    gone = {name: entry for name, entry in known.items() if entry.gone and name not in named}
    before = {name: entry.spec for name, entry in known.items() if name not in gone}
    asked = evaluation.with_models({**before, **named})
    if not asked.models:
        raise UserError(f"{recipe} names no models; give one with --model FOLDER, or write `models:`")
    folder.mkdir(parents=True, exist_ok=True)
    progress = Told(Console())
    try:
        made = evaluate(asked, runs, progress, retry_failed=retry_failed)
    finally:
        progress.close()
    evaluated.remember(folder, asked, made)
    for line in evaluated.add_gone(folder, asked, gone, made):
        print(line)
    told_of = {name: evaluated.spec_of(folder, name, entry) for name, entry in gone.items()}
    _tell(asked.with_models({**told_of, **asked.models}), made, folder)


def _tell(evaluation: Evaluation, made: Mapping[str, Mapping[str, Dataset]], folder: Path) -> None:
    """Write results and report, unless those that are there tell of the very same."""
    from evals import told
    from filters.report.folder import PAGE

    key, report = told.key_of(evaluation, made), folder / "report"
    if told.is_told(folder, key, report / PAGE):
        print(f"report: {report / PAGE} (as it was: nothing that it tells of has changed)")
        return
    from evals.collect import results_of

    results = results_of(evaluation, made)
    told.forget(folder)
    _write(results, folder)
    written = _report(results, report)
    told.remember(folder, key)
    print(f"report: {written}")


@app.command()
def compare(
    recipe: RecipeArg,
    models: Annotated[
        list[str] | None, typer.Argument(help="Models by name; default: all that were evaluated.", show_default=False)
    ] = None,
    out: OutOpt = None,
    sets: SetOpt = None,
    runs: RunsOpt = Path("runs"),
) -> None:
    """Write the report of models that were evaluated: tables, paired tests, the Pareto picture, claims."""
    from evals import told

    results = _collected(recipe, models or [], tuple(sets or ()), runs)
    if out is None:
        # This may tell of fewer models than the run's own report, which it replaces.
        told.forget(runs / results.name)
    print(f"report: {_report(results, out or runs / results.name / 'report')}")


@app.command()
def gate(
    recipe: RecipeArg,
    old: Annotated[str, typer.Argument(help="The model that must not be fallen behind.", show_default=False)],
    new: Annotated[str, typer.Argument(help="The model to let pass.", show_default=False)],
    max_drop: Annotated[
        float, typer.Option("--max-drop", help="How much worse a headline may be: points of its scale, shares in %.")
    ] = 0.0,
    sets: SetOpt = None,
    runs: RunsOpt = Path("runs"),
) -> None:
    """Exit with 1 where a headline of a benchmark dropped by more than `--max-drop`, with 0 where none did."""
    from evals.gate import drops

    told = drops(_collected(recipe, [old, new], tuple(sets or ()), runs), old, new, max_drop)
    for line in told.lines:
        print(line)
    if told.failed:
        raise typer.Exit(1)


@app.command("list")
def list_() -> None:
    """Tell which benchmarks there are."""
    import inspect

    from evals.benchmarks.names import benchmark_class, benchmark_names

    for name in benchmark_names():
        model = benchmark_class(name)
        told = " ".join(inspect.cleandoc(model.__doc__ or "").split("\n\n")[0].split())
        print(f"{name} ({model.ability}; headline: {model.headline})\n  {told}")


def _given(models: list[str], evaluation: Evaluation, known: Mapping[str, Known]) -> dict[str, ModelSpec]:
    """The models of the command line, by name.

    Raises:
        UserError: two of them, or one and a model of the recipe or of the report, would have one name by their folders.
    """
    from evals.recipe import model_of

    taken = {name: str(spec.options.get("model")) for name, spec in evaluation.models.items()}
    taken |= {name: str(entry.spec.options.get("model")) for name, entry in known.items() if name not in taken}
    given: dict[str, ModelSpec] = {}
    for text in models:
        name, spec = model_of(text)
        place = str(spec.options["model"])
        # Who gives a name says what it stands for; a folder's name stands for that folder.
        if name in given or ("=" not in text and taken.get(name, place) != place):
            other = str(given[name].options["model"]) if name in given else taken[name]
            raise UserError(f"two models would be called {name!r}, {other} and {place}: give a name, NAME={place}")
        given[name] = spec
    return given


def _collected(recipe: Path, models: list[str], sets: tuple[str, ...], runs: Path) -> Results:
    """Results of models whose answers are there.

    Raises:
        UserError: a model that was not evaluated, or not with these options.
    """
    from corpus.errors import nearest
    from evals import evaluated
    from evals.collect import results_of
    from evals.recipe import load_evaluation
    from evals.runs import made_before

    evaluation = load_evaluation(recipe, sets=sets)
    folder = runs / evaluation.name
    known = evaluated.known_models(folder)
    for name in models:
        if name not in known:
            have = ", ".join(known) or "none"
            raise UserError(f"no model {name!r} was evaluated.{nearest(name, known)} Evaluated: {have}")
    if not known:
        raise UserError(f"nothing was evaluated under {folder}; first: python -m evals run {recipe}")
    wanted = {name: known[name] for name in models or known}
    gone = {name: entry for name, entry in wanted.items() if entry.gone}
    # What others are compared with is looked for too, though nothing is told of it.
    beside = [benchmark.baseline for benchmark in evaluation.benchmarks.values()]
    there = {name: entry for name, entry in known.items() if name in (*wanted, *beside) and name not in gone}
    evaluation = evaluation.with_models({name: entry.spec for name, entry in there.items()})
    made = made_before(evaluation, runs)
    for line in evaluated.add_gone(folder, evaluation, gone, made):
        print(line, file=sys.stderr)
    told_of = {name: evaluated.spec_of(folder, name, entry) for name, entry in wanted.items()}
    return results_of(evaluation.with_models(told_of), made)


def _write(results: Results, folder: Path) -> None:
    """Numbers for programs; null where there is none."""
    import polars as pl
    import polars.selectors as cs

    from corpus.shards import replacing
    from evals.report.tables import numbers_frame

    finite = pl.when(cs.float().is_finite()).then(cs.float())
    frame = numbers_frame(results).with_columns(finite)
    with replacing(folder / "results.json") as handle:
        handle.write(json.dumps(frame.to_dicts(), indent=2, ensure_ascii=False).encode() + b"\n")
    with replacing(folder / "results.parquet") as handle:
        frame.write_parquet(handle)


def _report(results: Results, out: Path) -> Path:
    from evals.report.page import write_report

    return write_report(results, out)


def main() -> None:
    """Entry point of `python -m evals`: what is not our own fault is a message, not a traceback."""
    try:
        app()
    except (UserError, Failure) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, UserError) else 1)
