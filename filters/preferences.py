"""How a model is asked which of two translations is better, in the words of many languages: `preferences.yaml`.

What it answers is checked by the verifier `preference`. The form of the verdict is the same in all languages, since a
fixed form is easier to keep to and to read than a translated one. The wordings are our own: written by a language model
and read a second time by it, each back into English beside the English one; no speaker of the languages has read them.

The task is ours too. Notes on Tower+ tell of such a task in its reinforcement learning; neither its name nor its
content is confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from corpus.errors import UserError, nearest
from corpus.languages import parse
from corpus.templates import fenced, fill

_PROMPT = "{task}\n\n{request_label}:\n{request}\n\n{a_label}:\n{a}\n\n{b_label}:\n{b}\n\n{instruction}"


def languages() -> list[str]:
    """Languages that the question can be asked in."""
    return sorted(_all())


def instruction(language: str) -> str:
    """The sentences that ask for a verdict and tell its form.

    Raises:
        UserError: a language without wordings.
    """
    return _wordings(language)["instruction"]


def prompt(request: str, a: str, b: str, language: str) -> str:
    """The whole question: the request, both translations, and what is asked for.

    The texts stand in fences longer than any run of backticks in them, so that none can end its own and pass for
    another, or for the question.

    Args:
        request: what the translations answer: the source with what was asked of it.
        a: the translation that is called A. Which of the two that is, is for the caller to draw.
        b: the other one.
        language: that of the question.

    Raises:
        UserError: a language without wordings.
    """
    words = _wordings(language)
    parts = {
        **fenced({"request": request, "a": a, "b": b}),
        "task": words["task"],
        "request_label": words["request"],
        "a_label": fill(words["translation"], {"letter": "A"}),
        "b_label": fill(words["translation"], {"letter": "B"}),
        "instruction": words["instruction"],
    }
    return fill(_PROMPT, parts)


def _wordings(code: str) -> Mapping[str, str]:
    language = parse(code)
    standard = "zh-Hant" if language.language == "zh" and language.script == "Hant" else language.language
    name = "no" if standard in ("nb", "nn") else standard
    if name not in _all():
        raise UserError(
            f"the question which translation is better has no wordings in {code!r}.{nearest(name, languages())} "
            f"It has them in {', '.join(languages())}"
        )
    return _all()[name]


@cache
def _all() -> Mapping[str, Mapping[str, str]]:
    import yaml

    read: Mapping[str, Mapping[str, Mapping[str, str]]] = yaml.safe_load(
        (files("filters") / "preferences.yaml").read_text("utf-8")
    )
    return read["wordings"]
