"""`verifiable`: what becomes of rows, which problems are kept, and why the others are not."""

import json
from typing import Any

import orjson
import pytest

from corpus.errors import UserError
from corpus.languages import TOWER_PLUS
from filters.rewards import verify_row


def asked(question: str, *references: str, **columns: Any) -> dict[str, Any]:
    """A `prompt` row."""
    meta = columns.pop("meta", None)
    return {
        "prompt": [{"role": "user", "content": question}],
        "references": list(references) or None,
        "meta": orjson.dumps(meta).decode() if meta else None,
        "tgt_lang": "en",
        **columns,
    }


def made_of(dataset: Any) -> list[tuple[str, str | None, float | None]]:
    """Family, checks and difficulty of each problem."""
    return [(row["label_family"], row["label_checks"], row["score_difficulty"]) for row in dataset.rows()]


def rejected(dataset: Any) -> list[tuple[str, str]]:
    return list(dataset.aside().select("reason", "value").collect().rows())


@pytest.mark.parametrize(
    ("references", "meta", "language", "difficulty"),
    [
        (["5 apples and 3 more are <<5+3=8>>8, twice that <<8*2=16>>16.\n#### 16"], None, "en", 2.0),
        (["Thus $x=\\boxed{\\frac{3}{4}}$."], {"level": "Level 4"}, "en", 4.0),
        (["1.234,5"], None, "de", None),
        (["الجواب هو ١٦"], None, "ar", None),
        (["คำตอบคือ ๑๘"], None, "th", None),
        (["18", "18.0"], None, "zh", None),
    ],
)
def test_mathematics(references: list[str], meta: Any, language: str, difficulty: float | None, stages: Any) -> None:
    rows = [asked("How many?", *references, meta=meta, tgt_lang=language)]
    problems = stages(rows, "prompt", "problems: {verifiable: {make: [math]}}")["problems"]
    assert made_of(problems) == [("math", None, difficulty)]
    [row] = problems.rows()
    assert row["verifiers"] == [{"name": "math", "args": "{}"}]
    assert [verify_row(row, text).score for text in references] == [1.0] * len(references)
    assert verify_row(row, "The answer is 17.").score == 0


@pytest.mark.parametrize(
    ("references", "reason"),
    [
        ([], "no_reference"),
        (["It is \\boxed{}."], "reference_unjudged:math"),
        (["#### 16", "Nobody can say."], "reference_fails:math"),
        ([" "], "reference_unjudged:math"),
    ],
)
def test_mathematics_without_a_known_answer(references: list[str], reason: str, stages: Any) -> None:
    rows = [asked("How many?", *references), asked("How few?", "#### 3")]
    problems = stages(rows, "prompt", "problems: {verifiable: {make: [math]}}")["problems"]
    assert [why for why, _ in rejected(problems)] == [reason]
    assert problems.manifest.counts == {"in": 2, "candidates": 2, "rows": 1, "rejected": {reason: 1}}


def test_chats_are_questions_with_their_answers(stages: Any) -> None:
    turns = [("system", "Be brief."), ("user", "2 + 2?"), ("assistant", "#### 4")]
    rows = [{"messages": [{"role": role, "content": text} for role, text in turns], "tgt_lang": "en", "license": "MIT"}]
    stage = 'problems: {verifiable: {make: [{math: {instruction: "Answer in digits."}}]}}'
    [row] = stages(rows, "sft", stage)["problems"].rows()
    assert [turn["content"] for turn in row["prompt"]] == ["Be brief.", "2 + 2?\n\nAnswer in digits."]
    assert (row["references"], row["license"], row["task"]) == (["#### 4"], "MIT", "math")


PROGRAM = "def twice(n):\n    return 2 * n"
TESTS = {"test_list": ["assert twice(2) == 4", "assert twice(-1) == -2"], "test_setup_code": ""}
HUMANEVAL = {"entry_point": "twice", "test": "def check(candidate):\n    assert candidate(3) == 6\n"}


