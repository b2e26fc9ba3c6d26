import unicodedata

import pytest

from filters.constraints.text import blocks, composed, compounds, count_sentences, count_words, loose_variants


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("two words", 2),
        ("l'eau, déjà", 3),
        ("cafe\u0301 noir", 2),
        ("我们去公园", 5),
        ("用 Python 写", 3),
        ("子どもが来た。", 6),
        ("สวัสดี", 4),
        ("아이들은 집으로 갔다.", 3),
        ("बच्चे घर लौटे।", 3),
        ("шість слів", 2),
        ("👩‍👩‍👧 ❤️ …", 0),
        ("a_b 1,000", 3),
    ],
)
def test_words_are_characters_where_a_script_has_no_spaces(text, words):
    assert count_words(text) == words


def test_words_joined_by_a_mark_count_as_one_compound():
    assert compounds("L'EAU of the U.S. is e-mail, R&D") == ["L'EAU", "of", "the", "U.S", "is", "e-mail", "R&D"]
    assert compounds("cafe\u0301-bar") == ["cafe\u0301-bar"]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", 0),
        ("...", 0),
        ("no stop", 1),
        ("One. Two! Three? Four… Five.", 5),
        ("Dr. Meyer met Mr. Smith at 3.15 p.m. on J. Street.", 1),
        ("It costs 3.50. Cheap.", 2),
        ("1. First item\n2. Second item", 1),
        ("He said “Stop!” Then he left.", 2),
        ("all small here. nothing else. really.", 3),
        ("Wait... what happened?", 1),
        ("今日は晴れ。散歩した！本当？", 3),
        ("見出し\n本文です。", 2),
        ("你好。你好吗？很好", 3),
        ("ประโยคแรก\nประโยคที่สอง", 2),
        ("यह पहला है। यह दूसरा है।", 2),
        ("집에 갔다. 잤다.", 2),
    ],
)
def test_sentences(text, sentences):
    assert count_sentences(text) == sentences


def test_loose_variants_leave_out_the_first_line_the_last_line_both_and_asterisks():
    assert loose_variants("Sure!\n**a**\nBye.") == [
        "Sure!\n**a**\nBye.", "**a**\nBye.", "Sure!\n**a**", "**a**", "Sure!\na\nBye.", "a\nBye.", "Sure!\na", "a",
    ]  # fmt: skip


def test_paragraphs_are_parted_by_blank_lines():
    assert [part.strip() for part in blocks("\n\na\nb\n \n\n\nc\n\n")] == ["a\nb", "c"]


def test_marks_piled_on_one_letter_are_cut_before_they_are_sorted():
    piled = "e" + "\u0301\u0316" * 200_000
    assert len(composed(piled)) <= 31
    assert composed("cafe\u0301" * 1000) == unicodedata.normalize("NFC", "cafe\u0301" * 1000)
