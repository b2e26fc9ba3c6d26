"""Weights of translation errors in MQM, as Freitag et al. 2021 (Experts, Errors, and Context) set them."""

from __future__ import annotations

SIGNATURE = "mqm|major:5|minor:1|minor-punctuation:0.1|non-translation:25"
"""What a number made of these weights says of itself."""
WEIGHTS = {"major": 5.0, "minor": 1.0, "neutral": 0.0, "no-error": 0.0}
"""By severity."""
_NON_TRANSLATION = 25.0
_MINOR_PUNCTUATION = 0.1


def weight(category: str, severity: str) -> float | None:
    """The weight of one error, None where the severity is unknown.

    Major 5, Minor 1, Minor Fluency/Punctuation 0.1, Non-translation 25, Neutral and No-error 0; spelled in any case.
    """
    base = WEIGHTS.get(severity.lower())
    if base and category.lower().startswith("non-translation"):
        return _NON_TRANSLATION
    if base == WEIGHTS["minor"] and category.lower().startswith("fluency/punctuation"):
        return _MINOR_PUNCTUATION
    return base
