"""The command line: `datagen VERB`.

Exit codes: 0 done, 1 failed, 2 the user's input was wrong, 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

# What starting up makes, stays: to look for garbage in it again and again would take a tenth of its time.
gc.set_threshold(50_000)

import typer  # noqa: E402
from typer.core import TyperGroup  # noqa: E402

from corpus.errors import Failure, UserError  # noqa: E402
from datagen.scorer.cli import app as scorer  # noqa: E402


class Stoppable(TyperGroup):
    """Commands that say what to do after Ctrl-C; typer by itself ends without a word."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; Ctrl-C ends it with 130."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            print("stopped; run the same command again to go on", file=sys.stderr)
            raise typer.Exit(130) from None


app = typer.Typer(
    name="datagen",
    cls=Stoppable,
    help="Make training corpora of what models answered: read, score, select, dedup, pair, mix, report.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

app.add_typer(scorer)

RecipeArg = Annotated[Path, typer.Argument(help="The recipe, a YAML file.", show_default=False)]
DatasetArg = Annotated[
    Path,
    typer.Argument(
        help="A dataset folder (one with a manifest.json), or `runs/RECIPE/STAGE` for the newest one of a stage.",
        show_default=False,
    ),
]
RunsOpt = Annotated[Path, typer.Option("--runs", help="Folder under which datasets lie, by recipe.", metavar="DIR")]
SetOpt = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Override an option, as `kept.length_ratio.max=4`; part of the plan, so other results stay beside.",
        metavar="STAGE.OPTION=VALUE",
    ),
]
SampleOpt = Annotated[
    str | None,
    typer.Option(
        "--sample",
        help="Take a share (`0.01`) or the first so many (`500`) rows, for answers prompts, in each `read`.",
        metavar="SHARE_OR_COUNT",
    ),
]


@app.command()
def run(
    recipe: RecipeArg,
    until: Annotated[str | None, typer.Option("--until", help="Stop after this stage.", metavar="STAGE")] = None,
    sample: SampleOpt = None,
    sets: SetOpt = None,
    runs: RunsOpt = Path("runs"),
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Worker processes; changes speed, never results.")
    ] = os.cpu_count() or 1,
    retry_failed: Annotated[
        bool,
        typer.Option(
            "--retry-failed", help="Ask again for what failed in `generate` and `score` stages that are done."
        ),
    ] = False,
) -> None:
    """Make every dataset of a recipe that is not there yet.

    A run may be killed at any moment: run it again and it goes on where it was. What is done is never done again.
    """
    from rich.console import Console

    from datagen.progress import Told
    from datagen.recipe import load_recipe
    from datagen.run import run as run_recipe
    from datagen.stages.read import Sample

    loaded = load_recipe(recipe, sets=tuple(sets or ()), sample=Sample.parse(sample) if sample else None)
    if until is not None and until not in loaded.stages:
        raise UserError(f"--until {until}: no such stage; the recipe has {', '.join(loaded.stages)}")
    told = Told(Console(soft_wrap=True))
    try:
        made = run_recipe(loaded, runs, until=until, workers=workers, progress=told, retry_failed=retry_failed)
    finally:
        told.close()
    print(f"all {len(made)} datasets are there; next: datagen report {runs / loaded.name}")


@app.command()
def check(recipe: RecipeArg, sample: SampleOpt = None, sets: SetOpt = None, runs: RunsOpt = Path("runs")) -> None:
    """Check a recipe without running it, and say which of its stages are done."""
    from datagen.recipe import load_recipe
    from datagen.run import states
    from datagen.stages.read import Sample

    loaded = load_recipe(recipe, sets=tuple(sets or ()), sample=Sample.parse(sample) if sample else None)
    width = max(map(len, loaded.stages))
    for stage, state in states(loaded, runs):
        print(f"{stage.name:<{width}}  {stage.verb:<7} {stage.header.kind:<10} {state}")


