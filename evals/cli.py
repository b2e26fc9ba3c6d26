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
    from evals.runs import Made

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
    evaluated.check_papers(folder, evaluation)
    known = evaluated.known_models(folder)
    given = _given(model or [], evaluation, known)
    if task:
        given = {name: spec.model_copy(update={"task": task}) for name, spec in given.items()}
    gone = evaluated.gone_models(known, evaluation, given)
    _check_baselines(evaluation, gone)
    every = {**{name: entry.spec for name, entry in known.items()}, **evaluation.models, **given}
    evaluation.check_parents(every)
    asked = evaluation.with_models({name: spec for name, spec in every.items() if name not in gone})
    if not asked.models:
        raise UserError(f"{recipe} names no models; give one with --model FOLDER, or write `models:`")
    folder.mkdir(parents=True, exist_ok=True)
    progress = Told(Console())
    try:
        made = evaluate(asked, runs, progress, retry_failed=retry_failed)
    finally:
        progress.close()
    evaluated.remember(folder, asked, made)
    told_of = evaluation.with_models({**asked.models, **{name: entry.spec for name, entry in gone.items()}})
    if gone:
        made, lines = _made_before(told_of, gone, runs)
        print(*lines, sep="\n")
    _tell(evaluated.with_papers(folder, told_of), made, folder)


def _check_baselines(evaluation: Evaluation, gone: Mapping[str, Known]) -> None:
    """Refuse to compare anybody with a baseline that is gone: what it answered can be told of alone.

    Raises:
        UserError: with the benchmark.
    """
    for name, benchmark in evaluation.benchmarks.items():
        if benchmark.baseline in gone:
            raise UserError(
                f"benchmarks.{name}: against: the folder of the model {benchmark.baseline!r} is gone, and nothing more "
                f"can be compared with it; `python -m evals compare {evaluation.file}` tells of what was"
            )


def _made_before(evaluation: Evaluation, gone: Mapping[str, Known], runs: Path) -> tuple[Made, list[str]]:
    """What was made of an evaluation's models, and a line on each of them whose folder is gone."""
    from evals import evaluated
    from evals.runs import made_before

    made, left_out = made_before(evaluation, runs, evaluated.answers_of(runs / evaluation.name, gone))
    lines = []
    for name, reasons in left_out.items():
        without = f", but not in {' and '.join(f'{own}, {why}' for own, why in reasons.items())}" if reasons else ""
        lines.append(f"{name}: its folder is gone; it stays in the report with what it answered before{without}")
    return made, lines


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
    """Exit with 1 where a headline of a benchmark dropped by more than `--max-drop`, with 0 where none did.

    Models are compared on the items that are judged for both. A headline fails too where the new model leaves more
    items unjudged than the old one, by more than `--max-drop` percent of all items.
    """
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

    evaluation = load_evaluation(recipe, sets=sets)
    folder = runs / evaluation.name
    known = evaluated.known_models(folder)
    for name in models:
        if name not in known:
            have = ", ".join(known) or "none"
            raise UserError(f"no model {name!r} was evaluated.{nearest(name, known)} Evaluated: {have}")
    if not known:
        raise UserError(f"nothing was evaluated under {folder}; first: python -m evals run {recipe}")
    wanted = dict.fromkeys(models or known)
    # What others are compared with is looked for too, though nothing is told of it.
    beside = {benchmark.baseline for benchmark in evaluation.benchmarks.values()}
    looked = {name: entry for name, entry in known.items() if name in wanted or name in beside}
    every = evaluation.with_models({name: entry.spec for name, entry in looked.items()})
    made, lines = _made_before(every, {name: entry for name, entry in looked.items() if entry.gone}, runs)
    print(*lines, sep="\n", end="\n" if lines else "", file=sys.stderr)
    told_of = evaluated.with_papers(folder, every.with_models({name: every.models[name] for name in wanted}))
    return results_of(told_of, made)


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
