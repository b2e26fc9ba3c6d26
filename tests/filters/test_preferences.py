"""The question which of two translations is better: whole in every language, and no candidate can pass for it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import UserError
from corpus.languages import TOWER_PLUS
from filters.preferences import instruction, languages, prompt
from filters.replies import fences

REQUEST = "Translate the source text from English to Thai.\nEnglish: The bridge is closed.\nThai:"


def test_it_can_be_asked_in_every_language_of_tower() -> None:
    assert set(languages()) == {*TOWER_PLUS, "zh-Hant"}


@pytest.mark.parametrize("language", languages())
def test_every_wording_asks_for_one_form(language: str) -> None:
    asked = instruction(language)
    assert re.findall("`[^`]*`", asked) == ["`Verdict: A`", "`Verdict: B`"]
    shown = prompt(REQUEST, "สะพานปิด", "สะพานเปิด", language)
    assert shown.endswith(f"\n\n{asked}")
    assert not re.search(r"\{\w+\}", shown)
    assert [block.content.strip() for block in fences(shown)] == [REQUEST, "สะพานปิด", "สะพานเปิด"]
    labels = [line for line in shown.splitlines() if line.endswith(":") and line not in REQUEST.splitlines()]
    assert len(set(labels)) == 3
    assert [re.findall(r"\b[AB]\b", label) for label in labels] == [[], ["A"], ["B"]]


def test_wordings_differ() -> None:
    assert len({instruction(language) for language in languages()}) == len(languages())


@pytest.mark.parametrize(
    ("code", "same"),
    [("nb", "no"), ("nn", "no"), ("pt-BR", "pt"), ("es-419", "es"), ("fr-CA", "fr"), ("zh-TW", "zh-Hant"),
     ("zh-CN", "zh"), ("deu_Latn", "de")],
)  # fmt: skip
def test_varieties_share_wordings(code: str, same: str) -> None:
    assert instruction(code) == instruction(same)


def test_a_language_without_wordings_is_told() -> None:
    with pytest.raises(UserError, match=r"no wordings in 'sw'.*It has them in cs, da, de"):
        instruction("sw")


@given(
    st.lists(st.text(st.characters(codec="utf-8") | st.sampled_from("`~\n:AB{}"), max_size=80), min_size=3, max_size=3)
)
def test_no_text_ends_its_own_fence(texts: list[str]) -> None:
    shown = prompt(*texts, "en")
    fence = max(re.findall("^`+$", shown, re.MULTILINE), key=len)
    assert all(fence not in text for text in texts)
    blocks = re.findall(f"^{fence}\n(.*?)\n{fence}$", shown, re.MULTILINE | re.DOTALL)
    assert blocks == texts
