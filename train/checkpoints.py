"""Checkpoints to go on from: only whole ones, and only of the same training."""

from __future__ import annotations

import fcntl
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import orjson

from corpus.errors import UserError
from corpus.shards import replacing
from train.tokens import Tell

FOLDER = "checkpoints"
STATE = "training.json"
"""What is being trained in an output folder; written before the first step."""

_OURS = (f"{FOLDER}/checkpoint-*", "towerkit.json", "config.json", "*.safetensors", "tokenizer*", "README.md")
"""What a training writes into its output folder."""


def check(output: Path, plan: str, told: dict[str, Any]) -> None:
    """See whether an output folder is free for this training, or holds it already.

    Args:
        output: the output folder.
        plan: hash of everything that decides the weights.
        told: the same in words, so that a difference can be named.

    Raises:
        UserError: another training has been there.
    """
    file = output / STATE
    if file.is_file():
        try:
            found = orjson.loads(file.read_bytes())
        except orjson.JSONDecodeError as error:
            raise UserError(f"{file} is damaged: {error}; remove {output}, or choose another `output:`") from None
        if found.get("plan") == plan:
            return
        raise UserError(
            f"{output} holds another training:\n{_differences(found.get('told', {}), told)}\nChoose another `output:`, "
            "or remove the folder to train anew"
        )
    if output.exists() and not output.is_dir():
        raise UserError(f"output: {output} is a file; choose another")
    if taken := next((file for pattern in _OURS for file in sorted(output.glob(pattern))), None):
        raise UserError(
            f"{output} holds {taken.relative_to(output)}, which training would replace, and no {STATE} that says of "
            "which training it is; choose another `output:`, or remove the folder"
        )


def claim(output: Path, plan: str, told: dict[str, Any]) -> None:
    """Write down which training an output folder is for; `check` it first."""
    output.mkdir(parents=True, exist_ok=True)
    with replacing(output / STATE) as handle:
        handle.write(orjson.dumps({"plan": plan, "told": told}, option=orjson.OPT_INDENT_2) + b"\n")


@contextmanager
def alone(output: Path) -> Iterator[None]:
    """Hold an output folder, which two trainings or merges at once would damage; the lock goes with its process.

    Raises:
        UserError: another process trains or merges there.
    """
    output.mkdir(parents=True, exist_ok=True)
    with (output / ".lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"{output}: another process makes this already; wait for it, or end it and run again"
            ) from None
        yield


def newest(output: Path, ranks: int, tell: Tell, *, remove: bool) -> Path | None:
    """The newest whole checkpoint; those that were cut off while being saved are told of, and removed where asked.

    A checkpoint is whole when `trainer_state.json`, which the first process writes last, can be read, and the random
    state of each process is there to its end.
    """
    found = sorted(
        (int(match[1]), folder)
        for folder in (output / FOLDER).glob("checkpoint-*")
        if (match := re.fullmatch(r"checkpoint-(\d+)", folder.name))
    )
    for step, folder in reversed(found):
        if wrong := _missing(folder, ranks):
            tell(f"{folder.name} was cut off while it was saved ({wrong}): left out")
            if remove:
                shutil.rmtree(folder)
            continue
        tell(f"going on from step {step}")
        return folder
    return None


def _missing(folder: Path, ranks: int) -> str | None:
    try:
        state = json.loads((folder / "trainer_state.json").read_text("utf-8"))
        int(state["global_step"])
    except (OSError, ValueError, KeyError, TypeError):
        return "no readable trainer_state.json"
    names = ["rng_state.pth"] if ranks == 1 else [f"rng_state_{rank}.pth" for rank in range(ranks)]
    # A zip file's list of contents is at its end.
    lacking = next((name for name in names if not is_zipfile(folder / name)), None)
    return f"no whole {lacking}" if lacking else None


def _differences(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    names = [name for name in {**found, **wanted} if found.get(name) != wanted.get(name)]
    lines = []
    for name in names:
        old, new = found.get(name), wanted.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            lines += [
                f"  {name}.{key}: {old.get(key)!r} there, {new.get(key)!r} here"
                for key in {**old, **new}
                if old.get(key) != new.get(key)
            ]
        else:
            lines.append(f"  {name}: {old!r} there, {new!r} here")
    return "\n".join(lines) or "  of an older form"
