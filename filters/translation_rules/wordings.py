"""What rules are called for in the words of many languages: `wordings/<language>.json`, by key several sentences.

The wordings are our own, written by a language model and read a second time by it, each back into English beside the
English ones; no speaker of the languages has read them. `{slots}` are filled by the rule.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import orjson

from corpus.errors import UserError
from corpus.languages import parse


def languages() -> list[str]:
    """Languages that instructions can be written in."""
    folder = files("filters.translation_rules").joinpath("wordings")
    return sorted(file.name.removesuffix(".json") for file in folder.iterdir() if file.name.endswith(".json"))


def wording(key: str, language: str, rng: random.Random, slots: Mapping[str, str]) -> str | None:
    """One of the sentences that ask for something, with its slots filled; None where the language has none."""
    sentences = of_language(language).get(key)
    return rng.choice(sentences).format_map(slots) if sentences else None


def of_language(code: str) -> Mapping[str, list[str]]:
    """All sentences of a language by key; empty where there are none."""
    try:
        language = parse(code)
    except UserError:
        return {}
    if language.language == "zh" and language.script == "Hant":
        return _read("zh-Hant")
    return _read("no" if language.language in ("nb", "nn") else language.language)


@cache
def _read(name: str) -> Mapping[str, list[str]]:
    file = files("filters.translation_rules").joinpath("wordings", f"{name}.json")
    if not file.is_file():
        return {}
    read: dict[str, list[str]] = orjson.loads(file.read_bytes())
    return read
