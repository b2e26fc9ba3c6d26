"""Which families of rules can be asked for in a target language, found by asking each with texts that call for it."""

from __future__ import annotations

from functools import cache

from filters.translation_rules.base import Source
from filters.translation_rules.families import FAMILIES
from filters.translation_rules.text import Text

_CALLS: dict[str, list[tuple[str, str]]] = {
    "dates": [("en", "The bridge opens on March 25, 2024."), ("de", "Die Brücke wird am 25.3.2024 eröffnet.")],
    "times": [("en", "The bridge opens at 3:30 PM."), ("de", "Die Brücke öffnet um 15:30 Uhr.")],
    "numbers": [
        ("en", "There were 1,234,567.5 of them."),
        ("de", "Es waren 1.234.567,5 davon."),
        ("fr", "Il y en avait 1 234 567,5."),
    ],
    "currency": [("en", "It costs $1,234.50."), ("de", "Es kostet 1.234,50 €.")],
    "units": [("en", "It is 5 miles away."), ("de", "Es ist 5 km weit.")],
    "temperatures": [("en", "It was 68 °F."), ("de", "Es waren 20 °C.")],
    "phones": [("en", "Call +44 20 7946 0018."), ("de", "Rufen Sie +44 20 7946 0018 an.")],
    "verbatim": [("en", "Look for the code RX7800."), ("de", "Suchen Sie den Code RX7800.")],
    "markup": [("en", "Press <b>{name}</b>."), ("de", "Drücken Sie <b>{name}</b>.")],
    "terms": [("en", "They see the lighthouse."), ("de", "Sie sehen den lighthouse.")],
    "quotes": [
        ("en", 'She said "yes" to it.'),
        ("en", "She said “yes” to it."),
        ("de", "Sie sagte „ja“ dazu."),
        ("ru", "Она сказала «да»."),
    ],
    "punctuation": [("en", "Where is the bridge?"), ("en", "Stop there!"), ("en", "The bridge is closed.")],
    "address": [("en", "You can see the bridge from your window.")],
    "length": [("en", "Save all changes"), ("de", "Alles speichern")],
    "capitals": [("en", "DO NOT OPEN THE DOOR"), ("en", "How to Build a Small Boat")],
    "structure": [("en", "# Soup\n\n- salt\n- water"), ("de", "# Suppe\n\n- Salz\n- Wasser")],
    "variety": [("en", "The bridge is closed.")],
}
"""Sources by the family that they give reason for, of several languages: a translation into the source's own form needs
no rule."""


@cache
def families_for(code: str) -> tuple[str, ...]:
    """The families that find a rule for a target language in some source, in their usual order."""
    return tuple(
        name for name in FAMILIES if any(_finds(name, src_lang, text, code) for src_lang, text in _CALLS[name])
    )


def _finds(family: str, src_lang: str, text: str, tgt_lang: str) -> bool:
    source = Source(Text(text), src_lang, tgt_lang, terms={"lighthouse": "x"})
    return bool(FAMILIES[family].find(source))
