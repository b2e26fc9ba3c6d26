"""The recipe as a file: YAML with a comment at every choice that was made for the user."""

from __future__ import annotations

import json
import os
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from datagen.init.inputs import Input
from datagen.init.rules import Entry, Traits, filters, left_out, scorers

_WIDTH = 110
_PLURALS = {
    "text": "texts",
    "pair": "pairs",
    "prompt": "prompts",
    "response": "answers",
    "sft": "chats",
    "preference": "preferences",
    "verifiable": "problems",
}
_DATA = "TOWERKIT_DATA"
_PLAIN = re.compile(r"[A-Za-z_./][\w./@+-]*")
_NOT_TEXT = frozenset({"true", "false", "null"})


def recipe(inputs: Sequence[Input], traits: Traits, *, name: str, folder: Path, file: str) -> str:
    """The text of a recipe.

    Args:
        inputs: what is read; a stage each.
        traits: what they are like.
        name: of the recipe.
        folder: where the file will lie; paths are written from there.
        file: how commands name it.
    """
    stages = _names(inputs, traits.kind)
    parts = [_opening(inputs, name, file), f"name: {scalar(name)}\nseed: 1\n\nstages:"]
    parts += [_read(stage, read, folder) for stage, read in zip(stages, inputs, strict=True)]
    parts += [_scored(stages, traits), _kept(traits), _unique(traits)]
    parts += _answered(traits) if traits.kind == "response" else []
    parts.append(_mix(traits))
    return "\n".join(part for part in parts if part)


def _opening(inputs: Sequence[Input], name: str, file: str) -> str:
    told = [line for read in inputs for line in read.told]
    assumed = list(dict.fromkeys(line for read in inputs for line in read.assumed))
    lines = ["Written by `datagen init`. Read it, change it: it is a beginning.", "", "Recognized:"]
    lines += [f"- {line}" for line in told]
    lines += ["", "Assumed; change it where it is wrong:", *(f"- {line}" for line in assumed)] if assumed else []
    lines += [
        "",
        f"datagen check {file}               is all of it right, and what is done already?",
        f"datagen run {file} --sample 1000   a look at the first rows",
        f"datagen run {file}                 all of it",
        f"datagen report runs/{name}",
        "",
        "`datagen list` tells what else can stand here. Relative paths start at this file's folder.",
    ]
    return "".join(_comment(line, "", hang="  " if line.startswith("- ") else "") for line in lines)


def _comment(line: str, indent: str, hang: str = "") -> str:
    """A line as comments of bounded width."""
    if not line or line.startswith("datagen "):
        return f"{indent}# {line}".rstrip() + "\n"
    folded = textwrap.wrap(
        line, _WIDTH - len(indent), subsequent_indent=hang, break_long_words=False, break_on_hyphens=False
    )
    return "".join(f"{indent}# {part}\n" for part in folded)


def _names(inputs: Sequence[Input], kind: str) -> list[str]:
    """A name for each stage: what it holds, and where inputs are several from what."""
    if len(inputs) == 1:
        return [_PLURALS[kind]]
    names: list[str] = []
    for read in inputs:
        base = f"{_PLURALS[kind]}_{slug(str(read.options.get('engine', read.label)))}"
        names.append(base if base not in names else f"{base}_{len(names) + 1}")
    return names


def slug(text: str) -> str:
    """A text as a name in recipes: small letters, digits, `_`, `.` and `-`."""
    return re.sub(r"[^a-z0-9._]+", "-", text.lower()).strip("-._") or "data"


def _read(stage: str, read: Input, folder: Path) -> str:
    lines = [f"  {scalar(stage)}:", "    read:"]
    lines += _option(read.reader, _located(read, folder), read.why.get(read.reader, ""))
    for option, value in read.options.items():
        lines += _option(option, value, read.why.get(option, ""))
    return "\n".join(lines) + "\n"


def _option(name: str, value: Any, why: str) -> list[str]:
    comment = f"  # {why}" if why else ""
    if isinstance(value, Mapping):
        return [f"      {name}:{comment}", *(f"        {scalar(key)}: {scalar(part)}" for key, part in value.items())]
    if isinstance(value, list) and any(isinstance(part, str) and "/" in part for part in value):
        return [f"      {name}:{comment}", *(f"        - {scalar(part)}" for part in value)]
    if isinstance(value, list):
        return [f"      {name}: [{', '.join(map(scalar, value))}]{comment}"]
    return [f"      {name}: {scalar(value)}{comment}"]


