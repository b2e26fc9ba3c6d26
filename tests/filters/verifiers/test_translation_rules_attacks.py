"""Attempts to be rewarded without translating by the rules: none is; and honest translations are."""

import random

import pytest

from filters.base import Part
from filters.translation_rules.base import Source
from filters.translation_rules.families import FAMILIES
from filters.translation_rules.text import Text
from filters.verifiers.translation_rules import TranslationRules

ZERO_WIDTH = "\u200b"
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
MATHEMATICAL = str.maketrans("0123456789", "".join(chr(0x1D7CE + n) for n in range(10)))
CYRILLIC = str.maketrans("aeopcxyAEOPCXTHKMB", "аеорсхуАЕОРСХТНКМВ")


class Task:
    """A source with a rule: how it is rightly translated, and how wrongly."""

    def __init__(self, rule: dict, tgt_lang: str, source: str, right: str, wrong: str, old: str, new: str) -> None:
        """The value is `new` in the right translation, where the wrong one has `old`."""
        assert new in right
        assert old in wrong
        self.rule, self.source, self.right, self.wrong, self.old, self.new = rule, source, right, wrong, old, new
        self.verifier = TranslationRules.model_validate({"rules": [{"locale": tgt_lang, **rule}]})
        said = self.verifier.rules[0].instruct("en", random.Random(0))
        self.instruction = f"Translate the text below, and mind the rule that follows. {said}"
        prompt = [{"role": "user", "content": f"{self.instruction}\n\n{source}"}]
        self.row = {"prompt": prompt, "source": source, "src_lang": "en", "tgt_lang": tgt_lang}

    def score(self, response: str) -> float | None:
        return self.verifier.verify(self.row, response).score


TASKS = {
    "dates": Task(
        {"family": "dates", "style": "numeric", "dates": ["2024-03-05"]}, "de",
        "The council decided on March 5, 2024 to close the old bridge for repairs.",
        "Der Rat beschloss am 05.03.2024, die alte Brücke wegen Reparaturen zu schließen.",
        "Der Rat beschloss am March 5, 2024, die alte Brücke wegen Reparaturen zu schließen.",
        "March 5, 2024", "05.03.2024",
    ),
    "times": Task(
        {"family": "times", "clock": 24, "times": [930]}, "fr",
        "The train to the coast leaves at 3:30 PM from the second platform.",
        "Le train pour la côte part à 15:30 du deuxième quai.",
        "Le train pour la côte part à 3:30 PM du deuxième quai.",
        "3:30 PM", "15:30",
    ),
    "numbers": Task(
        {"family": "numbers", "numbers": [["1,234.5", "1234.5"]]}, "pl",
        "The survey counted 1,234.5 hectares of forest in the northern valley.",
        "W badaniu naliczono 1234,5 hektara lasu w północnej dolinie.",
        "W badaniu naliczono 1,234.5 hektara lasu w północnej dolinie.",
        "1,234.5", "1234,5",
    ),
    "currency": Task(
        {"family": "currency", "amounts": [{"value": "100", "unit": "USD"}], "to": "EUR", "rate": "0.9"}, "es",
        "The new library card costs $100 for every family in the district.",
        "El nuevo carné de la biblioteca cuesta 90 € para cada familia del distrito.",
        "El nuevo carné de la biblioteca cuesta $100 para cada familia del distrito.",
        "$100", "90 €",
    ),
    "units": Task(
        {"family": "units", "system": "metric", "amounts": [{"value": "5", "unit": "length-mile"}]}, "zh",
        "The old farm lies 5 miles behind the village with the white church.",
        "那座老农场在有白色教堂的村庄后面8公里处，四周都是田野。",
        "那座老农场在有白色教堂的村庄后面5英里处，四周都是田野。",
        "5英里", "8公里",
    ),
    "temperatures": Task(
        {"family": "temperatures", "scale": "celsius", "amounts": [{"value": "68", "unit": "temperature-fahrenheit"}]},
        "fi",
        "The water in the small lake was 68 °F warm at the end of the summer.",
        "Pienen järven vesi oli kesän lopussa 20 °C lämmintä.",
        "Pienen järven vesi oli kesän lopussa 68 °F lämmintä.",
        "68 °F", "20 °C",
    ),
    "phones": Task(
        {"family": "phones", "form": "international", "numbers": ["+442079460018"]}, "cs",
        "Please call the office in London at 020 7946 0018 before Friday noon.",
        "Zavolejte prosím do kanceláře v Londýně na +44 20 7946 0018 před pátečním polednem.",
        "Zavolejte prosím do kanceláře v Londýně na 020 7946 0018 před pátečním polednem.",
        "020 7946 0018", "+44 20 7946 0018",
    ),
    "verbatim": Task(
        {"family": "verbatim", "kind": "codes", "items": ["RX7800", "order_id"]}, "ru",
        "Enter the order_id from the letter and press the key RX7800 twice.",
        "Введите order_id из письма и дважды нажмите клавишу RX7800.",
        "Введите номер заказа из письма и дважды нажмите клавишу РХ-7800.",
        "РХ-7800", "RX7800",
    ),
    "markup": Task(
        {"family": "markup"}, "hu",
        "Click <b>Save</b> and wait until {count} files have been copied to the disk.",
        "Kattintson a <b>Mentés</b> gombra, és várjon, amíg {count} fájl a lemezre kerül.",
        "Kattintson a Mentés gombra, és várjon, amíg a fájlok a lemezre kerülnek.",
        "Mentés", "<b>Mentés</b>",
    ),
    "terms": Task(
        {"family": "terms", "required": [["lighthouse", "Leuchtturm"]], "forbidden": ["Computer"]}, "de",
        "The guard of the lighthouse bought a new computer for the long winter.",
        "Der Wärter des Leuchtturms kaufte einen neuen Rechner für den langen Winter.",
        "Der Wärter des Leuchtfeuers kaufte einen neuen Computer für den langen Winter.",
        "Computer", "Leuchtturms",
    ),
    "quotes": Task(
        {"family": "quotes", "opening": "«", "closing": "»", "pairs": 1}, "fr",
        'The teacher said "we begin tomorrow" and closed the heavy door behind her.',
        "La maîtresse a dit « nous commençons demain » et a fermé la lourde porte derrière elle.",
        'La maîtresse a dit "nous commençons demain" et a fermé la lourde porte derrière elle.',
        '"', "«",
    ),
    "address": Task(
        {"family": "address", "formal": True}, "de",
        "Can you tell me where you bought your beautiful green coat?",
        "Können Sie mir sagen, wo Sie Ihren schönen grünen Mantel gekauft haben?",
        "Kannst du mir sagen, wo du deinen schönen grünen Mantel gekauft hast?",
        "du", "Sie",
    ),
}  # fmt: skip

