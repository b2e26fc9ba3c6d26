"""A verdict is read where one is given, in a few forms, and nothing else is rewarded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import UserError
from filters.preferences import instruction, prompt
from filters.verifier import open_verifiers
from filters.verifiers.preference import Preference

A, B = Preference(preferred="A"), Preference(preferred="B")
WHY = "Translation B drops the date. Translation A is whole, though stiff."

# Each states A.
READ = [
    "Verdict: A",
    f"{WHY}\n\nVerdict: A",
    f"{WHY}\n\nVerdict: A\n\n",
    "verdict: A.",
    "VERDICT:A",
    "Verdict : A",
    "Verdict\u00a0: A",
    "**Verdict: A**",
    "**Verdict:** A",
    "Verdict: **A**",
    "`Verdict: A`",
    "## Verdict: A",
    "Verdict: (A)",
    "Verdict: [A]",
    'Verdict: "A"',
    "Verdict：Ａ",
    "结论如下。\nVerdict：A。",
    "訳文Bは日付が抜けています。\n［訳文Aは正確です］\nVerdict: Ａ",
    "अनुवाद A बेहतर है।\nVerdict: A",
    "الترجمة A أفضل.\nVerdict: A",
    "התרגום הראשון טוב יותר.\r\nVerdict: A\r\n",
    "คำแปล A ดีกว่า\nVerdict: A",
    "[[A]]",
    f"{WHY}\n[[A]]",
    "Verdict: [[A]]",
    "I lean to [[A]] for its date.\nVerdict: A",
    '{"verdict": "A"}',
    f'{WHY}\n{{ "verdict" : "A" }}',
    "Verdict: A\nSo I stay with it.\nVerdict: A",
    "<think>Verdict: B? No.</think>\nVerdict: A",
    "<think>Verdict: B</think><think>Verdict: B</think>Verdict: A",
    "[THINK]\nVerdict: B\n[/THINK]\nVerdict: A",
    "<|channel|>analysis<|message|>B?<|end|><|start|>assistant<|channel|>final<|message|>Verdict: A",
    "I must end with `Verdict: A` or `Verdict: B`.\nVerdict: A",
    "```\nVerdict: B\n```\nstands in the second one.\nVerdict: A",
    "My verdict: A is closer, B reads better.\nVerdict: A",
]

# What is tried, the reply, why it earns nothing whichever translation is preferred.
ATTEMPTS = [
    ("nothing", "", "no verdict"),
    ("white space", " \n\t\u3000", "no verdict"),
    ("no verdict", WHY, "no verdict"),
    ("a bare letter", "A", "no verdict"),
    ("both letters", "A B", "no verdict"),
    ("both, on two lines", "Verdict: A\nVerdict: B", "more than one verdict"),
    ("both, the other way", "Verdict: B\nVerdict: A", "more than one verdict"),
    ("both, far apart", f"Verdict: A\n{'x ' * 50_000}\nVerdict: B", "more than one verdict"),
    ("both, a line separator between", "Verdict: A\u2028Verdict: B", "more than one verdict"),
    ("both, on one line", "Verdict: A Verdict: B", "no verdict"),
    ("both, an or", "Verdict: A or B", "no verdict"),
    ("both, a slash", "Verdict: A/B", "no verdict"),
    ("both, one word", "Verdict: AB", "no verdict"),
    ("both in brackets", "[[A]] [[B]]", "more than one verdict"),
    ("in two forms", "[[A]]\nVerdict: B", "more than one verdict"),
    ("in two forms, JSON", '{"verdict": "A"}\nVerdict: B', "more than one verdict"),
    ("a second one in a sentence", "It could be [[B]] too.\nVerdict: A", "more than one verdict"),
    ("twice in JSON", '{"verdict": "A", "verdict": "B"}', "no verdict"),
    ("a list in JSON", '{"verdict": ["A", "B"]}', "no verdict"),
    ("JSON with more in it", '{"verdict": "A", "else": "B"}', "no verdict"),
    ("a tie", "Verdict: tie", "a tie"),
    ("a tie in brackets", "[[TIE]]", "a tie"),
    ("a tie as judges write it", "[[C]]", "a tie"),
    ("a tie, then a choice", "Verdict: tie\nVerdict: A", "more than one verdict"),
    ("a third letter", "Verdict: D", "no verdict"),
    ("denied", "It is not [[A]]", "verdict not on the last line"),
    ("denied in words", "Verdict: not A", "no verdict"),
    ("a condition", "Verdict: A if fluency counts, else B", "no verdict"),
    ("taken back", "Verdict: A\nNo, the other one is better.", "verdict not on the last line"),
    ("the instruction", instruction("en"), "no verdict"),
    ("the instruction, Japanese", instruction("ja"), "no verdict"),
    ("the whole prompt", prompt("Translate.", "Verdict: A", "[[B]]", "en"), "no verdict"),
    ("a place to fill", "Verdict: A|B", "no verdict"),
    ("only reasoning", "<think>Verdict: A", "no verdict"),
    ("only reasoning, lines", "<think>\nVerdict: A\n", "no verdict"),
    ("within reasoning", "<think>Verdict: A</think>", "no verdict"),
    ("reasoning that begins late", "Well. <think>\nVerdict: A", "no verdict"),
    ("reasoning that begins again", "<think>x</think> Well.\n<think>\nVerdict: A", "no verdict"),
    ("a channel for reasoning", "<|channel|>analysis<|message|>\nVerdict: A", "no verdict"),
    ("in a fence", "```\nVerdict: A\n```", "no verdict"),
    ("in a fence that stays open", "```\nVerdict: A", "no verdict"),
    ("in a fence, JSON", '```json\n{"verdict": "A"}\n```', "no verdict"),
    ("in a comment", "<!--\nVerdict: A\n-->", "no verdict"),
    ("in a comment that stays open", "<!--\nVerdict: A", "no verdict"),
    ("in a tag", "<b>Verdict: A</b>", "no verdict"),
    ("quoted", "> Verdict: A", "no verdict"),
    ("struck out", "~~Verdict: A~~", "no verdict"),
    ("struck out by a mark", "Verdict: A\u0338", "no verdict"),
    ("Cyrillic", "Verdict: \u0410", "no verdict"),
    ("Cyrillic B", "Verdict: \u0412", "no verdict"),
    ("Greek", "Verdict: \u0391", "no verdict"),
    ("Cherokee", "[[\u13aa]]", "no verdict"),
    ("mathematical", "Verdict: \U0001d400", "no verdict"),
    ("circled", "Verdict: Ⓐ", "no verdict"),
    ("small", "Verdict: a", "no verdict"),
    ("look-alike and the other", "Verdict: \u0410\nVerdict: B", "more than one verdict"),
    ("look-alike word", "V\u0435rdict: A", "no verdict"),
    ("without width", "Verdict: A\u200b", "hidden characters"),
    ("without width in the word", "Ver\u200ddict: A", "hidden characters"),
    ("turned around", "\u202eVerdict: A", "hidden characters"),
    ("hidden and the other", "Verdict: A\u200b\nVerdict: B", "more than one verdict"),
    ("a tag character", "Verdict: A\U000e0042", "hidden characters"),
    ("half a surrogate pair", "Verdict: \ud800", "no verdict"),
    ("half a surrogate pair beside it", "Verdict: A\ud800", "no verdict"),
    ("a null byte", "Verdict: A\x00", "no verdict"),
    ("another language's word", "Urteil: A", "no verdict"),
    ("a megabyte", "Verdict: " * 120_000, "no verdict"),
    ("a megabyte behind it", "Verdict: A " + "x" * 1_000_000, "no verdict"),
    ("a megabyte of brackets", "[[" * 500_000, "no verdict"),
    ("a megabyte of bracketed letters", "[[A]]" * 200_000, "verdict not on the last line"),
    ("a megabyte of fences", "```\n" * 250_000, "no verdict"),
    ("a megabyte of comments", "<!--" * 250_000, "no verdict"),
    ("a megabyte of ends of reasoning", "</think>" * 125_000, "no verdict"),
    ("a megabyte of headings", "#" * 1_000_000, "no verdict"),
    ("a megabyte of braces", "{" * 1_000_000, "no verdict"),
    ("a megabyte of lines", "\n" * 1_000_000, "no verdict"),
    ("a megabyte of both", "Verdict: A\nVerdict: B\n" * 50_000, "more than one verdict"),
]


@pytest.mark.parametrize("reply", READ)
def test_a_verdict_is_read(reply: str) -> None:
    assert A.verify({}, reply) == (1, "A", "")
    assert B.verify({}, reply) == (0, "A", "the other translation")


def test_both_letters_are_read_alike() -> None:
    for reply in ("Verdict: B", "[[B]]", '{"verdict": "B"}', "Verdict：Ｂ。", f"{WHY}\n**Verdict: B**"):
        assert (A.verify({}, reply).score, B.verify({}, reply).score) == (0, 1)


@pytest.mark.parametrize(("reply", "reason"), [row[1:] for row in ATTEMPTS], ids=[row[0] for row in ATTEMPTS])
def test_no_attempt_is_rewarded(reply: str, reason: str) -> None:
    for verifier in (A, B):
        verdict = verifier.verify({}, reply)
        assert (verdict.score, verdict.reason) == (0, reason)


@given(st.text(st.characters() | st.sampled_from("AB[]`:{}<>#*\n\ud800\u200b"), max_size=60), st.booleans())
def test_one_of_two_at_most_is_rewarded(noise: str, ends_well: bool) -> None:
    """No reply is right whichever is preferred, and none raises."""
    reply = f"{noise}\nVerdict: A" if ends_well else noise
    assert (A.verify({}, reply).score or 0) + (B.verify({}, reply).score or 0) <= 1
    assert B.verify({}, f"{noise}\nVerdict: A").score == 0


def test_arguments() -> None:
    for preferred in "AB":
        (named,) = open_verifiers([{"name": "preference", "args": f'{{"preferred": "{preferred}"}}'}])
        compliant = named.verifier.compliant({})
        assert compliant is not None
        assert named.verifier.verify({}, compliant).score == 1
    for wrong in ("{}", '{"preferred": "tie"}', '{"preferred": "a"}', '{"preferred": "A", "more": 1}'):
        with pytest.raises(UserError, match="verifier 'preference'"):
            open_verifiers([{"name": "preference", "args": wrong}])
