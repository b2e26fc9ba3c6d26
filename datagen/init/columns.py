"""Which column is what: roles by their usual names, by the values that they hold, and by languages as names."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import regex

from corpus.schema import kind_of
from datagen.init.languages import code_meant

Values = Mapping[str, Any]
"""A record as it was found."""

NAMES: dict[str, tuple[str, ...]] = {
    "source": (
        *("source", "src", "source_text", "src_text", "source_segment", "source_sentence", "source_string"),
        *("sentence_src", "original", "original_text"),
    ),
    "target": (
        *("target", "tgt", "trg", "target_text", "tgt_text", "trg_text", "target_segment", "target_sentence"),
        *("target_string", "sentence_tgt", "translation", "translated_text", "pe", "pe_segment", "post_edit"),
        *("postedit", "post_edited", "mt_pe"),
    ),
    "response": (
        *("response", "answer", "output", "completion", "hypothesis", "hyp", "mt", "mt_segment"),
        *("machine_translation", "prediction", "predicted", "generation", "generated_text", "model_output"),
        *("model_answer", "solution", "reply", "code"),
    ),
    "prompt": ("prompt", "instruction", "question", "query", "problem", "user", "turns", "input"),
    "messages": ("messages", "conversations", "conversation", "chat", "dialog", "dialogue"),
    "chosen": ("chosen",),
    "rejected": ("rejected",),
    "text": ("text", "content", "document", "full_text", "body", "raw_content", "passage", "sentence"),
    "references": (
        *("references", "reference", "refs", "ref", "gold", "golden", "ground_truth", "reference_text"),
        *("reference_answer", "human_translation", "reference_1", "reference1", "ref_1", "ref1"),
    ),
    "engine": ("engine", "system", "system_name", "system_id", "model", "model_name", "model_id", "generator"),
    "src_lang": (
        *("src_lang", "source_lang", "source_language", "src_language", "srclang", "sourcelang", "lang_src"),
        *("from_lang", "sl"),
    ),
    "tgt_lang": (
        *("tgt_lang", "target_lang", "target_language", "tgt_language", "trg_lang", "tgtlang", "targetlang"),
        *("lang_tgt", "to_lang", "tl", "ref_lang", "reference_lang", "reference_language", "answer_lang"),
        *("answer_language", "response_lang", "response_language", "output_lang", "output_language", "language"),
        *("lang", "locale"),
    ),
    "doc_id": ("doc_id", "docid", "document_id", "doc"),
    "segment": ("segment", "segment_id", "seg_id", "sentence_id", "line_id"),
    "license": ("license", "licence"),
}
"""Names by role, in any case and with any sign between words; what stands first is preferred."""

MESSAGE = ("role", "content")
"""What a message of a chat says."""
_QUESTION_KEYS = frozenset({"question_id", "prompt_id"})
_LOWER_IS_BETTER = frozenset(
    ("ter", "hter", "error", "errors", "edits", "distance", "perplexity", "ppl", "loss", "penalty", "toxicity")
)
_SCORE = _LOWER_IS_BETTER.union(
    ("score", "mqm", "da", "rating", "quality", "mean", "bleu", "chrf", "comet", "bleurt", "kiwi", "human", "reward")
)
_OF_SYSTEMS = frozenset((*NAMES["response"], "translation"))
_BRACKETED = regex.compile(r"(?P<what>[^()（）\[\]]+)[(（\[](?P<system>[^()（）\[\]]*\p{L}[^()（）\[\]]*)[)）\]]")
"""Names as surveys and spreadsheets have them: `output (gpt-4)`, with the brackets of any script."""
_DEEP = 4
_FEW = 0.2
_MANY = 5
_SENTENCES = 0.5


@dataclass(frozen=True)
class Column:
    """A column, or a place within nested records, with its values in a sample; null where a record lacks it."""

    path: str
    values: Sequence[Any]
    whole: bool = False
    """Whether the path is a name as it is, though it may have dots: `gpt-4.1`, `Nr.`."""

    @property
    def steps(self) -> list[str]:
        """The parts of the path."""
        return [self.path] if self.whole else self.path.split(".")

    @property
    def name(self) -> str:
        """The last word of the path that is no number, folded: `targetString` is target_string."""
        return folded(next((part for part in reversed(self.steps) if not part.isdigit()), self.path))

    @property
    def depth(self) -> int:
        """How many records it is nested in."""
        return len(self.steps) - 1

    @property
    def is_item(self) -> bool:
        """Whether the path leads through a list."""
        return any(part.isdigit() for part in self.steps)

    @property
    def given(self) -> list[Any]:
        """The values that are there."""
        return [value for value in self.values if value is not None]

    @property
    def chats(self) -> list[list[dict[str, Any]]]:
        """The values that are lists of messages."""
        return [value for value in self.given if are_messages(value)]

    @property
    def texts(self) -> list[str]:
        """The values that are texts with something in them."""
        return [value for value in self.values if isinstance(value, str) and value.strip()]

    @property
    def is_text(self) -> bool:
        """Whether all values are texts and some hold letters."""
        return all(isinstance(value, str) for value in self.given) and any(map(_has_letters, self.texts))

    @property
    def is_common(self) -> bool:
        """Whether most records have a text here."""
        return len(self.texts) > len(self.values) / 2

    @property
    def is_sentences(self) -> bool:
        """Whether most texts have several words, or are of a script without spaces."""
        long = sum(1 for text in self.texts if " " in text.strip() or re.search(r"[^\W\d_]{2}", unspaced(text)))
        return self.is_text and long >= _SENTENCES * len(self.texts)

    @property
    def is_varied(self) -> bool:
        """Whether values seldom repeat, as those of texts do not and those of names do."""
        return len(set(self.texts)) > _FEW * len(self.texts) or len(self.texts) < _MANY

    @property
    def is_numeric(self) -> bool:
        """Whether all values are finite numbers, or texts that spell one."""
        return bool(self.given) and all(_is_number(value) for value in self.given)


@dataclass
class Layout:
    """What the columns of a file make: rows of a kind, and where their columns come from."""

    kind: str
    columns: dict[str, str | None] = field(default_factory=dict)
    """Ours: theirs, as a reader's option has it."""
    engines: dict[str, str] = field(default_factory=dict)
    """Where several columns hold the answers of a system each: the system's name, and its column."""
    languages: dict[str, str] = field(default_factory=dict)
    """`src_lang` or `tgt_lang`, where the name of a column is a language."""
    scores: dict[str, str] = field(default_factory=dict)
    """Ours, and which way is better."""
    assumed: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    """Columns of theirs that go into `meta`."""

    @property
    def own(self) -> dict[str, pl.DataType]:
        """The columns of the kind that a file may bring."""
        return {name: dtype for name, dtype in kind_of(self.kind).columns.items() if name != "id"}


