"""Our verdicts on the shared answers to IFEval and M-IFEval beside the reference's."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from filters.constraints.catalog import entry
from filters.constraints.readers import from_ifeval
from filters.verifiers.constraints import Constraints

LANGUAGES = ("en", "es", "fr", "ja")
MODES = ("strict", "loose")

JANOME = (
    "the reference wants the keyword as one token of janome, which cuts it into several: no answer can meet it. The "
    "answer has the keyword."
)
CAUSES = {
    ("en:keywords:letter_frequency", "8bf11653"): (
        "the reference draws a letter by chance in place of one outside a to z. The answer has too few of the "
        "character asked for."
    ),
    ("en:keywords:letter_frequency", "fb3adcbb"): (
        "the reference draws a letter by chance in place of one outside a to z. The answer has enough of the "
        "character asked for."
    ),
    ("en:detectable_content:postscript", "10663412"): (
        "the reference takes the marker within a sentence that speaks of a postscript. There is no postscript."
    ),
    ("en:detectable_content:postscript", "89308e07"): (
        "the reference takes the bare marker at the end of a sentence. There is no postscript after it."
    ),
    ("fr:detectable_content:postscript", "8356f8e4"): (
        "the reference takes the marker at the end of lines, repeated endlessly. No line begins with it."
    ),
    ("ja:keywords:existence", "a6c30004"): JANOME,
    ("ja:keywords:existence", "e1d80339"): JANOME,
    ("ja:letters:hiragana_only", "5ac58c23"): (
        "the reference accepts the line of asterisks that is left without the first and the last line. Both answers "
        "hold katakana."
    ),
}
"""Why a verdict differs, by instruction and the first digits of the prompt's sha1; each was looked at by hand."""


class Compared(NamedTuple):
    """One verdict of ours and of the reference on one instruction."""

    language: str
    mode: str
    instruction: str
    model: str
    prompt: str
    """The first eight digits of the prompt's sha1."""
    ours: bool | None
    theirs: bool


def compare(folder: Path) -> Iterator[Compared]:
    """Every verdict on every shared answer, by language, model, prompt, instruction and mode."""
    for language in LANGUAGES:
        rows = _by_prompt(folder / "input" / f"{language}_input_data.jsonl")
        for golden in sorted((folder / "golden").glob(f"{language}_*.jsonl")):
            model = golden.stem.removeprefix(f"{language}_")
            answers = _by_prompt(folder / "responses" / f"{language}_input_response_data_{model}.jsonl")
            for truth in _lines(golden):
                sha = truth["prompt_sha1"]
                yield from _compared(language, model, sha, rows[sha], str(answers[sha]["response"] or ""), truth)


def _compared(language: str, model: str, sha: str, row: dict, answer: str, truth: dict) -> Iterator[Compared]:
    entries = tuple(entry(constraint) for constraint in from_ifeval(row))
    for mode in MODES:
        verdicts = Constraints(constraints=entries, mode=mode).each(answer)
        for name, ours, theirs in zip(row["instruction_id_list"], verdicts, truth[mode], strict=True):
            yield Compared(language, mode, name, model, sha[:8], ours, theirs)


def shares(compared: list[Compared]) -> dict[str, tuple[int, int]]:
    """Verdicts and disagreements of each language, strict and loose together."""
    all_, wrong = Counter(c.language for c in compared), Counter(c.language for c in compared if c.ours != c.theirs)
    return {language: (all_[language], wrong[language]) for language in LANGUAGES}


def _by_prompt(file: Path) -> dict[str, dict]:
    return {hashlib.sha1(row["prompt"].encode()).hexdigest(): row for row in _lines(file)}


def _lines(file: Path) -> Iterator[dict]:
    # Not splitlines: answers hold U+2028.
    return (json.loads(line) for line in file.read_text("utf-8").split("\n") if line)
