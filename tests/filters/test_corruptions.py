"""What each corruption makes of texts in many scripts."""

from random import Random

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from filters.corruptions import CORRUPTIONS, Others, Translation, corrupted, sentences

GOOD = [
    Translation(
        "The ship left at 10. It returned at 22.", "Das Schiff fuhr um 10 ab. Es kam um 22 zurück.", "en", "de"
    ),
    Translation("The ship left at 10. It returned at 22.", "船は10時に出た。22時に戻った。", "en", "ja"),
    Translation("The ship left at 10. It returned at 22.", "船10点出发。22点返回。", "en", "zh"),
    Translation("The ship left at 10. It returned at 22.", "เรือออกเวลา 10 นาฬิกา กลับมาเวลา 22 นาฬิกา", "en", "th"),
    Translation("The ship left at 10. It returned at 22.", "غادرت السفينة في ١٠. هل عادت في ٢٢؟", "en", "ar"),
    Translation("The ship left at 10. It returned at 22.", "जहाज़ १० बजे निकला। वह २२ बजे लौटा।", "en", "hi"),
    Translation("We eat bread.", "Wir essen Brot.", "en", "de"),
    Translation("We eat bread.", "私たちはパンを食べる。", "en", "ja"),
    Translation("We eat bread.", "我们吃面包。", "en", "zh"),
    Translation("We eat bread.", "พวกเรากินขนมปัง", "en", "th"),
    Translation("We eat bread.", "نحن نأكل الخبز.", "en", "ar"),
    Translation("We eat bread.", "हम रोटी खाते हैं।", "en", "hi"),
]
MADE = {(GOOD[one.place].tgt_lang, one.place, one.corruption): one.output for one in corrupted(GOOD, seed=1)}


def made(corruption: str, output: str, *, seed: int = 0, source: str = "A source.") -> str | None:
    """What a corruption that looks at no other text makes of one."""
    one = Translation(source, output, "en", "xx")
    found = {c.corruption: c.output for c in corrupted([one], seed=seed)}
    return found[corruption]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three? Four", ["One. ", "Two! ", "Three? ", "Four"]),
        ("It costs 3.50, e.g. here.", ["It costs 3.50, e.g. ", "here."]),
        ("“Stop!” He went.", ["“Stop!” ", "He went."]),
        ("Wait… what?", ["Wait… ", "what?"]),
        ("船は出た。「戻った。」晴れだ！？そう", ["船は出た。", "「戻った。」", "晴れだ！？", "そう"]),
        ("出发了！返回了吗？是的。", ["出发了！", "返回了吗？", "是的。"]),
        ("เรือออก กลับมา", ["เรือออก ", "กลับมา"]),
        ("เขามา! ดีมาก", ["เขามา! ", "ดีมาก"]),
        ("غادرت السفينة. هل عادت؟ نعم", ["غادرت السفينة. ", "هل عادت؟ ", "نعم"]),
        ("वह निकला। वह लौटा॥", ["वह निकला। ", "वह लौटा॥"]),
        ("ሰላም። እንዴት ነህ፧", ["ሰላም። ", "እንዴት ነህ፧"]),
        ("one line\nanother", ["one line\n", "another"]),
        ("", []),
        ("  \n", []),
        ("...", ["..."]),
    ],
)
def test_sentences(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Das Schiff fuhr um zehn ab.", "Das Schiff"),
        ("Donaudampfschifffahrt", "Donaudampf"),
        ("船は10時に出た。", "船は10"),
        ("我们吃面包和鱼。", "我们吃面"),
        ("พวกเรากินขนมปัง", "พวกเรา"),
        ("ที่นี่ที่นั่นที่", "ที่นี่ที่"),
        ("नमस्ते दुनिया कैसे", "नमस्ते दु"),
        ("👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧", "👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧"),
        ("Ja.", None),
        ("", None),
        ("   ", None),
    ],
)
def test_truncated(text: str, cut: str | None) -> None:
    assert made("truncated", text) == cut


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("Er sagte: „Geh!“ (und ging).", "Er sagte Geh und ging"),
        ("It's 3.50, isn't it?", "It's 3.50 isn't it"),
        ("www.example.org, please", "www.example.org please"),
        ("「行く」、と言った。", "行くと言った"),
        ("他说：“走吧！”", "他说走吧"),
        ("¿Vienes? ¡Sí!", "Vienes Sí"),
        ("نعم، هل عادت؟", "نعم هل عادت"),
        ("वह निकला।", "वह निकला"),
        ("เรือออกไปแล้ว", None),
        ("?!", None),
    ],
)
def test_punctuation_missing(text: str, without: str | None) -> None:
    assert made("punctuation_missing", text) == without


@pytest.mark.parametrize(
    ("text", "swapped"),
    [
        ("von 10 bis 22", "von 22 bis 10"),
        ("10時から22時", "22時から10時"),
        ("من ١٠ إلى ٢٢", "من ٢٢ إلى ١٠"),
        ("1.000,50 und 3", "3 und 1.000,50"),
        ("no number", None),
        ("十", None),
    ],
)
def test_two_numbers_change_places(text: str, swapped: str | None) -> None:
    assert made("numbers_swapped", text) == swapped