def folded(name: str) -> str:
    """A name in small letters with `_` between its words."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return regex.sub(r"[^\p{L}\p{M}\p{N}]+", "_", words.lower()).strip("_")


def columns_of(records: Sequence[Values]) -> list[Column]:
    """The columns of records and the places within nested ones, in the order in which they come up."""
    found: dict[str, list[Any]] = {}
    for number, record in enumerate(records):
        for path, value in _leaves(record, ""):
            values = found.setdefault(path, [])
            values += [None] * (number - len(values))
            values.append(value)
    names = {name for record in records for name in record}
    return [
        Column(path, values + [None] * (len(records) - len(values)), path in names) for path, values in found.items()
    ]


def _leaves(value: Any, path: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every place in a record that a dotted name reaches; of longer lists the first item, of chats the first two."""
    if path and (not isinstance(value, dict) or not value):
        yield path, value
    if depth == _DEEP:
        return
    if isinstance(value, dict):
        for key, part in value.items():
            if "." in str(key):
                # At the top a reader takes it as a name; within records no path reaches it.
                yield from [] if path else [(key, part)]
            else:
                yield from _leaves(part, f"{path}.{key}".removeprefix("."), depth + 1)
    elif isinstance(value, list):
        for place, part in enumerate(value[:2] if value and isinstance(value[0], dict) else value[:1]):
            yield from _leaves(part, f"{path}.{place}", depth + 1)