@pytest.mark.parametrize(
    ("form", "question", "program", "meta", "reasons"),
    [
        ("mbpp", "Write a function that doubles.", PROGRAM, TESTS, []),
        ("mbpp", "Write a function that doubles.", PROGRAM.replace("2 *", "3 *"), TESTS, ["reference_fails:code"]),
        ("mbpp", "Write a function that doubles.", "import sys; sys.exit(0)", TESTS, ["reference_fails:code"]),
        ("mbpp", "Write a function that doubles.", PROGRAM, {"tests": []}, ["no_tests"]),
        ("mbpp", "Write a function that doubles.", PROGRAM, {"test_list": []}, ["no_tests"]),
        ("mbpp", "Write a function that doubles.", PROGRAM, {"test_list": 3}, ["no_tests"]),
        ("humaneval", 'def twice(n):\n    """Double n."""\n', "    return 2 * n\n", HUMANEVAL, []),
        ("humaneval", 'def twice(n):\n    """Double n."""\n', "    return n\n", HUMANEVAL, ["reference_fails:code"]),
        ("pairs", "Read a number and print its double.", "print(2 * int(input()))", {"pairs": [["2", "4"]]}, []),
        ("pairs", "Read a number and print its double.", "print(4)", {"pairs": [["2", "4"], ["3", "6"]]},
         ["reference_fails:code"]),
    ],
)  # fmt: skip
def test_programs(form: str, question: str, program: str, meta: Any, reasons: list[str], stages: Any) -> None:
    stage = f"problems: {{verifiable: {{make: [{{code: {{form: {form}}}}}], allow_code: true}}}}"
    problems = stages([asked(question, program, meta=meta)], "prompt", stage)["problems"]
    assert [why for why, _ in rejected(problems)] == reasons
    assert problems.manifest.rows == 1 - len(reasons)


def test_a_prompt_shows_some_tests(stages: Any) -> None:
    stage = "problems: {verifiable: {make: [{code: {shown: 1}}], allow_code: true}}"
    [row] = stages([asked("Double it.", PROGRAM, meta=TESTS)], "prompt", stage)["problems"].rows()
    assert row["prompt"][0]["content"] == "Double it.\n\nassert twice(2) == 4"
    assert orjson.loads(row["verifiers"][0]["args"])["tests"] == TESTS["test_list"]


def test_programs_are_not_run_unasked(stages: Any) -> None:
    with pytest.raises(UserError, match=r"tries programs from the data.*allow_code: true"):
        stages([asked("Double it.", PROGRAM, meta=TESTS)], "prompt", "problems: {verifiable: {make: [code]}}")


@pytest.mark.parametrize("language", [*TOWER_PLUS, "zh-Hant", "pt-BR", "nb"])
def test_drawn_constraints(language: str, stages: Any) -> None:
    rows = [asked(f"Question {n}?", tgt_lang=language) for n in range(12)]
    stage = "problems: {verifiable: {make: [{constraints: {least: 2, most: 3, copies: 2}}]}}"
    problems = stages(rows, "prompt", stage)["problems"]
    counts = problems.manifest.counts
    assert counts["candidates"] == 24
    assert counts["rows"] >= 22, counts
    for row in problems.rows():
        names = row["label_checks"].split("+")
        assert 2 <= len(names) == len(set(names)) == row["score_difficulty"] <= 3
        assert row["prompt"][0]["content"].startswith("Question ")
        assert verify_row(row, "").score == 0


