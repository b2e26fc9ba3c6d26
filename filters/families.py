"""Families of language models: a judge tends to like answers of its own family."""

from __future__ import annotations

import re

_PREFIXES = {
    "chatgpt": "gpt",
    "gpt": "gpt",
    "davinci": "gpt",
    "claude": "claude",
    "gemini": "gemini",
    "gemma": "gemma",
    "codegemma": "gemma",
    "qwen": "qwen",
    "qwq": "qwen",
    "llama": "llama",
    "codellama": "llama",
    "vicuna": "llama",
    "tulu": "llama",
    "mistral": "mistral",
    "mixtral": "mistral",
    "ministral": "mistral",
    "magistral": "mistral",
    "codestral": "mistral",
    "zephyr": "mistral",
    "deepseek": "deepseek",
    "command": "cohere",
    "aya": "cohere",
    "c4ai": "cohere",
    "tower": "tower",
    "eurollm": "eurollm",
    "salamandra": "salamandra",
    "apertus": "apertus",
    "teuken": "teuken",
    "phi": "phi",
    "granite": "granite",
    "falcon": "falcon",
    "chatglm": "glm",
    "glm": "glm",
    "yi": "yi",
    "olmo": "olmo",
    "smollm": "smollm",
    "nemotron": "nemotron",
    "kimi": "kimi",
    "minimax": "minimax",
    "hunyuan": "hunyuan",
    "ernie": "ernie",
    "internlm": "internlm",
    "exaone": "exaone",
    "bloom": "bloom",
    "grok": "grok",
    "nova": "nova",
    "jamba": "jamba",
}
"""Beginnings of words in models' names, by makers' lines of models."""
_SHORT = frozenset({"aya", "phi", "yi", "glm", "nova", "gpt", "command"})
"""Beginnings that are words of their own or followed by a number, lest `phishing` be one of the family phi."""
_O_SERIES = re.compile(r"o[1-9]\d*")


def model_family(name: str) -> str:
    """The family that a model's name tells: `Qwen/Qwen3-8B` is `qwen`, `NousResearch/Hermes-3-Llama-3.1-8B` `llama`.

    The first word known counts, so that a model distilled from another into a third is of its maker's
    (`DeepSeek-R1-Distill-Qwen-7B` is `deepseek`). A model that nobody knows is a family of its own, under its name.
    """
    own = name.rstrip("/").rpartition("/")[2].lower()
    for word in re.split(r"[^a-z0-9.]+", own):
        if _O_SERIES.fullmatch(word):
            return "gpt"
        for prefix, family in _PREFIXES.items():
            rest = word.removeprefix(prefix)
            if rest != word and (prefix not in _SHORT or not rest[:1].isalpha()):
                return family
    return own