class Columns:
    """The columns of a file, asked for by what they might be."""

    def __init__(self, records: Sequence[Values]) -> None:
        """Columns of a sample of records."""
        self.all = columns_of(records)
        self.top = [column for column in self.all if not column.depth]

    def texts(self, role: str) -> Column | None:
        """The text column that has a name of this role; the least nested, then the first name of the role.

        An item of a list may be a question or an answer; other texts in a list are a part of something.
        """
        found = [
            c for c in self.all if c.name in NAMES[role] and c.is_text and c.is_common and not _within_chat(c.path)
        ]
        if role not in ("prompt", "response"):
            found = [c for c in found if not c.is_item]
        return min(found, key=lambda c: (c.depth, NAMES[role].index(c.name)), default=None)

    def numbers(self, role: str) -> Column | None:
        """The column of numbers, or of texts that spell some, that has a name of this role."""
        found = self.top_level(role)
        return found if found is not None and found.is_numeric else None

    def top_level(self, role: str) -> Column | None:
        """The column, of whatever type, that has a name of this role."""
        found = [column for column in self.top if column.name in NAMES[role]]
        return min(found, key=lambda column: NAMES[role].index(column.name), default=None)

    def at(self, path: str) -> Column | None:
        """The column at a path."""
        return next((column for column in self.all if column.path == path), None)

    def chat(self, role: str) -> Column | None:
        """The column that has a name of this role, where it holds lists of messages."""
        column = self.top_level(role)
        return column if column is not None and is_chat(column) else None

    def only_turn(self, role: str) -> Column | None:
        """The text of lists of one message each, in a column that has a name of this role."""
        column = self.chat(role)
        return self.at(f"{column.path}.0.content") if column and {len(v) for v in column.chats} == {1} else None

    def answers_of_systems(self) -> dict[str, str]:
        """Paths of columns that hold a system's answers each: `gpt.solution`, or `output (gpt)`."""
        by_name: dict[str, dict[str, str]] = {}
        for column in self.all:
            outer, _, inner = column.path.partition(".")
            bracketed = _BRACKETED.fullmatch(column.path) if column.whole else None
            if bracketed:
                inner, outer = bracketed["what"], bracketed["system"].strip()
            if folded(inner) in _OF_SYSTEMS and column.is_text and not outer.isdigit():
                by_name.setdefault(inner.strip(), {})[outer] = column.path
        return next((found for found in by_name.values() if len(found) > 1), {})

    def by_language(self) -> dict[str, Column]:
        """Columns that are named after a language and stand side by side: `translation.de` and `translation.en`."""
        beside: dict[str, dict[str, Column]] = {}
        for column in self.all:
            parent, _, name = column.path.rpartition(".")
            code = code_meant(name, column.texts) if column.is_text else None
            if (
                code
                and column.is_sentences
                and column.is_common
                and folded(name) not in {n for names in NAMES.values() for n in names}
            ):
                beside.setdefault(parent, {})[code] = column
        return next((found for found in beside.values() if len(found) > 1), {})

    def scores(self) -> dict[str, Column]:
        """Numeric columns that are named like scores, by the name that ours gets."""
        found = {}
        for column in self.top:
            words = column.name.split("_")
            if column.is_numeric and (_SCORE.intersection(words) or words[0] == "score"):
                name = column.name.removeprefix("score_").removesuffix("_score")
                found["score_" + ("given" if name == "score" else name)] = column
        return found

    @property
    def has_question_key(self) -> bool:
        """Whether the file numbers questions."""
        return any(column.name in _QUESTION_KEYS for column in self.top)


def way(name: str) -> str:
    """Which way is better for a score of this name."""
    return "lower" if _LOWER_IS_BETTER.intersection(name.split("_")) else "higher"


def is_chat(column: Column) -> bool:
    """Whether most values of a column are chats; what is wrong with the others the trial run tells."""
    return len(column.chats) > len(column.given) / 2


def are_messages(value: Any) -> bool:
    """Whether a value is a list of messages {role, content}, which may say more."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(turn, dict) and all(isinstance(turn.get(part), str) for part in MESSAGE) for turn in value)
    )


def is_sharegpt(column: Column) -> bool:
    """Whether a column holds lists of turns {from, value}."""
    return bool(column.given) and all(
        isinstance(value, list) and value and all(isinstance(t, dict) and {"from", "value"} <= {*t} for t in value)
        for value in column.given
    )


def _within_chat(path: str) -> bool:
    return folded(path.partition(".")[0]) in {*NAMES["messages"], *NAMES["chosen"], *NAMES["rejected"]}


def _has_letters(text: str) -> bool:
    return re.search(r"[^\W\d_]", text) is not None


def unspaced(text: str) -> str:
    """The letters of a text that belong to scripts without spaces between words."""
    return "".join(re.findall(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]", text))


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False