@pytest.mark.parametrize("text", ["7", "um 10", "10 und 10", "१० बजे", "٩٩", "１２"])
def test_one_number_becomes_another_of_its_kind(text: str) -> None:
    for seed in range(20):
        other = made("numbers_swapped", text, seed=seed)
        assert other is not None
        assert other != text
        assert len(other) == len(text)
        assert regex.sub(r"\p{Nd}", "0", other) == regex.sub(r"\p{Nd}", "0", text)
        assert not regex.search(r"(?<!\p{Nd})[0०٠０]\p{Nd}", other)


@pytest.mark.parametrize(
    ("text", "results"),
    [
        ("Eins. Zwei. Drei.", {"Zwei. Drei.", "Eins. Drei.", "Eins. Zwei."}),
        ("出发了！返回了。", {"出发了！", "返回了。"}),
        ("เรือออก กลับมา", {"เรือออก", "กลับมา"}),
        ("Nur eins.", {None}),
    ],
)
def test_sentence_dropped(text: str, results: set[str | None]) -> None:
    assert {made("sentence_dropped", text, seed=seed) for seed in range(30)} == results


@pytest.mark.parametrize(
    ("text", "results"),
    [
        ("Eins. Zwei.", {"Eins. Eins. Zwei.", "Eins. Zwei. Zwei."}),
        ("出发了！返回了。", {"出发了！出发了！返回了。", "出发了！返回了。返回了。"}),
        ("พวกเรากินขนมปัง", {"พวกเรากินขนมปัง พวกเรากินขนมปัง"}),
        ("هل عادت؟", {"هل عادت؟ هل عادت؟"}),
    ],
)
def test_sentence_doubled(text: str, results: set[str]) -> None:
    assert {made("sentence_doubled", text, seed=seed) for seed in range(30)} == results


@pytest.mark.parametrize("language", ["de", "ja", "zh", "th", "ar", "hi"])
def test_texts_that_do_not_belong_come_from_other_translations(language: str) -> None:
    first, second = (place for place, one in enumerate(GOOD) if one.tgt_lang == language)
    other = GOOD[second].output
    assert MADE[language, first, "source_copied"] == GOOD[first].source
    assert MADE[language, first, "unrelated"] == other
    gap = "" if language in ("ja", "zh") else " "
    assert MADE[language, first, "invented_tail"] == f"{GOOD[first].output}{gap}{other}"
    same_source = {one.output for one in GOOD if one.source == GOOD[first].source and one.tgt_lang != language}
    assert MADE[language, first, "wrong_language"] in same_source


def test_where_nobody_translated_into_another_language_a_source_is_taken() -> None:
    german = [one for one in GOOD if one.tgt_lang == "de"]
    found = {(one.place, one.corruption): one.output for one in corrupted(german)}
    assert found[0, "wrong_language"] == "We eat bread."
    # Chinese of two scripts is one language.
    chinese = [Translation("a", "我们吃面包", "zh-Hant", "zh"), Translation("b", "他们", "zh-Hant", "zh")]
    assert {one.output for one in corrupted(chinese) if one.corruption == "wrong_language"} == {None}


@pytest.mark.parametrize("only", [[GOOD[0]], [Translation("a", "", "en", "de")], [Translation("a", "a")], []])
def test_without_others_nothing_is_made_up(only: list[Translation]) -> None:
    found = {one.corruption: one.output for one in corrupted(only)}
    assert {found.get(name) for name in ("unrelated", "invented_tail", "wrong_language")} == {None}
    assert found.get("source_copied") == (GOOD[0].source if only == [GOOD[0]] else None)


def test_choices_depend_on_seed_and_text_alone() -> None:
    assert list(corrupted(GOOD, seed=1)) == list(corrupted(GOOD, seed=1))
    assert list(corrupted(GOOD, seed=1)) != list(corrupted(GOOD, seed=2))
    assert [c.output for c in corrupted(GOOD, seed=1) if c.place < 1] == [MADE["de", 0, name] for name in CORRUPTIONS]


TEXT = st.text(st.characters(codec="utf-8"), max_size=80)


@given(TEXT, st.integers(0, 3))
def test_no_letter_loses_its_marks(text: str, seed: int) -> None:
    one = Translation("source", text, "en", "de")
    whole = regex.findall(r"\X", text.strip())
    for name in ("truncated", "sentence_dropped"):
        cut = CORRUPTIONS[name](one, Others([one]), Random(seed)) if text.strip() else None
        if cut is not None and name == "truncated":
            assert regex.findall(r"\X", cut) == whole[: len(regex.findall(r"\X", cut))]
    assert "".join(sentences(text)) == text.strip()


@given(st.lists(st.tuples(TEXT, TEXT), max_size=5))
def test_every_copy_differs_from_its_original(texts: list[tuple[str, str]]) -> None:
    translations = [Translation(source, output, "en", "de") for source, output in texts]
    found = list(corrupted(translations))
    assert len(found) == len(translations) * len(CORRUPTIONS)
    for one in found:
        if one.output is not None:
            assert one.output.strip() != translations[one.place].output.strip()
            assert one.output.strip()