ATTACKS = {
    "nothing": lambda _: "",
    "white space": lambda _: " \n\t\u00a0 ",
    "zero-width characters alone": lambda _: ZERO_WIDTH * 80,
    "the source": lambda t: t.source,
    "the source in capitals": lambda t: t.source.upper(),
    "the source with the new value": lambda t: t.source.replace(t.old, t.new),
    "the new value behind the source": lambda t: f"{t.source} {t.new}",
    "source and translation": lambda t: f"{t.source}\n{t.right}",
    "the wrong translation": lambda t: t.wrong,
    "both translations": lambda t: f"{t.right}\n{t.wrong}",
    "both translations, wrong one first": lambda t: f"{t.wrong} / {t.right}",
    "the translation twice": lambda t: f"{t.right} {t.right}",
    "the translation again and again": lambda t: "\n".join([t.right] * 50),
    "the new value alone": lambda t: t.new,
    "the new value many times": lambda t: " ".join([t.new] * 30),
    "the new value in a comment": lambda t: f"{t.wrong} <!-- {t.new} -->",
    "the right translation in a comment": lambda t: f"{t.wrong}<!-- {t.right} -->",
    "the new value in a hidden tag": lambda t: f'{t.wrong} <span style="display:none">{t.new}</span>',
    "the new value in an attribute": lambda t: f'{t.wrong} <i title="{t.new}"></i>',
    "the new value in a link": lambda t: f"{t.wrong} [.](http://x.y/{t.new})",
    "the new value in a Markdown comment": lambda t: f"{t.wrong}\n\n[//]: # ({t.new})",
    "the instruction": lambda t: t.instruction,
    "the instruction and the translation": lambda t: f"{t.instruction}\n{t.right}",
    "the whole prompt": lambda t: t.row["prompt"][0]["content"],
    "zero-width characters between all letters": lambda t: ZERO_WIDTH.join(t.right),
    "words of the source's letters, lookalike": lambda t: t.source.translate(CYRILLIC),
    "lookalike letters in the translation": lambda t: (
        t.right.replace("e", "е").replace("o", "о") if t.right.isascii() else t.source
    ),
    "mathematical digits": lambda t: t.right.translate(MATHEMATICAL) if any(map(str.isdigit, t.right)) else t.wrong,
    "full-width digits in the wrong value": lambda t: t.wrong.translate(FULL_WIDTH),
    "a refusal": lambda t: f"I am sorry, but I cannot translate this text. {t.new}",
    "an unrelated sentence of the source's language": lambda t: (
        f"My favourite colour has always been a very dark green {t.new}"
    ),
    "a huge output": lambda t: f"{t.right} " + "la " * 300_000,
    "a megabyte of tags": lambda _: "<b>" * 300_000,
    "letters without words": lambda t: "x" * len(t.right),
}


