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
    from evals.recipe import load_evaluation, model_of
    from evals.runs import evaluate

    evaluation = load_evaluation(recipe, sets=tuple(sets or ()))
    given = dict(map(model_of, model or ()))
    if task:
        given = {name: spec.model_copy(update={"task": task}) for name, spec in given.items()}
    evaluation = evaluation.with_models({**_before(evaluation, runs), **evaluation.models, **given})
    if not evaluation.models:
        raise UserError(f"{recipe} names no models; give one with --model FOLDER, or write `models:`")
    folder = runs / evaluation.name
    folder.mkdir(parents=True, exist_ok=True)
    made = evaluate(evaluation, runs, Told(Console()), retry_failed=retry_failed)
    _remember(evaluation, runs)
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


def _before(evaluation: Evaluation, runs: Path) -> dict[str, ModelSpec]:
    """Models that were evaluated before, as they were asked."""
    from evals.recipe import ModelSpec

    file = runs / evaluation.name / "models.json"
    told = json.loads(file.read_bytes()) if file.is_file() else {}
    return {name: ModelSpec.model_validate(spec) for name, spec in told.items()}


def _remember(evaluation: Evaluation, runs: Path) -> None:
    from corpus.shards import replacing

    told = {name: spec.model_dump(mode="json") for name, spec in evaluation.models.items()}
    with replacing(runs / evaluation.name / "models.json") as handle:
        handle.write(json.dumps(told, indent=2, ensure_ascii=False).encode() + b"\n")


def _collected(recipe: Path, models: list[str], sets: tuple[str, ...], runs: Path) -> Results:
    """Results of models whose answers are there."""
    from corpus.current import read_current
    from corpus.dataset import open as open_dataset
    from corpus.errors import nearest
    from evals.collect import results_of
    from evals.recipe import load_evaluation

    evaluation = load_evaluation(recipe, sets=sets)
    known = _before(evaluation, runs)
    for name in models:
        if name not in known:
            have = ", ".join(known) or "none"
            raise UserError(f"no model {name!r} was evaluated.{nearest(name, known)} Evaluated: {have}")
    if not known:
        raise UserError(f"nothing was evaluated under {runs / evaluation.name}; first: python -m evals run {recipe}")
    evaluation = evaluation.with_models({name: known[name] for name in models or known})
    made = {
        name: {
            stage: open_dataset(runs / evaluation.name / name / folder)
            for stage, folder in read_current(runs / evaluation.name / name).items()
        }
        for name in evaluation.benchmarks
    }
    return results_of(evaluation, made)


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
