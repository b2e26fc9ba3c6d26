"""Adapting translations: people's ways to write a value become those of the rule, and nothing else changes."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from translations import DRAFTS, EN

from filters.translation_rules.base import Rule, Source
from filters.translation_rules.calendar import Day, rendered
from filters.translation_rules.edits import Edit, edited
from filters.translation_rules.families import FAMILIES, find_rules
from filters.translation_rules.text import Text

DATE = "The bridge opens on March 5, 2024."
EVENING = "The shop closes at 8:30 PM on Monday."
MORNING = "The train leaves at 19:05 today."
FAR = "It is 5 miles from here."
WARM = "The water has 68 °F."
PRICE = "The ticket costs $5."
LARGE = "There were 1,234,567.5 points."
PHONE = "Call +44 20 7946 0018 now."
SAID = 'She said "yes" and left.'

CASES = [
    # dates: 2024-03-05
    ("dates.iso", DATE, "de", "Die Brücke wird am 5. März 2024 eröffnet.", "Die Brücke wird am 2024-03-05 eröffnet."),
    ("dates.iso", DATE, "ru", "Мост откроют 5 марта 2024 года.", "Мост откроют 2024-03-05."),
    ("dates.iso", DATE, "ru", "Мост откроют 5 марта 2024 г.", "Мост откроют 2024-03-05."),
    ("dates.iso", DATE, "ru", "5 марта 2024 г. откроют мост.", "2024-03-05 откроют мост."),
    ("dates.iso", DATE, "uk", "Міст відкриють 5 березня 2024 року.", "Міст відкриють 2024-03-05."),
    ("dates.iso", DATE, "pl", "Most otworzą 5 marca 2024 r. w południe.", "Most otworzą 2024-03-05 w południe."),
    ("dates.iso", DATE, "fi", "Silta avataan 5. maaliskuuta 2024.", "Silta avataan 2024-03-05."),
    ("dates.iso", DATE, "hu", "A hidat 2024. március 5-én nyitják meg.", "A hidat 2024-03-05-én nyitják meg."),
    ("dates.iso", DATE, "ja", "橋は2024年3月5日に開通します。", "橋は2024-03-05に開通します。"),
    ("dates.iso", DATE, "ja", "橋は２０２４年３月５日に開通します。", "橋は2024-03-05に開通します。"),
    ("dates.iso", DATE, "zh", "大桥将于2024年3月5日14时开通。", "大桥将于2024-03-05 14时开通。"),
    ("dates.iso", DATE, "ko", "다리는 2024년 3월 5일에 개통됩니다.", "다리는 2024-03-05에 개통됩니다."),
    ("dates.iso", DATE, "ar", "يُفتتح الجسر في ٥ مارس ٢٠٢٤.", "يُفتتح الجسر في 2024-03-05."),
    ("dates.iso", DATE, "hi", "पुल 5 मार्च 2024 को खुलेगा।", "पुल 2024-03-05 को खुलेगा।"),
    ("dates.iso", DATE, "th", "สะพานจะเปิดในวันที่ 5 มีนาคม 2024", "สะพานจะเปิดในวันที่ 2024-03-05"),
    ("dates.iso", DATE, "it", "Il ponte apre l'8 marzo 2024.", None),
    ("dates.iso", DATE, "de", "Die Brücke wird im März eröffnet.", None),
    ("dates.iso", DATE, "de", "Die Brücke wird vom 3. bis 5. März 2024 eröffnet.", None),
    ("dates.iso", DATE, "de", "Am 5. März 2024, ja am 5. März 2024, wird sie eröffnet.", None),
    ("dates.iso", DATE, "de", "Am <b>5. März</b> 2024 wird sie eröffnet.", None),
    (
        "dates.iso",
        DATE,
        "de",
        "Am <b>5. März 2024</b> wird sie ge&ouml;ffnet.",
        "Am <b>2024-03-05</b> wird sie ge&ouml;ffnet.",
    ),
    ("dates.numeric", DATE, "de", "Am 5. März 2024 wird sie eröffnet.", "Am 5.3.2024 wird sie eröffnet."),
    ("dates.numeric", DATE, "es", "Abre el 5 de marzo de 2024.", "Abre el 5/3/2024."),
    ("dates.numeric", DATE, "fr", "Le pont ouvre le 5 mars 2024.", "Le pont ouvre le 05/03/2024."),
    ("dates.numeric", DATE, "cs", "Most otevřou 5. března 2024.", "Most otevřou 5. 3. 2024."),
    ("dates.numeric", DATE, "hu", "A híd 2024. március 5. napján nyílik.", "A híd 2024. 03. 05. napján nyílik."),
    ("dates.numeric", DATE, "hu", "A híd megnyílik: 2024. március 5.", "A híd megnyílik: 2024. 03. 05."),
    ("dates.numeric", DATE, "ko", "다리는 2024년 3월 5일에 개통됩니다.", "다리는 2024. 3. 5.에 개통됩니다."),
    ("dates.numeric", DATE, "hi", "पुल ५ मार्च २०२४ को खुलेगा।", "पुल ५/३/२०२४ को खुलेगा।"),
    ("dates.long", DATE, "ru", "Мост откроют 05.03.2024.", "Мост откроют 5 марта 2024 г."),
    ("dates.long", DATE, "ru", "Мост откроют 05.03.2024 года.", "Мост откроют 5 марта 2024 года."),
    ("dates.long", DATE, "fi", "Silta avataan 5.3.2024 aamulla.", "Silta avataan 5. maaliskuuta 2024 aamulla."),
    ("dates.long", DATE, "zh", "大桥于2024/3/5开通。", "大桥于2024年3月5日开通。"),
    # times
    ("times.24", EVENING, "es", "Cierra a las 8:30 p. m. del lunes.", "Cierra a las 20:30 del lunes."),
    ("times.24", EVENING, "ru", "Магазин закрывается в 8:30 вечера.", "Магазин закрывается в 20:30."),
    ("times.24", EVENING, "zh", "商店星期一晚上8点30分关门。", "商店星期一20:30关门。"),
    ("times.24", EVENING, "ja", "店は月曜日の午後8時30分に閉まります。", "店は月曜日の20:30に閉まります。"),
    ("times.24", EVENING, "ko", "가게는 월요일 오후 8시 30분에 닫습니다.", "가게는 월요일 20:30에 닫습니다."),
    ("times.24", EVENING, "hi", "दुकान शाम 8:30 बजे बंद होती है।", "दुकान 20:30 बजे बंद होती है।"),
    ("times.24", EVENING, "ar", "يغلق المتجر في الساعة 8:30 مساءً.", "يغلق المتجر في الساعة 20:30."),
    ("times.24", "It ends at 3 PM.", "th", "จบบ่าย 3 โมงของวันนี้", "จบ15:00 น.ของวันนี้"),
    ("times.24", "It ends at 8 p.m.", "es", "Termina a las 8:00 p. m.", "Termina a las 20:00."),
    ("times.24", "It ends at 1 PM.", "es", "Termina a la 1:00 p. m.", None),
    ("times.24", "It ends at 8 PM.", "ko", "7시부터 오후 8시까지입니다.", None),
    ("times.12", MORNING, "de", "Der Zug fährt heute um 19:05 Uhr ab.", "Der Zug fährt heute um 7:05 PM ab."),
    ("times.12", MORNING, "nl", "De trein vertrekt om 19:05 uur.", "De trein vertrekt om 7:05 p.m."),
    ("times.12", MORNING, "pt-BR", "O trem parte hoje às 19h05.", "O trem parte hoje às 7:05 PM."),
    ("times.12", MORNING, "fi", "Juna lähtee klo 19.05.", "Juna lähtee klo 7.05 ip."),
    ("times.12", MORNING, "zh", "火车今天19:05出发。", "火车今天下午7:05出发。"),
    ("times.12", MORNING, "ja", "電車は今日19時05分に出ます。", "電車は今日午後7:05に出ます。"),
    ("times.12", MORNING, "th", "รถไฟออกเวลา 19:05 น. วันนี้", "รถไฟออกเวลา 7:05 PM วันนี้"),
    ("times.12", MORNING, "ar", "يغادر القطار في الساعة ١٩:٠٥ اليوم.", "يغادر القطار في الساعة ٧:٠٥ م اليوم."),
    ("times.zone", "It starts at 8:30 PM EST.", "de", "Es beginnt um 20:30 Uhr EST.", "Es beginnt um 01:30 Uhr UTC."),
    ("times.zone", "It starts at 8:30 PM EST.", "ja", "20時30分（EST）に始まります。", "1:30（UTC）に始まります。"),
    ("times.zone", "It starts at 8:30 PM EST.", "de", "Es beginnt um 20:30 Uhr Ortszeit.", None),
    # numbers
    ("numbers", LARGE, "de", "Es waren 1,234,567.5 Punkte.", "Es waren 1.234.567,5 Punkte."),
    ("numbers", LARGE, "ru", "Было 1,234,567.5 очка.", "Было 1\u00a0234\u00a0567,5 очка."),
    ("numbers", LARGE, "hi", "वहाँ 1,234,567.5 अंक थे।", "वहाँ 12,34,567.5 अंक थे।"),
    ("numbers", "It has 76,000 pages.", "sv", "Den har 76.000 sidor.", "Den har 76\u00a0000 sidor."),
    ("numbers", "It has 76,000 pages.", "es", "Tiene 76 000 páginas.", "Tiene 76.000 páginas."),
    ("numbers", "It has 76,000 pages.", "pl", "Ma 76 tysięcy stron.", None),
    # currency
    ("currency", "It costs $1,234.50.", "de", "Es kostet $1.234,50.", "Es kostet 1.234,50 $."),
    ("currency", "It costs $1,234.50.", "fi", "Se maksaa 1,234.50 dollaria.", "Se maksaa 1\u00a0234,50 dollaria."),
    ("currency.convert", PRICE, "de", "Die Karte kostet 5 Dollar.", "Die Karte kostet 4,60 €."),
    ("currency.convert", PRICE, "es", "La entrada cuesta 5 dólares.", "La entrada cuesta 4,60 euros."),
    ("currency.convert", PRICE, "zh", "门票5美元。", "门票4.60欧元。"),
    ("currency.convert", PRICE, "ko", "표는 5달러입니다.", "표는 4.60유로입니다."),
    ("currency.convert", PRICE, "hi", "टिकट 5 डॉलर का है।", "टिकट 4.60 यूरो का है।"),
    ("currency.convert", PRICE, "ru", "Билет стоит 5 долларов.", "Билет стоит 4,60 €."),
    ("currency.convert", PRICE, "de", "Er zahlt mit einem 5-Dollar-Schein.", None),
    ("currency.convert", PRICE, "nl", "Het kaartje (5 dollar) is duur.", "Het kaartje (4,60 euro) is duur."),
    ("currency.convert", PRICE, "ar", "سعر التذكرة 5 دولار أمريكي.", "سعر التذكرة 4.60 يورو."),
    ("currency.convert", PRICE, "ja", "切符は$5です。", "切符は€4.60です。"),
    ("currency.convert", PRICE, "th", "ตั๋วราคา $5 ต่อคน", "ตั๋วราคา €4.60 ต่อคน"),
    ("currency.convert", PRICE, "pl", "Bilet kosztuje kilka dolarów.", None),
    # units and temperatures
    ("units.metric", FAR, "de", "Es sind 5 Meilen von hier.", "Es sind 8 km von hier."),
    ("units.metric", FAR, "es", "Está a 5 millas de aquí.", "Está a 8 kilómetros de aquí."),
    ("units.metric", FAR, "es", "Está a unas 5 millas de aquí.", None),
    ("units.metric", FAR, "ru", "Это в 5 милях отсюда.", "Это в 8 км отсюда."),
    ("units.metric", FAR, "pl", "To 5 mil stąd.", "To 8 km stąd."),
    ("units.metric", FAR, "fi", "Sinne on 5 mailia.", "Sinne on 8 km."),
    ("units.metric", FAR, "fi", "Se on 5 mailin päässä.", None),
    ("units.metric", FAR, "zh", "离这里5英里。", "离这里8公里。"),
    ("units.metric", FAR, "ja", "ここから5マイルです。", "ここから8キロメートルです。"),
    ("units.metric", FAR, "ko", "여기서 5마일 거리입니다.", "여기서 8킬로미터 거리입니다."),
    ("units.metric", FAR, "ko", "여기서 5마일을 갑니다.", None),
    ("units.metric", FAR, "hi", "यह यहाँ से 5 मील दूर है।", "यह यहाँ से 8 किलोमीटर दूर है।"),
    ("units.metric", FAR, "th", "ห่างจากที่นี่ 5 ไมล์", "ห่างจากที่นี่ 8 กิโลเมตร"),
    ("units.metric", FAR, "de", "Es sind 5 Meilen (8 km) von hier.", None),
    ("units.metric", "It is 6 feet away.", "fr", "C’est à 6 pieds d’ici.", "C’est à 1,8 mètre d’ici."),
    ("units.imperial", "It is 300 km away.", "pl", "To 300 km stąd.", "To 186 mil stąd."),
    ("units.imperial", "It is 300 km away.", "ja", "ここから300kmです。", "ここから186miです。"),
    ("temperatures.celsius", WARM, "de", "Das Wasser hat 68 °F.", "Das Wasser hat 20 °C."),
    ("temperatures.celsius", WARM, "fr", "L’eau est à 68 degrés Fahrenheit.", "L’eau est à 20 degrés Celsius."),
    ("temperatures.celsius", WARM, "zh", "水温68华氏度。", "水温20摄氏度。"),
    ("temperatures.celsius", WARM, "ja", "水温は華氏 68 度です。", "水温は摂氏 20 度です。"),
    ("temperatures.fahrenheit", "It was -10 °C.", "ru", "Было -10 °C.", "Было 14 °F."),
    # phones
    ("phones.e164", PHONE, "de", "Rufen Sie +44 20 7946 0018 an.", "Rufen Sie +442079460018 an."),
    ("phones.national", PHONE, "zh", "请拨打+44 20 7946 0018。", "请拨打020 7946 0018。"),
    ("phones.e164", PHONE, "de", "Rufen Sie +44 20 7946 0019 an.", None),
    # quotes
    ("quotes", SAID, "de", 'Sie sagte "ja" und ging.', "Sie sagte „ja“ und ging."),
    ("quotes", SAID, "fr", 'Elle a dit "oui" et est partie.', "Elle a dit «\u00a0oui\u00a0» et est partie."),
    ("quotes", SAID, "de", "Sie sagte « ja » und ging.", "Sie sagte „ja“ und ging."),
    ("quotes", SAID, "fi", "Hän sanoi “kyllä” ja lähti.", "Hän sanoi ”kyllä” ja lähti."),
    ("quotes", SAID, "it", "Disse “sì” e uscì.", "Disse «sì» e uscì."),
    ("quotes", SAID, "ja", '彼女は"はい"と言った。', "彼女は「はい」と言った。"),
    ("quotes", SAID, "ko", "그녀는 ‘네’라고 말했다.", "그녀는 “네”라고 말했다."),
    ("quotes", SAID, "hi", 'उसने "हाँ” कहा।', "उसने “हाँ” कहा।"),
    ("quotes", SAID, "de", "Sie sagte ja und ging.", None),
    ("quotes", SAID, "de", 'Sie sagte "ja" und "nein" und ging.', None),
    ("quotes", SAID, "de", 'Sie sagte "ja und ging.', None),
    ("quotes", SAID, "ja", '<code>print("はい")</code>と言った。', None),
    # punctuation and capitals
    ("punctuation", "Are you there?", "zh", "你在吗?", "你在吗？"),
    ("punctuation", "Are you there?", "ar", "هل أنت هناك?", "هل أنت هناك؟"),
    ("punctuation", "They are there.", "hi", "वे वहाँ हैं.", "वे वहाँ हैं।"),
    ("punctuation", "They are there.", "hi", "डॉ. सिंह वहाँ हैं.", "डॉ. सिंह वहाँ हैं।"),
    ("punctuation", "They are there.", "ja", "そこにいます...", None),
    ("punctuation", "Are you there?", "es", "Estás ahí?", None),
    ("capitals.upper", "DO NOT OPEN THE DOOR", "de", "Öffnen Sie die Tür nicht", "ÖFFNEN SIE DIE TÜR NICHT"),
    ("capitals.upper", "DO NOT OPEN THE DOOR", "tr", "Kapıyı izinsiz açmayın", "KAPIYI İZİNSİZ AÇMAYIN"),
    ("capitals.upper", "DO NOT OPEN {0} NOW", "de", "Öffnen Sie {0} nicht", None),
    ("capitals.sentence", "How To Open The Door", "fr", "comment ouvrir la porte", "Comment ouvrir la porte"),
    # families that change nothing
    ("verbatim.codes", "Use the RX780.", "de", "Nehmen Sie das RX 780.", None),
]


def found(name: str, text: str, language: str) -> tuple[Rule, Source]:
    """The rule of a name that a source in English gives reason for."""
    source = Source(Text(text), "en", language)
    rules = {rule.key() + (f".{rule.style}" if rule.key() == "dates" else ""): rule for rule in find_rules(source)}
    return rules[name], source


@pytest.mark.parametrize(("name", "text", "language", "translation", "expected"), CASES)
def test_people_s_translations_are_adapted(name, text, language, translation, expected):
    rule, source = found(name, text, language)
    adapted = rule.adapt(translation, source)
    assert adapted == expected
    if adapted is not None:
        assert rule.check(Text(adapted), source).score == 1
        assert rule.adapt(adapted, source) == adapted


def test_the_cases_have_every_language_of_the_drafts():
    """So that the table stays one of all scripts."""
    assert {language for _, _, language, *_ in CASES} >= set(DRAFTS)


VALUES = {
    "dates": (DATE, lambda language: rendered(Day(2024, 3, 5), "long", language)),
    "temperatures": (WARM, lambda _: "68 °F"),
    "phones": (PHONE, lambda _: "+44 20 7946 0018"),
    "currency": ("It costs $1,234.50.", lambda _: "$1,234.50"),
    "quotes": (SAID, lambda _: '"–7–"'),
}
"""A source and the value as a translation may have it."""


@pytest.mark.parametrize("language", sorted(DRAFTS))
@pytest.mark.parametrize("family", sorted(VALUES))
@settings(max_examples=10, suppress_health_check=list(HealthCheck))
@given(at=st.integers(0, 40), marked=st.booleans(), hidden=st.booleans())
def test_nothing_changes_around_a_value(family, language, at, marked, hidden):
    text, write = VALUES[family]
    source, draft = Source(Text(text), "en", language), DRAFTS[language]
    before = ("<b>&amp; </b>" if marked else "") + draft[:at] + ("\u200d" if hidden else "")
    after = f" {draft[at:]}"
    for rule in FAMILIES[family].find(source):
        answer = f"{before} {write(language)}{after}"
        adapted = rule.adapt(answer, source)
        if adapted is None:
            assume(rule.check(Text(answer), source).score != 1)
            continue
        assert adapted.startswith(before)
        assert adapted.endswith(after)
        assert rule.check(Text(adapted), source).score == 1
        assert rule.adapt(adapted, source) == adapted


@pytest.mark.parametrize("language", sorted(DRAFTS))
@pytest.mark.parametrize(
    ("family", "text"),
    [
        ("dates", DATE),
        ("times", EVENING),
        ("times", MORNING),
        ("numbers", LARGE),
        ("currency", "It costs $1,234.50."),
        ("units", FAR),
        ("temperatures", WARM),
        ("phones", PHONE),
        ("quotes", SAID),
        ("punctuation", "Are you there?"),
        ("terms", "They see the lighthouse."),
        ("capitals", "HOW TO OPEN THE DOOR"),
        ("verbatim", "Use the RX780."),
    ],
)
def test_a_broken_text_is_mended_or_left(family, text, language):
    source = Source(Text(f"{EN} {text}" if family != "capitals" else text), "en", language, {"lighthouse": "🗼"})
    for rule in FAMILIES[family].find(source):
        right = rule.compliant(DRAFTS[language], source)
        assert right is not None
        assert rule.adapt(right, source) == right
        for broken in rule.broken(DRAFTS[language], source):
            adapted = rule.adapt(broken, source)
            assert adapted is None or rule.check(Text(adapted), source).score == 1, (broken, adapted)


@pytest.mark.parametrize("language", sorted(DRAFTS))
@pytest.mark.parametrize("style", ["iso", "numeric", "long"])
@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(day=st.dates())
def test_every_date_of_a_language_can_be_put_in_its_other_styles(language, style, day):
    assume(day.year >= 1900)
    source = Source(Text(f"{EN} {day:%B} {day.day}, {day.year}."), "en", language)
    rules = [rule for rule in FAMILIES["dates"].find(source) if rule.style == style]
    for other in ("iso", "numeric", "long"):
        written = rendered(Day(day.year, day.month, day.day), other, language)
        for rule in rules:
            adapted = rule.adapt(f"{DRAFTS[language]} ({written})", source)
            assert adapted is not None
            assert adapted.startswith(f"{DRAFTS[language]} (")
            assert rule.check(Text(adapted), source).score == 1


@pytest.mark.parametrize(
    ("raw", "start", "end", "expected"),
    [
        ("a 1 b", 2, 3, "a X b"),
        ("a&nbsp;1 b", 2, 3, "a&nbsp;X b"),
        ("<i>a</i> 1 b", 2, 3, "<i>a</i> X b"),
        ("a\u200d 1\u200e b", 2, 3, "a\u200d X\u200e b"),
        ("a\u0308 1 b", 2, 3, "a\u0308 X b"),
        ("a\u0308 1 b", 0, 1, "X 1 b"),
        ("\u0958 1", 1, 2, None),  # one letter of two signs: its second half alone cannot be replaced
        ("\u0958 1", 3, 4, "\u0958 X"),
        ("a <b>1</b> b", 1, 4, None),
        ("a <!-- 1 --> 1", 3, 4, "a <!-- 1 --> X"),
        ("a <!-- > --> 1", 3, 4, None),
        ("a `1` b", 3, 4, None),
    ],
)
def test_places_of_the_seen_text_are_found_in_the_raw_one(raw, start, end, expected):
    assert edited(Text(raw), [Edit(start, end, "X")]) == expected


@pytest.mark.parametrize(("old", "expected"), [("٥", "١٢"), ("५", "१२"), ("５", "１２"), ("5", "12"), ("٥5", "12")])
def test_new_digits_are_those_of_the_old_ones(old, expected):
    assert edited(Text(old), [Edit(0, len(old), "12")]) == expected
    assert edited(Text(old), [Edit(0, len(old), "12", ascii_digits=True)]) == "12"


@settings(max_examples=200)
@given(raw=st.text())
def test_origins_cover_the_seen_text(raw):
    text = Text(raw)
    if text.origins is not None:
        assert len(text.origins) == len(text.plain)
        assert all(0 <= start < end <= len(text.raw) for start, end in text.origins)
        assert [start for start, _ in text.origins] == sorted(start for start, _ in text.origins)