@pytest.mark.parametrize("task", TASKS)
def test_the_right_translation_is_rewarded(task):
    verdict = TASKS[task].verifier.verify(TASKS[task].row, TASKS[task].right)
    assert verdict.score == 1, verdict


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("task", TASKS)
def test_no_attack_is_rewarded(task, attack):
    response = ATTACKS[attack](TASKS[task])
    # Gibberish addresses nobody: that rule cannot judge it, which earns nothing either.
    allowed = (0, None) if (task, attack) == ("address", "letters without words") else (0,)
    assert TASKS[task].score(response) in allowed, response[:300]


@pytest.mark.parametrize(
    ("task", "response"),
    [
        ("dates", "Der Rat beschloss am 05.03.2024 (5. März 2024), die alte Brücke wegen Reparaturen zu schließen."),
        ("dates", "Der Rat beschloss am 05.03.2024 oder 03.05.2024, die alte Brücke zu schließen."),
        ("dates", "Der Rat beschloss am 2024-03-05, die alte Brücke wegen Reparaturen zu schließen."),
        ("dates", "Der Rat beschloss am 05.03.24, die alte Brücke wegen Reparaturen zu schließen."),
        ("dates", "Der Rat beschloss am 5. März 2024, die alte Brücke zu schließen, Akte 99.99.9999."),
        ("dates", "Der Rat beschloss am 0\u00ad5.03.2024 / 5 March 2024, die alte Brücke zu schließen."),
        ("times", "Le train pour la côte part à 15:30 (3:30 PM) du deuxième quai."),
        ("times", "Le train pour la côte part à 3:30 de l’après-midi du deuxième quai."),
        ("times", "Le train pour la côte part à 15:30 PM du deuxième quai."),
        ("times", "Le train pour la côte part à 15:30 ou 16:30 du deuxième quai."),
        ("numbers", "W badaniu naliczono 1234,5 (1,234.5) hektara lasu w północnej dolinie."),
        ("numbers", "W badaniu naliczono 1234,5 lub 1234,5 hektara lasu w północnej dolinie."),
        ("numbers", "W badaniu naliczono 1.234,5 hektara lasu w północnej dolinie."),
        ("currency", "El nuevo carné cuesta 90 € (100 $) para cada familia del distrito."),
        ("currency", "El nuevo carné de la biblioteca cuesta 90 dólares para cada familia del distrito."),
        ("currency", "El nuevo carné cuesta 90 € o 95 € para cada familia del distrito."),
        ("currency", "El nuevo carné de la biblioteca cuesta 90 para cada familia del distrito."),
        ("units", "那座老农场在有白色教堂的村庄后面8公里（5英里）处，四周都是田野。"),
        ("units", "那座老农场在有白色教堂的村庄后面5公里处，四周都是田野。"),
        ("units", "那座老农场在有白色教堂的村庄后面8公里或80公里处，四周都是田野。"),
        ("units", "那座老農場在有白色教堂的村莊後面8英里處，四周都是田野。"),
        ("temperatures", "Pienen järven vesi oli kesän lopussa 20 °C (68 °F) lämmintä."),
        ("temperatures", "Pienen järven vesi oli kesän lopussa 68 °C lämmintä."),
        ("temperatures", "Pienen järven vesi oli kesän lopussa -20 °C lämmintä."),
        ("phones", "Zavolejte prosím do Londýna na +44 20 7946 0018 (020 7946 0018) před polednem."),
        ("phones", "Zavolejte prosím do kanceláře v Londýně na +442079460018 před pátečním polednem."),
        ("phones", "Zavolejte prosím do kanceláře v Londýně na +44 20 7946 0019 před pátečním polednem."),
        ("verbatim", "Введите order_ id из письма и дважды нажмите клавишу RX 7800."),
        ("verbatim", "Введите оrder_id из письма и дважды нажмите клавишу RX7800."),
        ("markup", "Kattintson a <b></b>Mentés gombra, és várjon, amíg {count} fájl a lemezre kerül."),
        ("markup", "Kattintson a <b>Mentés<b> gombra, és várjon, amíg {count} fájl a lemezre kerül."),
        ("markup", "Kattintson a </b>Mentés<b> gombra, és várjon, amíg {count} fájl a lemezre kerül."),
        ("markup", "Kattintson a <b>Mentés</b> gombra, és várjon, amíg {szám} fájl a lemezre kerül."),
        ("markup", "Kattintson a <b>Mentés {count}</b> gombra, és várjon, amíg a fájl a lemezre kerül."),
        ("markup", "Kattintson a <strong>Mentés</strong> gombra, és várjon, amíg {count} fájl a lemezre kerül."),
        ("terms", "Der Wärter des Leuchtturms kaufte einen neuen C-o-m-p-u-t-e-r für den langen Winter."),
        ("terms", "Der Wärter des Leuchtturms kaufte neue Computern für den langen Winter."),
        ("terms", "Der Wärter des lighthouse (Leuchtturm) kaufte einen neuen Rechner für den Winter."),
        ("terms", "Der Wärter des Turms kaufte einen neuen Rechner für den langen Winter: Leucht, Turm."),
        ("terms", "Der Wärter kaufte einen Rechner. " + "Leuchtturm " * 6),
        ("quotes", "La maîtresse a dit « » nous commençons demain et a fermé la lourde porte derrière elle."),
        ("quotes", "La maîtresse a dit » nous commençons demain « et a fermé la lourde porte derrière elle."),
        ("quotes", "La maîtresse a dit « \"nous commençons demain\" » et a fermé la porte derrière elle."),
        ("quotes", "La maîtresse a dit « nous commençons demain et a fermé la lourde porte derrière elle."),
        ("address", "Können Sie mir sagen, wo du deinen schönen grünen Mantel gekauft hast?"),
        ("address", "Können Sie (kannst du) mir sagen, wo Sie Ihren grünen Mantel gekauft haben?"),
    ],
)  # fmt: skip
def test_no_trick_is_rewarded(task, response):
    assert TASKS[task].score(response) == 0


