"""The command `build`: make a set of instruction-following translation with a language model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="ifmt",
    help="Sets of instruction-following translation, of our own after the idea of IF-MT, whose data was not found.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


@app.callback()
def _commands() -> None:
    """Keeps `build` a command of that name though there is but one."""


@app.command()
def build(
    recipe: Annotated[Path, typer.Argument(help="The builder's YAML file.", show_default=False)],
    runs: Annotated[
        Path, typer.Option("--runs", help="Folder for requests and answers, by the set's name.", metavar="DIR")
    ] = Path("runs"),
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Worker processes; changes speed, never results.")
    ] = os.cpu_count() or 1,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Ask again for what the generator did not answer.")
    ] = False,
) -> None:
    """Let a language model write sources and references, and keep those that pass every check.

    The file names a generator (any engine), pairs of languages and how many items to ask for:

        engine: {openai: {model: Qwen/Qwen3-32B, base_url: "http://127.0.0.1:8000/v1", max_tokens: 4096}}
        presets: [en-es-419, en-zh]
        items: 300

    The result is a dataset of kind `verifiable` with its datasheet and the rejected replies, by reason. A build may be
    killed and run again; what was answered is not asked twice. More `items` ask for the new ones alone. The generator
    must not judge answers to its own set.
    """
    from rich.console import Console

    from datagen.progress import Told
    from evals.ifmt.build import build as build_set
    from evals.ifmt.build import load_settings

    settings = load_settings(recipe)
    told = Told(Console(soft_wrap=True))
    try:
        built = build_set(settings, runs, workers=workers, progress=told, retry_failed=retry_failed)
    finally:
        told.close()
    print(f"{len(built.dataset)} of {built.asked} items pass the checks")
    for reason, count in built.rejected.items():
        print(f"  {reason}: {count}")
    print(f"the set: {built.dataset.path}; read {built.dataset.path / 'datasheet.md'} before using it")
