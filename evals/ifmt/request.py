"""The request to a generator for one item: a text that rules apply to, and a translation that obeys them, as JSON.

The rules themselves are not asked for: they are found in the text that comes back, so that what an item asks for and
what it is checked by is one thing.
"""

from __future__ import annotations

from typing import Any

from corpus.languages import english_name, segmentation
from evals.ifmt.attributes import Attributes, Values

CHARACTERS_PER_WORD = 1.5
"""Characters that stand for a word in scripts without spaces."""

REPLY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "source": {"type": "string"},
        "reference": {"type": "string"},
        "terms": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"term": {"type": "string"}, "translation": {"type": "string"}},
                "required": ["term", "translation"],
            },
        },
    },
    "required": ["source", "reference"],
}
"""The form of a reply; `terms` is the glossary, where one is asked for."""

_TERMS = ', "terms": [{"term": "a term as it stands in the text", "translation": "its one translation"}]'


def request(wanted: Attributes, values: Values) -> str:
    """The request for an item, in English whatever its languages."""
    source, target = english_name(wanted.src_lang), english_name(wanted.tgt_lang)
    families = [values.families[name] for name in wanted.families]
    lines = [
        f"Make one exercise for translators from {source} into {target}: a text, and a translation of it.",
        "",
        f"The text, in {source},",
        f"- is {wanted.style} about {wanted.subtopic} (field: {wanted.topic}), written for {wanted.audience};",
        f"- has {_size(wanted)};",
        "- is complete and reads as if it had not been written for an exercise, with facts and names that you make up;",
        "- does not speak of translation, and repeats nothing to become longer;",
        "- holds, where they come up naturally:",
        *(f"  - {family.text};" for family in families),
        "",
        f"The translation, in {target},",
        "- renders the whole text, adds nothing and leaves nothing out, as a careful professional would write it;",
        "- keeps to this:",
        *(f"  - {family.translation};" for family in families),
        "- where a point speaks of values that the text has several times, it holds for each of them.",
        "",
        "Answer with one JSON object and nothing else, line breaks in it written as \\n:",
        f'{{"source": "the text", "reference": "the translation"{_TERMS if "terms" in wanted.families else ""}}}',
    ]
    return "\n".join(lines)


def bounds(wanted: Attributes) -> tuple[float, float]:
    """Fewest and most words, or characters of a script without spaces, of the source that is asked for."""
    unit = CHARACTERS_PER_WORD if segmentation(wanted.src_lang) == "characters" else 1.0
    return wanted.words[0] * unit, wanted.words[1] * unit


def _size(wanted: Attributes) -> str:
    least, most = bounds(wanted)
    unit = "characters" if segmentation(wanted.src_lang) == "characters" else "words"
    return f"{least:.0f} to {most:.0f} {unit}"
