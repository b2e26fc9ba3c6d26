"""`placeholders_differ`: markup and variables lost, added or changed."""

from __future__ import annotations

import polars as pl

from filters.base import Filter
from filters.pieces import pieces_differ, pieces_shown

_PLACEHOLDER = "|".join(
    [
        r"</?[A-Za-z][^<>]*>",  # <b>, </g>, <ph id="1"/>
        r"\$?\{\{?[\w.:\-#/ ]*\}?\}",  # {x}, {0}, ${x}, {{name}}
        r"%\(\w+\)[#0\-+]*[0-9.]*[a-zA-Z]",  # %(name)s
        r"%(?:[0-9]+\$)?[#0\-+]*[0-9]*(?:\.[0-9]+)?(?:ll?|h)?[sdiufgexXc@](?-u:\b)",  # %s, %1$d, %.2f
        r"%[A-Z][A-Z0-9_]+%",  # %NAME%
        r"#[A-Z][A-Z0-9_]*#",  # #PRS_ORG#
        r"__[A-Z][A-Z0-9_]*__",  # __NAME__
    ]
)


def _clean(placeholder: pl.Expr) -> pl.Expr:
    """Of a tag its name alone: attributes (a title, an alternative text) may be translated."""
    return placeholder.str.replace(r"^(</?[^\s<>/]+)[^<>]*>$", "$1>")


class PlaceholdersDiffer(Filter):
    """Drops outputs whose placeholders are not those of the source, each as often, in any order.

    Placeholders are tags (by name), `{x}`, `{{x}}`, `${x}`, `%s`, `%1$d`, `%(name)s`, `%NAME%`, `#PRS_ORG#` and
    `__NAME__`. Null without a source.
    """

    def reject(self) -> pl.Expr:
        """True where the placeholders differ."""
        return pieces_differ(_PLACEHOLDER, _clean)

    def evidence(self) -> pl.Expr:
        """The placeholders of the source and of the output."""
        return pieces_shown(_PLACEHOLDER, _clean)
