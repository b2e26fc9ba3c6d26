"""`datagen scorer VERB`: before a score filters or ranks, see whether it deserves trust."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="scorer",
    help="""See whether a score deserves trust before it filters or ranks, and where to cut it.

    `test` asks whether a scorer notices faults, and needs no labels. `agree` asks whether scores agree with people, and
    needs rows that people scored. `calibrate` finds a threshold for each language.
    """,
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


class Resample(StrEnum):
    """What bootstrap resamples draw."""

    segment = "segment"
    document = "document"


DatasetArg = Annotated[
    Path,
    typer.Argument(help="A dataset folder, or `runs/RECIPE/STAGE` for the newest one of a stage.", show_default=False),
]
OutOpt = Annotated[
    Path | None,
    typer.Option("--out", help="Folder to write a page to, with its tables (CSV) and plots (SVG).", metavar="DIR"),
]
SeedOpt = Annotated[int, typer.Option("--seed", help="Of everything that is drawn by chance.")]
TimesOpt = Annotated[int, typer.Option("--resamples", min=100, help="Bootstrap resamples behind the intervals.")]


@app.command(name="test")
def catch(
    scorer: Annotated[
        str,
        typer.Argument(
            help="A scorer as a recipe writes it (`chrf`, `{chrf: {word_order: 2}}`, or a list), or a recipe's file.",
            show_default=False,
        ),
    ],
    dataset: DatasetArg,
    stage: Annotated[
        str | None,
        typer.Option("--stage", help="Of a recipe, the `score` stage whose scorers are tried; default: all."),
    ] = None,
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, help="Originals of each language, at most.")] = 200,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", help="Also tell what a cut here keeps of originals and drops of copies."),
    ] = None,
    out: OutOpt = None,
    seed: SeedOpt = 0,
) -> None:
    """Spoil good translations on purpose and see which faults a scorer notices, by language.

    Copies get the source in place of the translation, another language, an unrelated text, half of the text, a sentence
    dropped, doubled or invented, other numbers, no punctuation. A scorer that catches about 50 % of a fault is blind to
    it: it must not be the only filter against it. Give rows that are good, such as references or what passed filters.

        datagen scorer test chrf runs/quickstart/unique

        datagen scorer test recipes/quickstart.yaml --stage scored runs/quickstart/unique
    """
    from datagen.scorer.catch import catch as spoil
    from datagen.scorer.catch import grids, written
    from datagen.scorer.grid import printed
    from datagen.scorer.rows import opened, scorers_named

    found = opened(dataset)
    trial = spoil(found, scorers_named(scorer, stage, _say), rows=rows, seed=seed, threshold=threshold, say=_say)
    printed(grids(trial))
    if out is not None:
        print(f"report: {written(trial, found, out)}")


@app.command()
def agree(
    dataset: DatasetArg,
    score: Annotated[
        list[str] | None, typer.Option("--score", help="A column; may be given often. Default: every score.")
    ] = None,
    human: Annotated[str, typer.Option("--human", help="The column of people's scores.")] = "score_human",
    scorer: Annotated[
        str | None, typer.Option("--scorer", help="Run this scorer (as `test` takes it) instead of taking columns.")
    ] = None,
    resample: Annotated[
        Resample, typer.Option("--resample", help="Whose rows stay together in resamples.")
    ] = Resample.segment,
    out: OutOpt = None,
    resamples: TimesOpt = 1000,
    seed: SeedOpt = 0,
) -> None:
    """Compare scores with people's, by language pair: correlations and pairwise accuracy, with intervals.

    Over all rows of a language pair, and among the answers to one source, on which choosing the best answer depends.
    Scores of which less is better are turned round.

        datagen scorer agree runs/mqm_preferences/scored --score chrf --out agreement
    """
    from datagen.scorer.agree import Question, grids, written
    from datagen.scorer.agree import agree as compare
    from datagen.scorer.grid import printed
    from datagen.scorer.rows import opened, scorers_named

    found = opened(dataset)
    question = Question(human, tuple(score or ()), resample.value, resamples, seed)
    answer = compare(found, question, scorers_named(scorer, None, _say) if scorer else (), _say)
    printed(grids(answer))
    if out is not None:
        print(f"report: {written(answer, found, out)}")


@app.command()
def calibrate(
    dataset: DatasetArg,
    score: Annotated[str, typer.Option("--score", help="The column to cut.")],
    label: Annotated[
        str | None, typer.Option("--label", help="A column that says which rows are good: flag_, label_ or score_.")
    ] = None,
    good: Annotated[
        str | None,
        typer.Option("--good", help="Of a score_ label, the value from which on a row is good; of a label_, the text."),
    ] = None,
    min_precision: Annotated[
        float | None, typer.Option("--min-precision", help="Share of the kept rows that must be good.")
    ] = None,
    keep: Annotated[float | None, typer.Option("--keep", help="Without labels: share of rows to keep.")] = None,
    out: OutOpt = None,
    resamples: TimesOpt = 1000,
    seed: SeedOpt = 0,
) -> None:
    """Find a threshold for each language and print it as a stage of a recipe.

    Scores of one model lie higher in one language than in another, so one threshold for all drops good rows of one and
    keeps bad ones of the other. With labels, the loosest threshold is taken that leaves enough good rows among the
    kept; without, the one that keeps a share.

        datagen scorer calibrate runs/quickstart/scored --score chrf --keep 0.8

        datagen scorer calibrate runs/mqm_preferences/scored --score chrf --label human --good -1 --min-precision 0.7
    """
    from datagen.scorer.calibrate import Goal, fragment, grids, written
    from datagen.scorer.calibrate import calibrate as cut
    from datagen.scorer.grid import printed
    from datagen.scorer.rows import opened

    found = opened(dataset)
    calibration = cut(found, Goal(score, label, good, min_precision, keep, resamples, seed))
    printed(grids(calibration))
    print(fragment(calibration), end="")
    if out is not None:
        print(f"report: {written(calibration, found, out)}")


def _say(told: str) -> None:
    import sys

    print(told, file=sys.stderr)
