"""All constraints by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from corpus.errors import UserError, nearest
from filters.constraints import case, content, ends, french, japanese, keywords, layout, length, marks, spanish
from filters.constraints.base import Constraint

_GROUPS: tuple[tuple[type[Constraint], ...], ...] = (
    (keywords.Keywords, keywords.KeywordFrequency, keywords.ForbiddenWords, keywords.LetterFrequency),
    (case.ResponseLanguage, case.Uppercase, case.Lowercase, case.CapitalWords),
    (length.Words, length.Sentences, length.Characters, length.Paragraphs, length.ParagraphFirstWord),
    (content.Placeholders, content.Postscript, content.NoDigits, content.Choice),
    (layout.Bullets, layout.NumberedItems, layout.Highlights, layout.Sections, layout.Title, layout.JsonFormat),
    (ends.EndPhrase, ends.Quotation, ends.RepeatPrompt, ends.TwoResponses),
    (marks.NoCommas, marks.NoFullStops, marks.Question, marks.Exclamation),
    (spanish.WordsWithLetter, spanish.AccentedWords),
    (french.InformalAddress, french.NoAccents, french.AccentsRestored, french.ForbiddenLetter),
    (japanese.Furigana, japanese.KanjiCount, japanese.KanjiNumerals, japanese.SentenceEnding),
    (japanese.NoHiragana, japanese.NoKatakana, japanese.HiraganaOnly, japanese.KatakanaOnly, japanese.NominalEndings),
)
CONSTRAINTS: Mapping[str, type[Constraint]] = {each.name: each for group in _GROUPS for each in group}
"""Every constraint by its name."""


def open_constraint(entry: Mapping[str, Any]) -> Constraint:
    """The constraint that `{name: words, count: 50}` means.

    Raises:
        UserError: no such name, or arguments that it does not take.
    """
    arguments = dict(entry)
    name = arguments.pop("name", None)
    if name not in CONSTRAINTS:
        known = ", ".join(CONSTRAINTS)
        raise UserError(f"there is no constraint {name!r}.{nearest(str(name), list(CONSTRAINTS))} Known: {known}")
    try:
        return CONSTRAINTS[name].model_validate(arguments)
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, e['loc'])) or name}: {e['msg']}" for e in error.errors()[:3])
        raise UserError(f"constraint {name!r}: {told}") from None


def entry(constraint: Constraint) -> dict[str, Any]:
    """What `open_constraint` makes the constraint of again: its name, and arguments other than the default ones."""
    return {"name": constraint.name, **constraint.model_dump(mode="json", exclude_defaults=True)}
