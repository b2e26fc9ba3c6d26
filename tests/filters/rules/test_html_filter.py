"""`html`."""

import pytest


@pytest.mark.parametrize(
    ("source", "output", "rejected"),
    [
        ("Hello", "<p>Hallo</p>", True),
        ("Hello", "Hallo<br/>Welt", True),
        ("Hello", "Hallo<BR>", True),
        ("Hello", '<a href="x">Hallo</a>', True),
        ("Hello", "Hallo&nbsp;Welt", True),
        ("Fish & chips", "Fisch &amp; Pommes", True),
        ("Hello", "it&#39;s", True),
        ("Hello", "<!-- x -->", True),
        ("<b>Hello</b>", "<B>Hallo</B>", False),
        ("<b>Hello</b>", "<i>Hallo</i>", True),
        ('<a href="en">Hello</a>', '<a href="de">Hallo</a>', False),
        ("Fish &amp; chips", "Fisch &amp; Pommes", False),
        ("Hello", "a < b > c & d; AT&T; R&D", False),
        ("Hello", '<x id="1"/> <name>', False),
        ("Hello", "1<2, <3", False),
        ("שלום", "<b>שלום</b>", True),
        (None, "<p>Hallo</p>", True),
        (None, "Hallo", False),
        ("Hello", "", False),
        ("Hello", None, None),
    ],
)
def test_html(judge, source: str | None, output: str | None, rejected: bool | None) -> None:
    assert judge("html", source=source, output=output) is rejected


def test_evidence(evidence) -> None:
    assert evidence("html", source="<b>x</b>", output='<p class="x">&nbsp;<b>x</b></p>') in {"<p> &nbsp;", "&nbsp; <p>"}


def test_text_without_a_source_column() -> None:
    import polars as pl

    from filters.names import open_filter

    texts = pl.DataFrame({"@output": ["<p>x</p>", "x", None]})
    assert texts.select(open_filter("html").reject().alias("v"))["v"].to_list() == [True, False, None]
    assert texts.select(open_filter("refusal").reject().alias("v"))["v"].to_list() == [False, False, None]
