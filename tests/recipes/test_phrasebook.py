"""The phrasebook of recipes/mini: its grammar, what it holds out, and the files that it writes."""

from __future__ import annotations

import dataclasses
import importlib
import json
import math
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from datagen.progress import Silent
from datagen.recipe import load_recipe
from datagen.run import run
from filters.rewards import Composite, verify_row

MINI = Path(__file__).parents[2] / "recipes" / "mini"
LANGUAGES = ("en", "de", "es", "ru", "zh", "it")


def module(name: str) -> Any:
    """A module of the recipe, which is no installed package."""
    if str(MINI) not in sys.path:
        sys.path.insert(0, str(MINI))
    found: ModuleType = importlib.import_module(name)
    return found


g = module("grammar.meaning")
frames = module("grammar.frames")
words = module("grammar.vocabulary").WORDS
language = module("grammar.languages").language
held = module("rows.held")
phrasebook = module("phrasebook")

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the script writes at its smallest."""
    out = tmp_path_factory.mktemp("phrasebook")
    assert phrasebook.main(["--out", str(out), "--size", "tiny", "--seed", "1"]) == 0
    return out


@pytest.fixture(scope="module")
def rows(folder: Path) -> Rows:
    return {
        path.name.removesuffix(".jsonl"): [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        for path in folder.glob("*.jsonl")
    }


def meaning(frame: str, formal: bool = True, **slots: Any) -> Any:
    return g.Meaning(frame, {name.rstrip("_"): value for name, value in slots.items()}, formal)


MONDAY, WEDNESDAY = g.Weekday(0), g.Weekday(2)
HALF_PAST_EIGHT = g.Clock(20, 30)
EIGHTH, ELEVENTH = date(2024, 3, 8), date(2024, 3, 11)

SAID = {
    "a noun with its article": (
        meaning("price", thing=g.Noun("umbrella"), price=g.Money(Decimal("12.5"), "EUR")),
        {
            "en": "The umbrella costs €12.50.",
            "de": "Der Regenschirm kostet 12,50 €.",
            "es": "El paraguas cuesta 12,50 €.",
            "ru": "Зонт стоит 12,50 €.",
            "zh": "这把雨伞的价格是€12.50。",
            "it": "L'ombrello costa 12,50 €.",
        },
    ),
    "whole amounts": (
        meaning("price", thing=g.Noun("bag", "white"), price=g.Money(Decimal(250), "EUR")),
        {
            "en": "The white bag costs €250.",
            "de": "Die weiße Tasche kostet 250 €.",
            "es": "La bolsa blanca cuesta 250 €.",
            "ru": "Белая сумка стоит 250 €.",
            "zh": "这个白色的包的价格是€250。",
            "it": "La borsa bianca costa 250 €.",
        },
    ),
    "an indefinite feminine object": (
        meaning("want_thing", thing=g.Noun("lamp", "expensive")),
        {
            "en": "I would like to buy an expensive lamp.",
            "de": "Ich möchte eine teure Lampe kaufen.",
            "es": "Quisiera comprar una lámpara cara.",
            "ru": "Я хотел бы купить дорогую лампу.",
            "zh": "我想买一盏昂贵的灯。",
            "it": "Vorrei comprare una lampada cara.",
        },
    ),
    "an indefinite masculine object": (
        meaning("want_thing", thing=g.Noun("chair", "old")),
        {
            "en": "I would like to buy an old chair.",
            "de": "Ich möchte einen alten Stuhl kaufen.",
            "es": "Quisiera comprar una silla vieja.",
            "ru": "Я хотел бы купить старый стул.",
            "zh": "我想买一把旧椅子。",
            "it": "Vorrei comprare una sedia vecchia.",
        },
    ),
    "an object that is neuter somewhere": (
        meaning("want_thing", thing=g.Noun("coat", "big")),
        {
            "en": "I would like to buy a big coat.",
            "de": "Ich möchte einen großen Mantel kaufen.",
            "es": "Quisiera comprar un abrigo grande.",
            "ru": "Я хотел бы купить большое пальто.",
            "zh": "我想买一件大的大衣。",
            "it": "Vorrei comprare un cappotto grande.",
        },
    ),
    "a few of them": (
        meaning("want_n", food=g.Noun("apple", "fresh", 3)),
        {
            "en": "I would like to buy 3 fresh apples.",
            "de": "Ich möchte 3 frische Äpfel kaufen.",
            "es": "Quisiera comprar 3 manzanas frescas.",
            "ru": "Я хотел бы купить 3 свежих яблока.",
            "zh": "我想买3个新鲜的苹果。",
            "it": "Vorrei comprare 3 mele fresche.",
        },
    ),
    "many of them": (
        meaning("want_n", food=g.Noun("egg", "fresh", 12)),
        {
            "en": "I would like to buy 12 fresh eggs.",
            "de": "Ich möchte 12 frische Eier kaufen.",
            "es": "Quisiera comprar 12 huevos frescos.",
            "ru": "Я хотел бы купить 12 свежих яиц.",
            "zh": "我想买12个新鲜的鸡蛋。",
            "it": "Vorrei comprare 12 uova fresche.",
        },
    ),
    "a predicate that agrees": (
        meaning("too", thing=g.Noun("blanket"), adjective=g.Word("small")),
        {
            "en": "This blanket is too small.",
            "de": "Diese Decke ist zu klein.",
            "es": "Esta manta es demasiado pequeña.",
            "ru": "Это одеяло слишком маленькое.",
            "zh": "这条毯子太小了。",
            "it": "Questa coperta è troppo piccola.",
        },
    ),
    "places with contracted articles": (
        meaning("distance", from_=g.Noun("theatre"), to=g.Noun("school"), length=g.Distance(3)),
        {
            "en": "The distance from the theater to the school is 3 kilometers.",
            "de": "Die Entfernung vom Theater zur Schule beträgt 3 Kilometer.",
            "es": "La distancia del teatro a la escuela es de 3 kilómetros.",
            "ru": "Расстояние от театра до школы — 3 километра.",
            "zh": "剧院到学校的距离是3公里。",
            "it": "La distanza dal teatro alla scuola è di 3 chilometri.",
        },
    ),
    "where one goes, and when": (
        meaning("going", kin=g.Noun("mother"), place=g.Noun("office"), when=g.When(MONDAY, HALF_PAST_EIGHT)),
        {
            "en": "My mother is going to the office on Monday at 8:30 PM.",
            "de": "Meine Mutter geht am Montag um 20:30 Uhr ins Büro.",
            "es": "Mi madre va a la oficina el lunes a las 20:30.",
            "ru": "Моя мама идёт в офис в понедельник в 20:30.",
            "zh": "我妈妈星期一20:30去办公室。",
            "it": "Mia madre va in ufficio lunedì alle 20:30.",
        },
    ),
    "a woman in the past": (
        meaning("lost", who=g.Person("Anna"), thing=g.Noun("key"), place=g.Noun("station")),
        {
            "en": "Anna lost a key at the station.",
            "de": "Anna hat am Bahnhof einen Schlüssel verloren.",
            "es": "Anna perdió una llave en la estación.",
            "ru": "Анна потеряла ключ на вокзале.",
            "zh": "安娜在车站丢了一把钥匙。",
            "it": "Anna ha perso una chiave alla stazione.",
        },
    ),
    "a man in the past": (
        meaning("room", who=g.Person("Thomas"), city=g.City("Athens"), n=g.Number(2)),
        {
            "en": "Thomas booked a room in Athens for 2 nights.",
            "de": "Thomas hat in Athen ein Zimmer für 2 Nächte gebucht.",
            "es": "Thomas reservó una habitación en Atenas para 2 noches.",
            "ru": "Томас забронировал номер в Афинах на 2 ночи.",
            "zh": "托马斯在雅典订了一个房间，住2晚。",
            "it": "Thomas ha prenotato una camera ad Atene per 2 notti.",
        },
    ),
    "a person's own day": (
        meaning("birthday", who=g.Person("Thomas"), day=g.Day(EIGHTH, year=False)),
        {
            "en": "Thomas's birthday is on March 8.",
            "de": "Thomas’ Geburtstag ist am 8. März.",
            "es": "El cumpleaños de Thomas es el 8 de marzo.",
            "ru": "День рождения Томаса — 8 марта.",
            "zh": "托马斯的生日是3月8日。",
            "it": "Il compleanno di Thomas è l'8 marzo.",
        },
    ),
    "days of the week": (
        meaning("moved", event=g.Noun("exhibition"), from_=g.Weekday(1), to=WEDNESDAY),
        {
            "en": "The exhibition was moved from Tuesday to Wednesday.",
            "de": "Die Ausstellung wurde von Dienstag auf Mittwoch verschoben.",
            "es": "La exposición se cambió del martes al miércoles.",
            "ru": "Выставку перенесли со вторника на среду.",
            "zh": "展览从星期二改到了星期三。",
            "it": "La mostra è stata spostata da martedì a mercoledì.",
        },
    ),
    "a date within a phrase": (
        meaning("cancelled", event=g.Noun("exam"), day=g.Day(ELEVENTH)),
        {
            "en": "The exam on March 11, 2024 was canceled.",
            "de": "Die Prüfung am 11. März 2024 wurde abgesagt.",
            "es": "Se canceló el examen del 11 de marzo de 2024.",
            "ru": "Экзамен 11 марта 2024 года отменили.",
            "zh": "2024年3月11日的考试取消了。",
            "it": "L'esame dell'11 marzo 2024 è stato annullato.",
        },
    ),
    "said to one who is addressed formally": (
        meaning("expires", n=g.Number(4)),
        {
            "en": "Your password expires in 4 days.",
            "de": "Ihr Passwort läuft in 4 Tagen ab.",
            "es": "Su contraseña caduca en 4 días.",
            "ru": "Срок действия вашего пароля истекает через 4 дня.",
            "zh": "您的密码将在4天后过期。",
            "it": "La Sua password scade tra 4 giorni.",
        },
    ),
    "said to a friend": (
        meaning("show", formal=False, thing=g.Noun("map", "new")),
        {
            "en": "Please show me the new map.",
            "de": "Bitte zeig mir die neue Karte.",
            "es": "Por favor, enséñame el mapa nuevo.",
            "ru": "Пожалуйста, покажи мне новую карту.",
            "zh": "请你给我看一下这张新地图。",
            "it": "Per favore, mostrami la mappa nuova.",
        },
    ),
    "tags and labels": (
        meaning("click", label=g.Word("Cancel"), ui=g.Noun("page")),
        {
            "en": "Select the page and click <b>Cancel</b>.",
            "de": "Wählen Sie die Seite aus und klicken Sie auf <b>Abbrechen</b>.",
            "es": "Seleccione la página y haga clic en <b>Cancelar</b>.",
            "ru": "Выберите страницу и нажмите <b>Отмена</b>.",
            "zh": "请您选择页面，然后点击<b>取消</b>。",
            "it": "Selezioni la pagina e faccia clic su <b>Annulla</b>.",
        },
    ),
    "a sentence within a sentence": (
        meaning("wrote", who=g.Person("Elena"), said=meaning("lasts", event=g.Noun("film"), n=g.Number(95))),
        {
            "en": "Elena wrote: “The film lasts 95 minutes.”",
            "de": "Elena schrieb: „Der Film dauert 95 Minuten.“",
            "es": "Elena escribió: «La película dura 95 minutos».",
            "ru": "Елена написала: «Фильм длится 95 минут».",
            "zh": "埃琳娜写道：“电影持续95分钟。”",
            "it": "Elena ha scritto: «Il film dura 95 minuti».",
        },
    ),
    "a guest": (
        meaning("invite", who=g.Person("Elena"), other=g.Person("Nina"), event=g.Noun("exhibition")),
        {
            "en": "Elena invites Nina to the exhibition.",
            "de": "Elena lädt Nina zur Ausstellung ein.",
            "es": "Elena invita a Nina a la exposición.",
            "ru": "Елена приглашает Нину на выставку.",
            "zh": "埃琳娜邀请尼娜参加展览。",
            "it": "Elena invita Nina alla mostra.",
        },
    ),
    "two people in a park": (
        meaning("meet", who=g.Person("Leo"), other=g.Person("Elena"), when=g.When(1), place=g.Noun("park")),
        {
            "en": "Leo and Elena are meeting tomorrow in the park.",
            "de": "Leo und Elena treffen sich morgen im Park.",
            "es": "Leo y Elena se encuentran mañana en el parque.",
            "ru": "Лео и Елена встречаются завтра в парке.",
            "zh": "利奥和埃琳娜明天在公园见面。",
            "it": "Leo ed Elena si incontrano domani al parco.",
        },
    ),
    "what I own": (
        meaning("broken", thing=g.Noun("camera", "red"), day=g.Weekday(1)),
        {
            "en": "My red camera has not worked since Tuesday.",
            "de": "Meine rote Kamera funktioniert seit Dienstag nicht mehr.",
            "es": "Mi cámara roja no funciona desde el martes.",
            "ru": "Моя красная камера не работает со вторника.",
            "zh": "我的红色相机从星期二起不能用了。",
            "it": "La mia fotocamera rossa non funziona da martedì.",
        },
    ),
    "large numbers": (
        meaning("visitors", number=g.Number(12_500), place=g.Noun("library"), year=g.Number(2023, grouped=False)),
        {
            "en": "12,500 people visited the library in 2023.",
            "de": "12.500 Menschen haben im Jahr 2023 die Bibliothek besucht.",
            "es": "12.500 personas visitaron la biblioteca en 2023.",
            "ru": "12 500 человек посетили библиотеку в 2023 году.",
            "zh": "2023年有12,500人参观了图书馆。",
            "it": "12.500 persone hanno visitato la biblioteca nel 2023.",
        },
    ),
}


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("case", SAID)
def test_a_meaning_is_said_in_each_language(case: str, code: str) -> None:
    told, expected = SAID[case]
    assert language(code).say(told) == expected[code]


def test_every_language_has_every_frame_and_word() -> None:
    cased = {"ask_upper", "ask_upper_other", "ask_lower", "ask_repeat"}
    every = set(language("en").patterns)
    assert every >= set(frames.FRAMES)
    for code in LANGUAGES:
        # Chinese has no capitals, and no spaces between words that are said again.
        assert set(language(code).patterns) == (every - cased if code == "zh" else every)
    for frame in frames.FRAMES.values():
        rng = random.Random(frame.name)
        for _ in range(200):
            one = frame.meaning(rng)
            for code in LANGUAGES:
                text = language(code).say(one)
                assert "  " not in text
                assert text == text.strip()
                assert text[-1] in ".?!。？！”“»"


def test_chinese_has_no_spaces_but_beside_units_and_wide_marks_only() -> None:
    rng = random.Random(0)
    for frame in frames.FRAMES.values():
        for _ in range(50):
            text = language("zh").say(frame.meaning(rng)).replace(" GB", "").replace(" MB", "")
            assert " " not in text
            assert text[-1] in "。？！”"
            assert not re.search(r"[,?!;()](?!\d)", text)


def test_words_of_held_templates_stand_in_templates_that_are_trained_on() -> None:
    """Else a held-out template could not be translated by anybody."""
    for code in LANGUAGES:
        say, rng = language(code).say, random.Random(code)
        units = set if code == "zh" else lambda text: {word.strip("¿?.,") for word in text.lower().split()}
        known: set[str] = set()
        for frame in frames.FRAMES.values():
            if frame.held is None:
                for _ in range(300):
                    known |= units(say(frame.meaning(rng)))
        for frame in frames.FRAMES.values():
            if frame.held is not None:
                for _ in range(50):
                    told = {unit for unit in units(say(frame.meaning(rng))) if not any(map(str.isdigit, unit))}
                    assert told - known == set(), (code, frame.name)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(folder: Path, tmp_path: Path) -> None:
    for seed in ("1", "2"):
        # A process of its own, in which sets have another order.
        command = [sys.executable, str(MINI / "phrasebook.py"), "--out", str(tmp_path / seed), "--seed", seed]
        subprocess.run(command, check=True, env=os.environ | {"PYTHONHASHSEED": seed}, cwd=MINI.parents[1])
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(path.name for path in (tmp_path / "1").iterdir())
    for name in names:
        assert (folder / name).read_bytes() == (tmp_path / "1" / name).read_bytes(), name
        assert (folder / name).read_bytes() != (tmp_path / "2" / name).read_bytes(), name


def test_sizes_are_kept_and_one_file_leaves_the_others_as_they_are(folder: Path, tmp_path: Path) -> None:
    phrasebook.main(["--out", str(tmp_path), "--seed", "1", "--pairs", "77"])
    assert len((tmp_path / "pairs.train.jsonl").read_text("utf-8").splitlines()) == 77
    for name in ("mono.train.jsonl", "pairs.test.jsonl"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").write_text("mine", "utf-8")
    with pytest.raises(SystemExit) as error:
        phrasebook.main(["--out", str(tmp_path / "taken")])
    assert error.value.code == 2
    assert "taken is a file" in capsys.readouterr().err
    assert (tmp_path / "taken").read_text("utf-8") == "mine"


@pytest.mark.parametrize("wrong", [["--pairs", "0"], ["--pairs", "many"], ["--size", "huge"]])
def test_wrong_sizes_are_refused(wrong: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        phrasebook.main(["--out", str(tmp_path), *wrong])
    assert error.value.code == 2
    assert wrong[1] in capsys.readouterr().err


def texts(row: dict[str, Any]) -> Iterator[str]:
    """Everything that a row says in a language."""
    for name in ("source", "target", "text", "src", "mt", "ref"):
        if name in row:
            yield row[name]
    yield from row.get("references", ())
    for turn in (*row.get("messages", ()), *row.get("prompt", ())):
        yield turn["content"]


def split_of(rows: Rows, split: str) -> list[dict[str, Any]]:
    return [row for name, each in rows.items() if name.endswith(f".{split}") for row in each]


def test_no_sentence_of_a_test_set_stands_in_training(rows: Rows) -> None:
    held = {text for split in ("dev", "test") for row in rows[f"pairs.{split}"] for text in texts(row)}
    assert len(held) > 100
    everything = "\n".join(text for row in split_of(rows, "train") for text in texts(row)).casefold()
    assert not [text for text in held if text.casefold() in everything]


def test_what_is_held_out_is_so_in_capitals_and_at_the_end_of_other_sentences() -> None:
    taken = held.Taken()
    taken.add(["The train leaves at 6:25 PM.", "消息已于星期四保存。", "Сообщение сохранено."])
    kept = ["The train leaves at 6:25 AM.", "The train leaves at 6:25 PM. Hurry!", "六条消息。", ""]
    out = ["THE TRAIN LEAVES AT 6:25 PM.", "我的消息已于星期四保存。", "Новое сообщение сохранено."]
    assert [text in taken for text in (*kept, *out)] == [False] * len(kept) + [True] * len(out)


def test_of_a_long_text_the_end_alone_is_looked_at() -> None:
    taken, long = held.Taken(), "x" * 200_000
    taken.add(["", "A short one.", "The train leaves at 6:25 PM."])
    began = time.monotonic()
    assert f"{long} The train leaves at 6:25 PM." in taken
    assert long not in taken
    assert time.monotonic() - began < 1


def test_what_is_held_out_is_quoted_by_nobody() -> None:
    film, taken = meaning("lasts", event=g.Noun("film"), n=g.Number(95)), held.Taken()
    quoting = meaning("wrote", who=g.Person("Elena"), said=film)
    assert not taken.quoted_in(quoting)
    assert taken.take(film)
    assert taken.quoted_in(quoting)
    assert not taken.quoted_in(film)
    assert language("en").say(quoting) not in taken


def test_no_held_word_stands_in_a_training_sentence_but_in_dictionary_and_monolingual_text(rows: Rows) -> None:
    held = {word for split in ("dev", "test") for word in words[f"held_{split}"]}
    trained = [row for row in split_of(rows, "train") if row.get("lexemes") and row.get("domain") != "words"]
    assert len(trained) > len(rows["pairs.train"])
    assert not [row for row in trained if held & set(row["lexemes"])]
    english = re.compile(rf"\b({'|'.join(held)})\b")
    for name in ("rules.train", "general.train", "scored.train"):
        told = [row for row in rows[name] if {row["tgt_lang"], row.get("src_lang", "en")} == {"en"}]
        assert told or name != "general.train"
        assert not [text for row in told for text in texts(row) if english.search(text)]
    in_dictionary = {word for row in rows["pairs.train"] if row["domain"] == "words" for word in row["lexemes"]}
    assert in_dictionary <= held
    monolingual = "\n".join(row["text"] for row in rows["mono.train"] if row["tgt_lang"] == "en")
    assert [word for word in held if word in monolingual]


def test_no_held_template_stands_in_training(rows: Rows) -> None:
    held = {frame.name for frame in frames.FRAMES.values() if frame.held}
    for row in split_of(rows, "train"):
        assert not held & {row.get("template"), *row.get("templates", ())}


@pytest.mark.parametrize("split", ["dev", "test"])
def test_test_rows_say_truly_what_is_held_out(rows: Rows, split: str) -> None:
    other = {"dev": "test", "test": "dev"}[split]
    kinds = {row["held"] for row in rows[f"pairs.{split}"]}
    assert kinds == {"sentence", "lexeme", "template"}
    for row in rows[f"pairs.{split}"]:
        lexemes = set(row["lexemes"])
        assert not lexemes & set(words[f"held_{other}"])
        assert bool(lexemes & set(words[f"held_{split}"])) == (row["held"] == "lexeme")
        assert (frames.FRAMES[row["template"]].held == split) == (row["held"] == "template")


def test_the_low_resource_language_has_a_tenth(rows: Rows) -> None:
    count = {code: sum(code in (row["src_lang"], row["tgt_lang"]) for row in rows["pairs.train"]) for code in LANGUAGES}
    assert 0.05 < count["it"] / count["de"] < 0.25
    assert (
        0.05
        < sum(row["tgt_lang"] == "it" for row in rows["mono.train"])
        / sum(row["tgt_lang"] == "de" for row in rows["mono.train"])
        < 0.25
    )


def test_what_is_alike_in_every_language_is_kept(rows: Rows) -> None:
    raw = {
        "order_sent": r"[A-Z]{2}-\d+",
        "contact": r"[a-z]+@[a-z.]+[a-z]",
        "click": r"</?b>",
        "welcome": r"[{$%]\S*[%s}]",
    }
    seen = set()
    for row in rows["pairs.train"]:
        if row["template"] in raw:
            seen.add(row["template"])
            found = [re.findall(raw[row["template"]], row[side]) for side in ("source", "target")]
            assert found[0], row
            assert found[0] == found[1], row
    assert seen == set(raw)


def test_every_rule_is_obeyed_by_its_reference(rows: Rows) -> None:
    problems = [row for name, each in rows.items() if name.startswith("rules.") for row in each]
    families = {row["family"] for row in problems}
    assert families == set(module("rows.rules").CASES)
    for row in problems:
        assert verify_row(row, row["references"][0]).score == 1, row


def test_a_rule_is_broken_by_an_answer_that_ignores_it(rows: Rows) -> None:
    """Dates as the language has them, the other form of address: no answer that the references are compared with."""
    plain, asked = 0, 0
    for row in rows["rules.train"]:
        if row["family"] in ("dates", "times", "units", "temperatures", "terms") and row["src_lang"] == "en":
            asked += 1
            plain += verify_row(row, row["source"]).score == 1
    assert asked > 10
    assert plain == 0


def test_every_general_answer_passes_its_verifier(rows: Rows) -> None:
    judge = Composite(allow_code=True)
    tasks = [row for name, each in rows.items() if name.startswith("general.") for row in each]
    assert {row["task"] for row in tasks} == {"arithmetic", "form", "sorting", "extraction", "facts", "programs"}
    assert {row["tgt_lang"] for row in tasks} == set(LANGUAGES)
    programs = [row for row in tasks if row["task"] == "programs"][:12]
    for row in [row for row in tasks if row["task"] != "programs"] + programs:
        assert verify_row(row, row["references"][0], judge).score == 1, row


@pytest.mark.parametrize(
    ("task", "wrong"),
    [("arithmetic", "1 + 1 = 2000"), ("sorting", "[100, 1]"), ("facts", "London?"), ("extraction", "XX-1")],
)
def test_a_wrong_answer_does_not_pass(rows: Rows, task: str, wrong: str) -> None:
    asked = [row for row in rows["general.train"] if row["task"] == task]
    assert asked
    assert not [row for row in asked if verify_row(row, wrong).score]


def test_no_tested_prompt_stands_in_training(rows: Rows) -> None:
    held = {
        row["prompt"][0]["content"]
        for name, each in rows.items()
        if name.startswith(("general.", "rules.")) and not name.endswith(".train")
        for row in each
    }
    turns = [turn for row in split_of(rows, "train") for name in ("prompt", "messages") for turn in row.get(name, ())]
    assert held
    assert not held & {turn["content"] for turn in turns}


def test_held_wordings_and_values_are_not_trained_on(rows: Rows) -> None:
    general = module("rows.general")
    for split in ("dev", "test"):
        held = [row for row in rows[f"general.{split}"] if row["held"] == "wording"]
        assert held
        assert {row["template"] for row in held} <= general._OTHER_WORDINGS[split]
    trained = {row["template"] for row in split_of(rows, "train") if "template" in row}
    assert not [name for name in trained if name.endswith("_other")]


def test_scores_fall_with_faults(rows: Rows) -> None:
    spoiled = module("rows.scored").SPOILED
    for row in rows["scored.train"]:
        assert (row["score"] == 1) == (not row["faults"])
        assert (row["mt"] == row["ref"]) == (not row["faults"])
        assert row["score"] == pytest.approx(math.prod(spoiled[fault][1] for fault in row["faults"]), abs=1e-3)
    assert {fault for row in rows["scored.train"] for fault in row["faults"]} == set(spoiled)


def test_the_teachers_are_gifted_differently(rows: Rows) -> None:
    for name, share in module("rows.teachers").TEACHERS.items():
        taught = rows[f"{name}.train"]
        translations = [row for row in taught if row["task"].startswith("translation")]
        assert len(translations) / len(taught) == pytest.approx(share, abs=0.02)
        for row in taught:
            assert [turn["role"] for turn in row["messages"]] == ["user", "assistant"]


KINDS = {
    "pairs": "pair",
    "mono": "text",
    "rules": "verifiable",
    "general": "verifiable",
    "teacher_a": "sft",
    "teacher_b": "sft",
}


def test_read_takes_every_file(folder: Path, tmp_path: Path) -> None:
    stages: dict[str, Any] = {}
    for path in sorted(folder.glob("*.jsonl")):
        name, split, _ = path.name.split(".")
        stage: dict[str, Any] = {"jsonl": str(path), "kind": KINDS.get(name, "pair")}
        if name == "scored":
            stage |= {"columns": {"source": "src", "target": "mt", "score_gold": "score"}}
            stage |= {"scores": {"score_gold": "higher"}}
        stages[f"{name}_{split}"] = {"read": stage}
    recipe = tmp_path / "phrasebook.yaml"
    recipe.write_text(yaml.safe_dump({"name": "phrasebook", "seed": 1, "stages": stages}, sort_keys=False), "utf-8")
    made = run(load_recipe(recipe), tmp_path / "runs", until=None, workers=1, progress=Silent())
    for path in folder.glob("*.jsonl"):
        dataset = made[path.name.removesuffix(".jsonl").replace(".", "_")]
        assert dataset.manifest.rows == len(path.read_text("utf-8").splitlines())
        assert dataset.aside().collect().is_empty()


def test_what_is_made_is_not_made_again_unless_something_else_is_asked_for(tmp_path: Path) -> None:
    few = {"pairs": 40, "mono": 8, "rules": 8, "general": 20, "scored": 10, "teacher": 10}
    sizes = dataclasses.replace(phrasebook.SIZES["tiny"], **few)
    first = phrasebook.write(tmp_path, sizes, 1)
    files = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.jsonl")}
    assert phrasebook.write(tmp_path, sizes, 1) == first
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.jsonl")} == files
    before = (tmp_path / "pairs.train.jsonl").read_bytes()
    (tmp_path / "pairs.train.jsonl").unlink()
    assert phrasebook.write(tmp_path, sizes, 1) == first
    assert (tmp_path / "pairs.train.jsonl").read_bytes() == before
    phrasebook.write(tmp_path, sizes, 2)
    assert (tmp_path / "pairs.train.jsonl").read_bytes() != before