@pytest.mark.parametrize(
    ("form", "meta", "expected"),
    [
        ("ifeval", {"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}, "no_commas"),
        ("ifeval", {"instruction_id_list": ["ja:punctuation:no_comma", "ja:length_constraints:number_sentences"],
                    "kwargs": [{}, {"relation": "以上", "num_sentences": 3}]}, "no_commas+sentences"),
        ("tulu", {"ground_truth": '{"func_name": "validate_lowercase", "N": null}'}, "lowercase"),
        ("ifeval", {"instruction_id_list": ["punctuation:no_coma"], "kwargs": [{}]}, ("unknown_constraint",)),
        ("ifeval", {"instruction_id_list": ["punctuation:no_comma"], "kwargs": []}, ("unknown_constraint",)),
        ("ifeval", {"other": 1}, ("no_constraints",)),
        ("ifeval", None, ("no_constraints",)),
        ("tulu", {"ground_truth": "no JSON"}, ("unknown_constraint",)),
        ("ifeval", {"instruction_id_list": ["change_case:english_capital", "change_case:english_lowercase"],
                    "kwargs": [{}, {}]}, ("constraints_conflict",)),
    ],
)  # fmt: skip
def test_given_constraints(form: str, meta: Any, expected: str | tuple[str], stages: Any) -> None:
    stage = f"problems: {{verifiable: {{make: [{{constraints: {{form: {form}}}}}]}}}}"
    problems = stages([asked("Do as told.", meta=meta)], "prompt", stage)["problems"]
    if isinstance(expected, str):
        assert [checks for _, checks, _ in made_of(problems)] == [expected]
    else:
        assert tuple(why for why, _ in rejected(problems)) == expected


@pytest.mark.parametrize(("language", "reason"), [(None, "no_language"), ("sw", "no_wording")])
def test_constraints_need_a_language_with_wordings(language: str | None, reason: str, stages: Any) -> None:
    rows = [asked("Swali?", tgt_lang=language)]
    problems = stages(rows, "prompt", "problems: {verifiable: {make: [constraints]}}")["problems"]
    assert [why for why, _ in rejected(problems)] == [reason]


def pair(source: str, target: str, languages: str, **meta: Any) -> dict[str, Any]:
    src_lang, tgt_lang = languages.split(">")
    told = orjson.dumps(meta).decode() if meta else None
    return {"source": source, "target": target, "src_lang": src_lang, "tgt_lang": tgt_lang, "meta": told}


def rules_stage(*families: str, **options: Any) -> str:
    given = {"families": list(families), "most": 1, **options}
    return f"problems: {{verifiable: {{make: [{{translation_rules: {orjson.dumps(given).decode()}}}]}}}}"


@pytest.mark.parametrize(
    ("row", "family", "references"),
    [
        (pair("The bridge opens on March 5, 2024.", "Die Brücke wird am 5. März 2024 eröffnet.", "en>de"), "dates",
         {"Die Brücke wird am 2024-03-05 eröffnet.", "Die Brücke wird am 5. März 2024 eröffnet.",
          "Die Brücke wird am 05.03.2024 eröffnet.", "Die Brücke wird am 5.3.2024 eröffnet."}),
        (pair("The shop closes at 8:30 PM on Monday.", "商店星期一晚上8:30关门。", "en>zh"), "times", None),
        (pair("The farm lies 5 miles behind the church.", "La ferme se trouve à 5 miles derrière l’église.", "en>fr"),
         "units", {"La ferme se trouve à 8 kilomètres derrière l’église.",
                   "La ferme se trouve à 8,05 kilomètres derrière l’église.",
                   "La ferme se trouve à 8,0 kilomètres derrière l’église."}),
        (pair("Open the <b>door</b> slowly.", "افتح <b>الباب</b> ببطء.", "en>ar"), "markup",
         {"افتح <b>الباب</b> ببطء."}),
        (pair("The invoice is paid.", "Der Beleg ist bezahlt.", "en>de", terms={"invoice": "Beleg"}), "terms",
         {"Der Beleg ist bezahlt."}),
        (pair("The invoice is paid.", "Der Beleg ist bezahlt.", "en>de", terms={"invoice": ["Beleg", "Rechnung"]}),
         "terms", {"Der Beleg ist bezahlt."}),
        (pair("Could you help me with this?", "Könnten Sie mir dabei helfen?", "en>de", formality="formal"), "address",
         {"Könnten Sie mir dabei helfen?"}),
    ],
)  # fmt: skip
def test_translations_with_rules(row: dict[str, Any], family: str, references: set[str] | None, stages: Any) -> None:
    problems = stages([row], "pair", rules_stage(family))["problems"]
    if references is None:  # a translator's choice that cannot be rewritten gives no problem, counted
        assert problems.manifest.rows + len(rejected(problems)) == 1
        return
    [made] = problems.rows()
    assert made_of(problems) == [("translation_rules", family, 1.0)]
    assert made["references"][0] in references
    assert made["source"] == row["source"]
    assert row["source"] in made["prompt"][0]["content"]
    assert verify_row(made, made["references"][0]).score == 1
    assert verify_row(made, row["source"]).score == 0
    assert verify_row(made, "").score == 0


@pytest.mark.parametrize(
    ("row", "reasons"),
    [
        (pair("Fine.", "Gut.", "en>de"), ["no_rule_applies"]),
        (pair(" ", "Gut.", "en>de"), ["no_source"]),
        ({**pair("Fine.", "Gut.", "en>de"), "src_lang": None}, ["no_language"]),
        (pair("The invoice is paid.", "Die Rechnung ist bezahlt.", "en>de", terms={"invoice": "Beleg"}),
         ["no_rule_kept"]),
        (pair("Open the <b>door</b> slowly.", "Open the <b>door</b> slowly.", "en>de"),
         ["reference_fails:translation_rules"]),
    ],
)  # fmt: skip
def test_pairs_that_give_no_problem(row: dict[str, Any], reasons: list[str], stages: Any) -> None:
    problems = stages([row], "pair", rules_stage("terms", "markup", "dates"))["problems"]
    assert [why for why, _ in rejected(problems)] == reasons


def test_rules_are_told_in_the_languages_asked_for(stages: Any) -> None:
    rows = [
        pair(f"The bridge opens on March {day}, 2024.", f"Die Brücke wird am {day}. März 2024 eröffnet.", "en>de")
        for day in range(1, 29)
    ]
    told = {}
    for language in ("en", "target"):
        made = stages(rows, "pair", rules_stage("dates", instructions=[language]))["problems"]
        told[language] = [row["prompt"][0]["content"].partition("\n")[0] for row in made.rows()]
        assert made.manifest.rows == 28
    assert all("Datum" in line or "Daten" in line or "Datums" in line for line in told["target"]), told["target"]
    assert all("date" in line.lower() for line in told["en"]), told["en"]


BRIDGE = [
    pair(f"The bridge opens on {en} {day}, 2024.", f"Die Brücke wird am {day}. {de} 2024 eröffnet.", "en>de")
    for en, de in (("March", "März"), ("May", "Mai"))
    for day in range(1, 29)
]


@pytest.mark.parametrize(
    ("weights", "fewest", "most"), [({}, 18, 38), ({"length": 0.05}, 47, 56), ({"dates": 0.05}, 0, 9)]
)
def test_families_are_drawn_as_weighted(weights: dict[str, float], fewest: int, most: int, stages: Any) -> None:
    """Dates can be written in three styles and are drawn no oftener for that."""
    made = stages(BRIDGE, "pair", rules_stage("dates", "length", weights=weights))["problems"]
    families = [row["label_checks"] for row in made.rows()]
    assert set(families) <= {"dates", "length"}
    assert fewest <= families.count("dates") <= most


def test_a_text_with_too_few_rules_makes_no_problem(stages: Any) -> None:
    rows = [*BRIDGE[:3], pair("Where is the bridge?", "Wo ist die Brücke?", "en>de")]
    made = stages(rows, "pair", rules_stage("dates", "length", least=2, most=2))["problems"]
    assert made_of(made) == [("translation_rules", "dates+length", 2.0)] * 3
    assert rejected(made) == [("too_few_rules", "length.columns")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": {"date": 1}}, "there is no family 'date'.*dates"),
        ({"weights": {"dates": 0}}, "greater than 0"),
        ({"least": 3, "most": 2}, "least: found 3, expected at most 2"),
    ],
)
def test_options_of_translation_rules(options: dict[str, Any], message: str, stages: Any) -> None:
    with pytest.raises(UserError, match=message):
        stages(BRIDGE, "pair", rules_stage("dates", **options))


def preferred(chosen: str, rejected_: str, better: float | None, worse: float | None) -> dict[str, Any]:
    said = [[{"role": "assistant", "content": text}] for text in (chosen, rejected_)]
    return {
        "prompt": [{"role": "user", "content": "Translate to German: The house is old."}],
        **dict(zip(("chosen", "rejected"), said, strict=True)),
        **{"score_chosen": better, "score_rejected": worse, "src_lang": "en", "tgt_lang": "de"},
    }


def test_preferences(stages: Any) -> None:
    rows = [preferred(f"Das Haus ist alt. {n}", f"Haus das alt. {n}", -1.0, -6.0) for n in range(6)]
    problems = stages(rows, "preference", "problems: {verifiable: {make: [preference]}}")["problems"]
    made = list(problems.rows())
    answers = [orjson.loads(row["verifiers"][0]["args"])["preferred"] for row in made]
    assert sorted(answers) == ["A", "A", "A", "B", "B", "B"]
    for row, answer in zip(made, answers, strict=True):
        question = row["prompt"][0]["content"]
        assert (question.index("Das Haus ist alt.") < question.index("Haus das alt.")) == (answer == "A")
        assert verify_row(row, f"One keeps the order.\nVerdict: {answer}").score == 1
        assert verify_row(row, f"Verdict: {'AB'.replace(answer, '')}").score == 0
    assert {row["score_difficulty"] for row in made} == {-5.0}
    assert {row["tgt_lang"] for row in made} == {"en"}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (preferred("Gut.", "Schlecht.", 0.0, 0.0), "tie"),
        (preferred("Gut.", "Schlecht.", 0.0, -0.5), "near_tie"),
        (preferred("Gut.", "Schlecht.", None, -5.0), "no_scores"),
        (preferred("Gut.", "Gut. ", 0.0, -5.0), "equal_texts"),
    ],
)
def test_pairs_that_people_did_not_tell_apart(row: dict[str, Any], reason: str, stages: Any) -> None:
    stage = "problems: {verifiable: {make: [{preference: {min_margin: 1}}]}}"
    assert [why for why, _ in rejected(stages([row], "preference", stage)["problems"])] == [reason]