def test_there_are_more_than_enough_attempts():
    assert len(TASKS) * len(ATTACKS) >= 100


def test_what_is_not_the_answers_fault_is_null():
    verifier, row = TASKS["dates"].verifier, TASKS["dates"].row
    for lacking in ("source", "src_lang", "tgt_lang"):
        assert verifier.verify({**row, lacking: None}, TASKS["dates"].right).score is None
    assert verifier.verify({**row, "tgt_lang": "xx-nowhere"}, "text").reason == "unknown language"
    assert verifier.verify({**row, "source": "a " * 150_000}, "text").reason == "source too long"


def test_a_rule_that_cannot_be_judged_is_null_unless_another_is_broken():
    address = {"locale": "de", "family": "address", "formal": True}
    dates = {"locale": "de", **TASKS["dates"].rule}
    verifier = TranslationRules.model_validate({"rules": [address, dates]})
    assert verifier.verify(TASKS["dates"].row, TASKS["dates"].right).reason == "address: no form of address"
    assert verifier.verify(TASKS["dates"].row, TASKS["dates"].wrong).score == 0


def test_the_families_are_parts_of_one_verifier():
    assert issubclass(TranslationRules, Part)
    assert set(TASKS) <= set(FAMILIES)
    for task in TASKS.values():
        source = Source(Text(task.source), "en", task.row["tgt_lang"])
        assert task.verifier.rules[0].check(Text(task.right), source).score == 1
