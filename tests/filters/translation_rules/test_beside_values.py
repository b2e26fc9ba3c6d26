"""What stands right beside a value and is no part of it: prepositions, times, letters without spaces, lines."""

import json

import pytest

from filters.translation_rules.base import Source
from filters.translation_rules.markup import Markup
from filters.translation_rules.text import Text
from filters.translation_rules.verbatim import Verbatim
from filters.verifiers.translation_rules import TranslationRules

LIST = "## Mitbringen\n\n- **Sportschuhe**\n- Handtuch\n- etwas zu trinken"


@pytest.mark.parametrize(
    ("pair", "source", "rule", "right", "wrong"),
    [
        # "am" is a preposition before a date, and half a day behind a time.
        ("en>de", "The train leaves on March 14, 2025 at 9:45 PM.", {"family": "times", "clock": 24, "times": [1305]},
         "Der Zug fährt am 14. März 2025 um 21:45 Uhr.", "Der Zug fährt am 14. März 2025 um 9:45 pm."),
        ("en>ja", "The shop opens at 9:45 PM on Monday.", {"family": "times", "clock": 12, "times": [1305]},
         "店は月曜日、PM 9:45に開きます。", "店は月曜日の21:45に開きます。"),
        # The minutes of a time are no day of the month behind it.
        ("de>en", "Bringen Sie den Wagen am 4. November 2024 um 7:30 Uhr.",
         {"family": "dates", "style": "long", "dates": ["2024-11-04"]},
         "Please bring the car at 7:30 on November 4, 2024.", "Please bring the car at 7:30 on 2024-11-04."),
        ("en>es", "Come between 8:00 and 10:00 on March 5, 2024.",
         {"family": "dates", "style": "long", "dates": ["2024-03-05"]},
         "Venga entre las 8:00 y las 10:00 del 5 de marzo de 2024.", "Venga entre las 8:00 y las 10:00 del 5/3/2024."),
        # A placeholder ends where letters without spaces go on.
        ("en>ja", "We sent a code to %1$s. Enter it within %2$d minutes.", {"family": "markup"},
         "%1$sにコードを送信しました。%2$d分以内に入力してください。",
         "コードを送信しました。%2$d分以内に入力してください。"),
        ("en>zh", "We sent the new code to %s.", {"family": "markup"},
         "我们已向%s发送新的验证码。", "我们已发送新的验证码。"),
        ("en>th", "We sent the new code to %s.", {"family": "markup"}, "เราส่งรหัสใหม่ไปที่%sแล้ว", "เราส่งรหัสใหม่ไปแล้ว"),
        # Lines of a list, of which none ends with a stop.
        ("de>en", LIST, {"family": "structure"},
         "## What to bring\n\n- **sports shoes**\n- a towel\n- something to drink",
         "## What to bring\n\n- **sports shoes**\n- a towel, something to drink"),
    ],
)  # fmt: skip
def test_beside_values(pair, source, rule, right, wrong):
    src_lang, tgt_lang = pair.split(">")
    judge = TranslationRules.model_validate({"rules": [{"locale": tgt_lang, **rule}]})
    row = {"source": source, "src_lang": src_lang, "tgt_lang": tgt_lang, "prompt": []}
    assert judge.verify(row, right).score == 1, json.dumps(rule)
    assert judge.verify(row, wrong).score == 0


@pytest.mark.parametrize("text", ["A 50%discount for everybody.", "Скидка 50%скидка для всех.", "רק 50%הנחה היום."])
def test_a_percent_sign_before_a_word_with_spaces_holds_no_place(text):
    assert Markup.find(Source(Text(text), "en", "de")) == []


@pytest.mark.parametrize(
    ("language", "text", "items"),
    [
        ("zh", "无法打开文件summer.png。", ("summer.png",)),
        ("ja", "連絡先はhelp@example.comです。", ("help@example.com",)),
        ("zh", "请打开报告.pdf。", ()),
        ("de", "Bitte öffnen Sie Übersicht.pdf.", ("Übersicht.pdf",)),
    ],
)
def test_letters_without_spaces_before_a_file_or_address_are_no_part_of_it(language, text, items):
    found = Verbatim.find(Source(Text(text), language, "en"))
    assert [rule.items for rule in found] == ([items] if items else [])