@pytest.mark.parametrize(
    ("references", "hter", "reason"),
    [
        (["Das Haus ist alt."], 0.25, None),
        (["Das Haus ist alt."], 0.05, "near_tie"),
        (["Haus das alt."], 0.0, "tie"),
        (["Das Haus ist alt."], None, "no_scores"),
        (None, 0.3, "no_reference"),
        (["Haus das alt. "], 0.3, "equal_texts"),
    ],
)
def test_corrections_are_better_than_what_was_corrected(
    references: list[str] | None, hter: float | None, reason: str | None, stages: Any
) -> None:
    row = {**asked("Translate: The house is old."), "references": references, "response": "Haus das alt."}
    row |= {"prompt_id": "0" * 32, "engine": "mt", "sample": 0, "score_hter": hter}
    stage = "problems: {verifiable: {make: [{preference: {min_margin: 0.1}}]}}"
    problems = stages([row], "response", stage, lower=["score_hter"])["problems"]
    assert [why for why, _ in rejected(problems)] == ([reason] if reason else [])
    for made in problems.rows():
        answer = orjson.loads(made["verifiers"][0]["args"])["preferred"]
        question = made["prompt"][0]["content"]
        assert (question.index("Das Haus ist alt.") < question.index("Haus das alt.")) == (answer == "A")
        assert made["score_difficulty"] == -0.25


