import random
import re
from importlib.resources import files

import pytest

from corpus import UserError
from corpus.languages import TOWER_PLUS
from filters.constraints.catalog import CONSTRAINTS, open_constraint
from filters.constraints.wording import wordings

_PLACEHOLDERS = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("language", TOWER_PLUS)
def test_every_constraint_is_told_with_the_same_placeholders(language):
    sheet, english = wordings(language), wordings("en")
    assert set(sheet["constraints"]) == set(CONSTRAINTS)
    for name, text in sheet["constraints"].items():
        assert sorted(_PLACEHOLDERS.findall(text)) == sorted(_PLACEHOLDERS.findall(english["constraints"][name])), name
        assert text.count("******") == (name == "two_responses")
    assert set(sheet["relations"]) == set(english["relations"])
    assert set(sheet["nouns"]) == set(english["nouns"])
    assert "not by a native speaker" in sheet["second_reading"]
    assert not any(word.lower() in sheet["filler"].lower() for word in sheet["words"])


@pytest.mark.parametrize("language", TOWER_PLUS)
def test_what_is_drawn_is_told_with_its_arguments(language):
    rng = random.Random(language)
    for name, model in CONSTRAINTS.items():
        constraint = model.sample(rng, language)
        told = constraint.describe(language)
        assert not _PLACEHOLDERS.search(told.replace("{" + '"', "")), told
        for field in ("count", "nth", "keyword", "letter", "first_word", "phrase", "ending", "prompt"):
            assert str(getattr(constraint, field, "")) in told, (name, field)
        for field in ("keywords", "options", "words"):
            assert all(word in told for word in getattr(constraint, field, ())), (name, field)


@pytest.mark.parametrize(
    ("language", "count", "relation", "told"),
    [
        ("en", 1, "at_least", "Your response must contain at least 1 word."),
        ("ru", 21, "at_least", "Ответ должен содержать не менее 21 слова."),
        ("ru", 22, "exactly", "Ответ должен содержать ровно 22 слова."),
        ("ru", 25, "less_than", "Ответ должен содержать менее 25 слов."),
        ("pl", 22, "at_least", "Odpowiedź ma zawierać co najmniej 22 słowa."),
        ("pl", 25, "at_most", "Odpowiedź ma zawierać co najwyżej 25 słów."),
        ("cs", 3, "exactly", "Odpověď musí obsahovat přesně 3 slova."),
        ("ro", 20, "at_least", "Răspunsul trebuie să conțină cel puțin 20 de cuvinte."),
        ("ro", 19, "at_least", "Răspunsul trebuie să conțină cel puțin 19 cuvinte."),
        ("fi", 1, "at_least", "Vastauksessa on oltava vähintään 1 sana."),
        ("fi", 2, "at_least", "Vastauksessa on oltava vähintään 2 sanaa."),
        ("hu", 5, "around", "A válaszban körülbelül 5 szó legyen."),
        ("pt-BR", 2, "less_than", "Sua resposta deve conter menos de 2 palavras."),
        ("nb", 2, "at_most", "Svaret skal inneholde høyst 2 ord."),
    ],
)
def test_numbers_are_told_in_the_right_form(language, count, relation, told):
    constraint = open_constraint({"name": "words", "count": count, "relation": relation})
    assert constraint.describe(language) == told


def test_forms_that_a_language_has_for_how_often_alone():
    times = {"name": "keyword_frequency", "keyword": "x", "count": 3, "relation": "less_than"}
    assert "sjaldnar en 3 sinnum" in open_constraint(times).describe("is")
    assert "méně než 3krát" in open_constraint(times).describe("cs")


def test_what_is_filled_in_may_hold_braces():
    prompt = {"name": "repeat_prompt", "prompt": "Fill {prompt} and {quantity}"}
    assert "“Fill {prompt} and {quantity}”" in open_constraint(prompt).describe("en")


def test_languages_are_named_in_the_language_of_the_instruction():
    constraint = open_constraint({"name": "response_language", "language": "ja"})
    assert constraint.describe("de").endswith("Sprache: Japanisch.")
    assert constraint.describe("ko").endswith("작성하세요: 일본어.")


def test_the_same_seed_draws_the_same():
    for model in CONSTRAINTS.values():
        assert model.sample(random.Random(7), "fr") == model.sample(random.Random(7), "fr")


def test_a_language_without_wordings_is_told():
    with pytest.raises(UserError, match=r"no wordings in 'sw'.*They have them in de, nl"):
        open_constraint({"name": "no_commas"}).describe("sw")


def test_no_file_is_left_over():
    folder = files("filters.constraints") / "wordings"
    assert sorted(file.name for file in folder.iterdir()) == sorted(f"{code}.yaml" for code in TOWER_PLUS)
