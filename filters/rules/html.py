"""`html`: markup of web pages that the source does not have."""

from __future__ import annotations

import polars as pl

from filters.base import OUTPUT, Filter
from filters.expressions import ANY_SOURCE

_ELEMENTS = (
    "a|abbr|article|aside|audio|b|blockquote|body|br|button|canvas|caption|center|cite|code|col|colgroup|dd|del|div|"
    "dl|dt|em|embed|fieldset|figcaption|figure|font|footer|h[1-6]|head|header|hr|html|i|iframe|img|ins|kbd|"
    "legend|li|link|mark|meta|nav|noscript|ol|optgroup|option|p|param|picture|pre|q|s|samp|script|section|select|"
    "small|span|strike|strong|style|sub|sup|svg|table|tbody|td|textarea|tfoot|th|thead|tr|tt|u|ul|video|wbr"
)
_HTML = (
    rf"<!--|(?i:<!doctype html|</?(?:{_ELEMENTS})(?:\s[^<>]*)?/?>)"
    r"|&(?:nbsp|amp|lt|gt|quot|apos|copy|reg|trade|hellip|mdash|ndash|laquo|raquo|[lr][sd]quo|bull|middot|shy|euro|"
    r"[A-Za-z](?:acute|grave|circ|uml|tilde|cedil)|szlig|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});"
)


class Html(Filter):
    """Drops outputs with tags of HTML or character references (`&nbsp;`, `&#39;`) that the source does not have.

    Tags are compared by name, `<a href="…">` with `<a>`. Other tags, such as `<x id="1"/>`, are placeholders: see
    `placeholders_differ`. Rows without a source are judged by the output alone.
    """

    def reject(self) -> pl.Expr:
        """True where the output has markup of its own."""
        return pl.when(OUTPUT.is_not_null()).then((_own_markup().list.len() > 0).fill_null(value=False))

    def evidence(self) -> pl.Expr:
        """The output's own markup."""
        return _own_markup().list.join(" ")


def _own_markup() -> pl.Expr:
    """Kinds of markup that the output alone has; null where it has none at all."""
    output, source = pl.field("output"), pl.field("source")
    return (
        pl.struct(output=OUTPUT, source=ANY_SOURCE, found=OUTPUT.str.contains(_HTML))
        # Without markup, nearly everywhere, null texts pass through the rest at no cost.
        .struct.with_fields(
            output=_kinds(pl.when(pl.field("found")).then(output)),
            source=_kinds(pl.when(pl.field("found")).then(source)),
        )
        .struct.with_fields(own=output.list.set_difference(source))
        .struct.field("own")
    )


def _kinds(text: pl.Expr) -> pl.Expr:
    kind = (
        pl.element().str.replace(r"^(</?[A-Za-z0-9]+)[\s/][^<>]*>$", "$1>").str.replace("^</", "<").str.to_lowercase()
    )
    return text.str.extract_all(_HTML).list.eval(kind)