@pytest.mark.parametrize("language", ["ja", "hi", "sw"])
def test_the_comparison_is_asked_for_in_a_language(language: str, stages: Any) -> None:
    row = {**preferred("Gut.", "Schlecht.", 0.0, -5.0), "tgt_lang": language}
    stage = "problems: {verifiable: {make: [{preference: {instructions: target}}]}}"
    [made] = stages([row], "preference", stage)["problems"].rows()
    assert made["tgt_lang"] == ("en" if language == "sw" else language)


def test_verifiers_of_the_stage_are_gates_of_every_problem(stages: Any) -> None:
    long = "Zuerst fünf, dann noch einmal drei Äpfel, also sind es zusammen acht Stück.\n#### 8"
    rows = [asked("How many?", long, tgt_lang="de"), asked("How few?", long, tgt_lang="en"), asked("And now?", "8")]
    stage = "problems: {verifiable: {make: [math], verifiers: [language, {format: {max_chars: 300}}]}}"
    problems = stages(rows, "prompt", stage)["problems"]
    # A bare number is of no language: the gate cannot judge it, which does no harm.
    assert [row["prompt"][0]["content"] for row in problems.rows()] == ["How many?", "And now?"]
    assert [why for why, _ in rejected(problems)] == ["reference_fails:language"]
    first = next(iter(problems.rows()))
    assert [entry["name"] for entry in first["verifiers"]] == ["math", "language", "format"]
    assert verify_row(first, "#### 8" + " x" * 400).score == 0


def test_equal_problems_stand_once(stages: Any) -> None:
    rows = [asked("How many?", "8", task=task) for task in ("one", "two")]
    problems = stages(rows, "prompt", "problems: {verifiable: {make: [math]}}")["problems"]
    assert [why for why, _ in rejected(problems)] == ["repeated"]


