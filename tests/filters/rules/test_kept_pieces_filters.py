"""`urls_differ`, `placeholders_differ`."""

import pytest


@pytest.mark.parametrize(
    ("source", "output", "rejected"),
    [
        ("See https://example.org/a.", "Siehe https://example.org/a!", False),
        ("See https://example.org/a.", "请看https://example.org/a。谢谢", False),
        ("See https://example.org/a/", "Siehe https://example.org/a", False),
        ("See https://example.org/a", "Siehe https://example.org/b", True),
        ("See https://example.org/a", "Siehe dort", True),
        ("See there", "Siehe www.example.org", True),
        ("http://a.example and http://b.example", "http://b.example und http://a.example", False),
        ("http://a.example", "http://a.example http://a.example", True),
        ("nothing", "nichts", False),
        ("انظر https://example.org", "Siehe https://example.org", False),
        (None, "https://example.org", None),
        ("https://example.org", None, None),
    ],
)
def test_urls(judge, source: str | None, output: str | None, rejected: bool | None) -> None:
    assert judge("urls_differ", source=source, output=output) is rejected


@pytest.mark.parametrize(
    ("source", "output", "rejected"),
    [
        ("Click <b>here</b>", "Klicke <b>hier</b>", False),
        ("Click <b>here</b>", "Klicke hier", True),
        ("Click <b>here</b>", "Klicke <b>hier", True),
        ('<a title="Home">x</a>', '<a title="Startseite">x</a>', False),
        ('<ph id="1"/>x', 'x<ph id="1" />', False),
        ("Hello {name}", "你好{name}", False),
        ("Hello {name}", "你好{名字}", True),
        ("Hello {{name}}", "Hallo {name}", True),
        ("Hello ${name}", "Hallo ${name}", False),
        ("%s of %d", "%d von %s", False),
        ("%1$s of %2$d", "%2$d von %1$s", False),
        ("%s of %s", "%s von", True),
        ("%(count)s files", "%(count)s Dateien", False),
        ("%(count)s files", "%(anzahl)s Dateien", True),
        ("100% sure", "100 % sicher", False),
        ("50%", "50 %", False),
        ("I bought from #PRS_ORG#", "Ich kaufte bei #PRS_ORG#", False),
        ("I bought from #PRS_ORG#", "Ich kaufte bei # PRS_ORG #", True),
        ("#PRS_ORG# #PRS_ORG#", "#PRS_ORG#", True),
        ("a < b and c > d", "a < b und c > d", False),
        ("שלום {name}", "Hallo {name}", False),
        ("nothing", "nichts", False),
        (None, "{x}", None),
        ("{x}", None, None),
    ],
)
def test_placeholders(judge, source: str | None, output: str | None, rejected: bool | None) -> None:
    assert judge("placeholders_differ", source=source, output=output) is rejected


def test_evidence(evidence) -> None:
    assert evidence("placeholders_differ", source="{b} {a}", output="x") == "{a} {b} → none"
    assert evidence("urls_differ", source="", output="www.a.example.") == "none → www.a.example"
