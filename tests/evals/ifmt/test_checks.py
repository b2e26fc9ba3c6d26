"""What becomes of a generator's reply, in several languages: an item, or a rejection with its reason."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

import corpus
from datagen.makers.base import Rejected
from evals.ifmt.attributes import Attributes
from evals.ifmt.checks import Draft, Repeats, contaminated, examine, read
from filters.verifiers.translation_rules import TranslationRules

RIGHT = {"source": "a", "reference": "b"}


def wanted(src_lang: str, tgt_lang: str, families: str, words: tuple[int, int] = (10, 60)) -> Attributes:
    return Attributes(
        item="x/1",
        src_lang=src_lang,
        tgt_lang=tgt_lang,
        topic="t",
        subtopic="s",
        style="s",
        audience="a",
        length="short",
        words=words,
        families=tuple(families.split("+")),
    )


@pytest.mark.parametrize(
    ("reply", "draft"),
    [
        (json.dumps(RIGHT), Draft("a", "b", {})),
        (f"Sure!\n```json\n{json.dumps(RIGHT)}\n```\nDone.", Draft("a", "b", {})),
        (f"<think>{{}} maybe</think>{json.dumps(RIGHT)}", Draft("a", "b", {})),
        ('{"source": "两\n行", "reference": "שתי\nשורות"}', Draft("两\n行", "שתי\nשורות", {})),
        ('{"source": " a\\ud83d ", "reference": "b"}', Draft("a\ufffd", "b", {})),
        (
            json.dumps({**RIGHT, "terms": [{"term": term, "translation": "Schleuse"} for term in (" lock ", "", "?")]}),
            Draft("a", "b", {"lock": "Schleuse"}),
        ),
    ],
)  # fmt: skip
def test_replies_that_can_be_read(reply: str, draft: Draft) -> None:
    assert read(reply) == draft


@pytest.mark.parametrize(
    ("reply", "reason", "value"),
    [
        ("", "unreadable", "it was empty"),
        ("I cannot do that.", "unreadable", "it held no JSON object"),
        ('{"source": "a", "reference": "b', "unreadable", "it held no JSON object"),
        ("<think>" + json.dumps(RIGHT), "unreadable", "it ended before an answer began"),
        ('{"source": "a"}', "unreadable", "the verdict lacks 'reference'"),
        ('{"source": ["a"], "reference": "b"}', "unreadable", "source must be a text"),
        ('{"source": "a", "reference": "b", "terms": ["lock"]}', "unreadable", "terms[0] must be a JSON object"),
        ('{"source": " ", "reference": "b"}', "empty", "source"),
        ('{"source": "a", "reference": "\\n"}', "empty", "reference"),
    ],
)
def test_replies_that_cannot(reply: str, reason: str, value: str) -> None:
    assert read(reply) == Rejected(reason, value)


BRIDGE = (
    "The old bridge over the river opens again on March 25, 2024, after two long winters of repairs by the town. "
    "Visitors can walk across it from 3:30 PM on, and the bakery beside it will sell bread and cake to everyone."
)
LOCK = (
    "The lock lifts every boat by several metres, and the keeper of the lock says that nobody has to wait long. "
    "Please write to info@example.org before you come, since the lock is closed whenever the river is too high."
)
GOOD = [
    ("en", "es-419", "dates+times", BRIDGE,
     "El viejo puente sobre el río se abre de nuevo el 25 de marzo de 2024, después de dos largos inviernos de obras a "
     "cargo del municipio. Los visitantes pueden cruzarlo a pie a partir de las 15:30, y la panadería de al lado "
     "venderá pan y pastel a todos."),
    ("en", "zh", "dates+times+punctuation", BRIDGE,
     "经过镇上两个漫长冬天的维修，河上的老桥将于2024年3月25日重新开放。参观者从15:30起可以步行过桥，旁边的面包店将向所有人出售面包和蛋糕。"),
    ("en", "ja", "dates+times", BRIDGE,
     "町による二度の長い冬の修理を経て、川に架かる古い橋が2024年3月25日に再び開通します。見物客は15:30から歩いて渡ることができ、"
     "隣のパン屋は皆にパンとケーキを売ります。"),
    ("en", "ar", "dates+times", BRIDGE,
     "يُفتح الجسر القديم فوق النهر من جديد في 25 مارس 2024، بعد شتاءين طويلين من أعمال الإصلاح التي قامت بها البلدة. "
     "يمكن للزوار عبوره سيرًا على الأقدام ابتداءً من الساعة 15:30، وسيبيع المخبز المجاور الخبز والكعك للجميع."),
    ("en", "he", "times+verbatim",
     "The museum opens its doors at 3:30 PM on every working day, and visitors who come early may wait in the garden. "
     "Please keep the ticket with the code RX7800 until you leave the building again in the evening.",
     "המוזיאון פותח את שעריו בשעה 15:30 בכל יום עבודה, ומבקרים שמקדימים להגיע יכולים לחכות בגן. "
     "אנא שמרו את הכרטיס עם הקוד RX7800 עד שתצאו שוב מהבניין בערב."),
    ("en", "hi", "dates+times", BRIDGE,
     "नगर द्वारा दो लंबी सर्दियों तक की गई मरम्मत के बाद नदी पर बना पुराना पुल 25 मार्च 2024 को फिर से खुलेगा। "
     "आगंतुक 15:30 से उस पर पैदल चल सकते हैं, और पास की बेकरी सबको रोटी और केक बेचेगी।"),
    ("en", "de", "terms+verbatim", LOCK,
     "Die Schleuse hebt jedes Boot um mehrere Meter, und der Wärter der Schleuse sagt, dass niemand lange warten muss. "
     "Bitte schreiben Sie an info@example.org, bevor Sie kommen, da die Schleuse geschlossen ist, sobald der Fluss zu "
     "viel Wasser führt."),
    ("de", "en", "dates+verbatim+phones",
     "Die alte Brücke wird am 25. März 2024 nach zwei langen Wintern wieder eröffnet. Fragen beantwortet das Rathaus "
     "unter +49 30 901820 oder mit dem Kennwort BR2024X an jedem Werktag.",
     "The old bridge opens again on 25 March 2024 after two long winters. The town hall answers questions at "
     "+49 30 901820 or with the password BR2024X on every working day."),
]  # fmt: skip


@pytest.mark.parametrize(("src_lang", "tgt_lang", "families", "source", "reference"), GOOD)
def test_good_items(src_lang: str, tgt_lang: str, families: str, source: str, reference: str) -> None:
    terms = {"lock": "Schleuse"} if "terms" in families else {}
    for seed in range(5):
        made = examine(Draft(source, reference, terms), wanted(src_lang, tgt_lang, families), "en", random.Random(seed))
        assert not isinstance(made, Rejected), made
        assert len(made.checks) >= 2
        assert set(made.checks) <= set(families.split("+"))
        [content] = [turn["content"] for turn in made.prompt]
        assert content.count(source) == 1
        assert reference not in content
        verifier = TranslationRules.model_validate_json(made.verifiers[0]["args"])
        row: Any = {"source": source, "src_lang": src_lang, "tgt_lang": tgt_lang, "prompt": made.prompt}
        assert verifier.verify(row, made.references[0]).score == 1
        assert verifier.verify(row, source).score == 0


def test_rules_are_told_in_the_language_asked_for() -> None:
    _, tgt_lang, families, source, reference = GOOD[0]
    told = [
        examine(Draft(source, reference, {}), wanted("en", tgt_lang, families), language, random.Random(1))
        for language in ("en", "target")
    ]
    prompts = [made.prompt[0]["content"] for made in told if not isinstance(made, Rejected)]
    assert len(set(prompts)) == 2


SPANISH, CHINESE = GOOD[0][4], GOOD[1][4]
JAPANESE = GOOD[2][4]


@pytest.mark.parametrize(
    ("pair", "families", "source", "reference", "reason", "value"),
    [
        ("en>es-419", "dates+times", "It opens in 2024.", "Abre en 2024.", "source_too_short", "4, asked for 10 to 60"),
        ("en>es-419", "dates+times", f"{BRIDGE} " * 3, SPANISH, "source_too_long", "asked for 10 to 60"),
        ("ja>en", "dates+times", JAPANESE[:7], BRIDGE, "source_too_short", "7, asked for 15 to 90"),
        ("en>es-419", "dates+times", SPANISH, SPANISH, "source_language", "another language: es"),
        ("en>es-419", "dates+times", BRIDGE, BRIDGE, "reference_language", "another language: en"),
        ("en>zh", "dates+times", BRIDGE, SPANISH, "reference_language", "another script"),
        ("en>zh", "dates+times", BRIDGE, JAPANESE, "reference_language", ""),
        ("en>ar", "dates+times", BRIDGE, GOOD[4][4], "reference_language", "another script"),
        ("en>es-419", "phones+currency", BRIDGE, SPANISH, "few_rules", "found none of phones+currency"),
        ("en>es-419", "dates+currency", BRIDGE, SPANISH, "few_rules", "found dates of dates+currency"),
        ("en>es-419", "terms+times", BRIDGE, SPANISH, "few_rules", "found times of terms+times"),
        ("en>es-419", "dates+times", BRIDGE, SPANISH.replace("2024", "2023"), "reference_breaks_rules", "dates+times"),
        ("en>zh", "dates+times", BRIDGE, CHINESE.replace("15:30", "下午"), "reference_breaks_rules", "dates+times"),
    ],
)  # fmt: skip
def test_bad_items(pair: str, families: str, source: str, reference: str, reason: str, value: str) -> None:
    src_lang, tgt_lang = pair.split(">")
    found = examine(Draft(source, reference, {}), wanted(src_lang, tgt_lang, families), "en", random.Random(0))
    assert isinstance(found, Rejected), found
    assert found.reason == reason
    assert value in found.value


@pytest.mark.parametrize(
    ("first", "second", "code", "reason"),
    [
        (BRIDGE, BRIDGE.upper().replace(".", " !"), "en", "repeated"),
        (BRIDGE, BRIDGE.replace("bakery", "butcher"), "en", "nearly_repeated"),
        (BRIDGE, f"{LOCK} {BRIDGE}", "en", "nearly_repeated"),
        (BRIDGE, LOCK, "en", None),
        (CHINESE, CHINESE.replace("，", ","), "zh", "repeated"),
        (CHINESE, CHINESE.replace("面包店", "肉店"), "zh", "nearly_repeated"),
        (CHINESE, "这座灯塔建于十九世纪，如今成了一家小旅馆，冬天也对客人开放。", "zh", None),
        (JAPANESE, JAPANESE[: len(JAPANESE) // 2], "ja", "nearly_repeated"),
        (GOOD[3][4], GOOD[3][4].replace("القديم", "الجديد"), "ar", "nearly_repeated"),
        (GOOD[3][4], GOOD[4][4], "he", None),
        (GOOD[5][4], GOOD[5][4].replace("पुराना", "नया"), "hi", "nearly_repeated"),
    ],
)
def test_repeats(first: str, second: str, code: str, reason: str | None) -> None:
    repeats = Repeats()
    assert repeats.see("one", first, code) is None
    found = repeats.see("two", second, code)
    assert (found and found.reason) == reason
    assert found is None or "one" in found.value
    # What was rejected is not known: it makes nothing else a repeat.
    assert repeats.see("three", LOCK if second != LOCK else "Quite another text of a few words.", "en") is None


def test_items_that_other_datasets_have(tmp_path: Path) -> None:
    rows = [
        {"source": f"As we said: {BRIDGE}", "target": "Nada.", "src_lang": "en", "tgt_lang": "es"},
        {"source": "Nothing.", "target": CHINESE, "src_lang": "en", "tgt_lang": "zh"},
    ]
    corpus.write(rows, "pair", tmp_path / "known")
    found = contaminated([BRIDGE, LOCK, LOCK], [SPANISH, CHINESE, JAPANESE], [tmp_path / "known"])
    sides = [{span["side"] for span in json.loads(spans)} if spans else set() for spans in found]
    assert sides == [{"source"}, {"output"}, set()]
    assert contaminated([BRIDGE], [SPANISH], []) == [None]
    assert contaminated([], [], [tmp_path / "known"]) == []