def test_how_rows_are_cut_does_not_matter(stages: Any) -> None:
    rows = [asked(f"Tell me about {n}.", tgt_lang="fr") for n in range(40)]
    stage = "problems: {verifiable: {make: [constraints]}}"
    whole, cut = (stages(rows, "prompt", stage, rows_per_shard=size)["problems"] for size in (40, 7))
    assert [row["id"] for row in whole.rows()] == [row["id"] for row in cut.rows()]


def test_problems_that_a_model_sometimes_solves(stages: Any) -> None:
    """Responses become problems again, with how often they were solved, and `select` keeps the instructive ones."""
    verifiers = [{"name": "math", "args": "{}"}]
    rows = [
        {
            "prompt": [{"role": "user", "content": question}],
            "prompt_id": f"{question:032}",
            "references": ["8"],
            "verifiers": verifiers if question != "none" else [],
            "engine": "model",
            "sample": sample,
            "response": answer,
            "tgt_lang": "en",
        }
        for question, answers in {"easy": "888", "hard": "777", "right": "878", "none": "8"}.items()
        for sample, answer in enumerate(answers)
    ]
    made = stages(
        rows,
        "response",
        """
        scored: {score: {scorers: [verified]}}
        rated: {score: {scorers: [pass_rate]}}
        problems: {verifiable: {}}
        kept: {select: {filters: [{threshold: {column: score_pass_rate, min: 0.1, max: 0.9}}]}}
        """,
    )
    assert rejected(made["problems"]) == [("no_verifiers", None)]
    rates = {row["prompt"][0]["content"]: row["score_pass_rate"] for row in made["problems"].rows()}
    assert rates == {"easy": 1.0, "hard": 0.0, "right": pytest.approx(2 / 3)}
    [kept] = made["kept"].rows()
    assert (kept["prompt"][0]["content"], kept["verifiers"]) == ("right", verifiers)
    assert [chosen.column for chosen in made["kept"].manifest.selected_by] == ["score_pass_rate"]


def test_problems_of_one_document_are_held_out_with_its_answers(stages: Any) -> None:
    rows = [
        {
            "prompt": [{"role": "user", "content": f"{doc}-{n}"}], "prompt_id": f"{doc}{n}".zfill(32), "engine": "m",
            "sample": 0, "response": "8", "verifiers": [{"name": "math", "args": "{}"}], "references": ["8"],
            "origin": "o", "doc_id": str(doc), "meta": json.dumps({"doc": doc}), "score_pass_rate": 0.5,
        }
        for doc in range(20) for n in range(3)
    ]  # fmt: skip
    made = stages(
        {"answers": rows},
        "response",
        """
        problems: {verifiable: {}}
        answered: {from: answers, mix: {validation: 0.4}}
        asked: {from: problems, mix: {validation: 0.4}}
        """,
    )
    held = [{json.loads(row["meta"])["doc"] for row in made[name].rows("validation")} for name in ("answered", "asked")]
    assert held[0] == held[1]
    assert 2 < len(held[0]) < 16


@pytest.mark.parametrize(
    ("kind", "stage", "message"),
    [
        ("prompt", "{}", "give `make:`, a list of makers"),
        ("prompt", "{make: [maths]}", "there is no maker 'maths'. Did you mean 'math'"),
        ("prompt", "{make: math}", "expected a list of names"),
        ("prompt", "{make: [translation_rules]}", "reads rows of kind pair; the stage before it gives 'prompt'"),
        ("prompt", "{make: [math, preference]}", "'preference' takes rows of kind preference or response; the"),
        ("prompt", "{make: [math], verifiers: [langauge]}", "no verifier 'langauge'. Did you mean 'language'"),
        ("prompt", "{make: [{constraints: {least: 3, most: 2}}]}", "least: found 3, expected at most"),
        ("prompt", "{make: [{constraints: {form: tulu, most: 2}}]}", "are for drawn constraints"),
        ("response", "{}", "the responses have no score_pass_rate"),
    ],
)
def test_recipes_that_cannot_work(kind: str, stage: str, message: str, stages: Any) -> None:
    response = {"prompt_id": "0" * 32, "engine": "m", "sample": 0, "response": "8"}
    rows = [asked("How many?", "8", **(response if kind == "response" else {}))]
    with pytest.raises(UserError) as found:
        stages(rows, kind, f"problems: {{verifiable: {stage}}}")
    assert message in str(found.value)