def _located(read: Input, folder: Path) -> Any:
    """What is read, with paths as the recipe has them."""
    if read.reader == "hub":
        return read.where
    match read.where:
        case str():
            return path_from(read.where, folder)
        case list():
            return [path_from(file, folder) for file in read.where]
        case dict():
            return {language: path_from(file, folder) for language, file in read.where.items()}


def path_from(file: str, folder: Path) -> str:
    """A path for a recipe in this folder: within TOWERKIT_DATA, or relative, or as it is where nothing is shared."""
    if "://" in file:
        return file
    absolute = os.path.abspath(file)
    data = os.environ.get(_DATA)
    escaped = absolute.replace("${", "$${")
    if data and Path(absolute).is_relative_to(os.path.abspath(data)):
        return f"${{{_DATA}}}/{os.path.relpath(escaped, os.path.abspath(data))}"
    start = os.path.abspath(folder)
    shared = os.path.commonpath([absolute, start])
    return escaped if shared == os.sep else os.path.relpath(escaped, start.replace("${", "$${"))


def scalar(value: object) -> str:
    """A value in YAML, in quotes where it would be taken for something else."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    return json.dumps(value, ensure_ascii=False)


def _scored(stages: Sequence[str], traits: Traits) -> str:
    wanted = scorers(traits)
    if not wanted:
        return ""
    sources = [f"    from: [{', '.join(map(scalar, stages))}]"] if len(stages) > 1 else []
    comment = _comment("Scorers add columns and drop nothing. Each runs once, however often the filters change.", "  ")
    return comment + "\n".join(["  scored:", *sources, "    score:", "      scorers:", *_entries(wanted)]) + "\n"


def _kept(traits: Traits) -> str:
    words = (
        "Filters drop rows; the first in this order that rejects a row is the reason it is kept aside with "
        "(`datagen show FOLDER --aside REASON`). Take out what your data does not need."
    )
    lines = ["  kept:", "    select:", "      filters:", *_entries(filters(traits))]
    after = "".join(_comment(line, "        ") for line in left_out(traits))
    return _comment(words, "  ") + "\n".join(lines) + "\n" + after


def _entries(entries: Iterable[Entry]) -> list[str]:
    """List items with their comments in a column, where they are short."""
    column = 46
    lines = []
    for entry in entries:
        item = f"        - {entry.yaml}"
        if len(item) > 8 + column or len(entry.why) > _WIDTH - 8 - column:
            lines += [*_comment(entry.why, "        ").splitlines(), item]
        else:
            lines.append(f"{item:<{8 + column}}  # {entry.why}" if entry.why else item)
    return lines


def _unique(traits: Traits) -> str:
    options = []
    words = "Of rows that say the same, the first stays; case counts, white space does not."
    if traits.kind == "response":
        options.append("on: [prompt, response]")
        if traits.judged:
            options.append(f"keep: {traits.ranks}")
            words = "Of equal answers to a prompt, the best-scored stays."
        else:
            words = "Of equal answers to a prompt, the first stays."
    inner = "{" + ", ".join(options) + "}"
    return _comment(words, "  ") + f"  unique:\n    dedup: {inner}\n"


def _answered(traits: Traits) -> list[str]:
    """The best answer to each prompt, and pairs where there are several answers and a score that tells them apart."""
    by = traits.ranks
    if by == "score_chrf":
        words = "The best answer to each prompt as a chat: the one closest to its reference."
    elif traits.judged:
        words = f"The best answer to each prompt as a chat, by {by}."
    else:
        words = (
            "The answer to each prompt as a chat. No score here tells good answers from bad; where a prompt has "
            "several, the one that repeats itself least is taken. Add a scorer that judges, and name its column here."
        )
    best = _comment(words, "  ") + f"  best:\n    best: {{by: {by}}}\n"
    if not (traits.several and traits.judged):
        return [best]
    margin = ", min_margin: 5" if by == "score_chrf" else ""
    words = "The best against the worst answer to each prompt, for preference training"
    words += " where the two are 5 points of chrF apart." if margin else "; `min_margin` asks for a difference."
    pairs = _comment(words, "  ") + f"  preferences:\n    from: unique\n    pair: {{by: {by}{margin}}}\n"
    return [best, pairs]


def _mix(traits: Traits) -> str:
    share = 0.01 if traits.rows is None or traits.rows >= 10_000 else 0.05 if traits.rows >= 2_000 else 0.1
    words = (
        f"Shuffled, and {share:.0%} held out for validation, by documents or sources, so that more data later moves no "
        "row across. To mix with other data, name their stages in `from:` and give `weights:`."
    )
    source = "best" if traits.kind == "response" else "unique"
    return _comment(words, "  ") + f"  mix:\n    from: {source}\n    mix: {{validation: {share}}}\n"