@app.command()
def init(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Files, folders, URLs or a hub id. Two plain text files belong together line by line, source first.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="The recipe to write; default: named after the data.", metavar="RECIPE")
    ] = None,
) -> None:
    """Look at data and write a commented recipe for it."""
    from datagen.init.run import init as look_and_write

    written = look_and_write(files, out)
    for line in written.told:
        print(line)
    for line in written.assumed:
        print(f"assumed: {line}")
    print(f"\nwrote {written.file}; go on with")
    print(f"  datagen check {written.file}")
    print(f"  datagen run {written.file} --sample 1000")
    print(f"  datagen run {written.file}")
    print(f"  datagen report runs/{written.name}")


@app.command()
def show(
    dataset: DatasetArg,
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, help="How many rows.")] = 5,
    split: Annotated[str | None, typer.Option("--split", help="Rows of this split alone.")] = None,
    aside: Annotated[
        str | None,
        typer.Option("--aside", help="Rows set aside for this reason instead (`all` for any).", metavar="REASON"),
    ] = None,
) -> None:
    """Show rows of a dataset as readable text."""
    from corpus.current import newest
    from datagen.show import show as show_rows
    from datagen.show import show_aside

    dataset = newest(dataset)
    for text in show_aside(dataset, aside, rows=rows) if aside else show_rows(dataset, rows=rows, split=split):
        print(text)


@app.command()
def verify(dataset: DatasetArg) -> None:
    """Recompute all that a dataset's manifest says: checksums, ids, schema, counts, and the law of its stage."""
    from corpus.current import newest
    from datagen.verify import verify as checks

    failed = 0
    for check in checks(newest(dataset)):
        failed += bool(check.problem)
        print(f"{'FAIL' if check.problem else 'ok  '}  {check.what}{': ' + check.problem if check.problem else ''}")
    if failed:
        print(f"error: {failed} checks failed; do not use this dataset", file=sys.stderr)
        sys.exit(1)


@app.command()
def trace(
    row_id: Annotated[str, typer.Argument(help="Id of a row or prompt, or its first 8 digits or more.")],
    runs: RunsOpt = Path("runs"),
) -> None:
    """Follow a row through the datasets of all runs: read, scored, dropped, chosen, mixed."""
    from datagen.trace import trace as places

    for text in places(row_id, runs):
        print(text)


@app.command()
def report(
    folder: Annotated[
        Path, typer.Argument(metavar="RUNFOLDER", help="The folder of a run: runs/RECIPE.", show_default=False)
    ],
    no_text: Annotated[
        bool, typer.Option("--no-text", help="Show no text of the data: ids, reasons and numbers alone.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Folder to write; an earlier report in it is replaced. [default: docs/reports/RECIPE]"
        ),
    ] = None,
) -> None:
    """Report on the newest dataset of each stage of a run: what was dropped and why, scores, examples, lineage."""
    from datagen.report import report as write_report

    print(f"report: {write_report(folder, out=out, text=not no_text)}")


@app.command(name="list")
def list_(
    kind: Annotated[
        str | None,
        typer.Argument(help="A section (`filters`, `scorers`, `stages` ...) or a name.", show_default=False),
    ] = None,
    name: Annotated[str | None, typer.Argument(help="A name within the section.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """List all that a recipe may name; one thing by its name, with its options."""
    import json
    import shutil

    from datagen.catalog import find
    from datagen.catalog_pages import as_json as for_machines
    from datagen.catalog_pages import plain

    found = find(kind, name)
    if as_json:
        print(json.dumps(for_machines(found), indent=2, ensure_ascii=False))
    else:
        print(plain(found, min(shutil.get_terminal_size((110, 0)).columns, 120)))


def main() -> None:
    """Entry point of the console command: what is not our own fault is a message, not a traceback."""
    from polars.exceptions import PolarsError

    try:
        app()
    except UserError as error:
        _end(str(error), 2)
    except Failure as error:
        _end(str(error), 1)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _end(f"{where}{error.strerror or error}", 1)
    except PolarsError as error:
        _end(str(error).partition("\n")[0], 1)  # the lines after it print the query


def _end(message: str, code: int) -> NoReturn:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
