"""`wrong_language`."""

import pytest

OUTPUT = {"label_langid": "nl", "score_langid": 0.9}


@pytest.mark.parametrize(
    ("columns", "rejected"),
    [
        ({**OUTPUT, "flag_langid": False}, True),
        ({**OUTPUT, "flag_langid": True}, False),
        ({**OUTPUT, "flag_langid": True, "score_langid": 0.1}, False),
        ({**OUTPUT, "flag_langid": False, "score_langid": 0.4}, None),
        ({**OUTPUT, "flag_langid": None}, None),
        ({"label_langid": None, "score_langid": None, "flag_langid": None}, None),
    ],
)
def test_wrong_language(judge, columns: dict[str, object], rejected: bool | None) -> None:
    assert judge("wrong_language", output="Goedemorgen", **columns) is rejected


@pytest.mark.parametrize(
    ("output_fits", "source_fits", "rejected"),
    [(True, True, False), (False, True, True), (True, False, True), (None, False, True), (None, True, None)],
)
def test_both_sides(judge, output_fits: bool | None, source_fits: bool, rejected: bool | None) -> None:
    columns = {
        "label_langid": "nl",
        "score_langid": 0.9,
        "flag_langid": output_fits,
        "label_langid_source": "fr",
        "score_langid_source": 0.8,
        "flag_langid_source": source_fits,
    }
    assert judge({"wrong_language": {"side": "both"}}, **columns) is rejected


def test_renamed_scorer_and_evidence(judge, evidence) -> None:
    spec = {"wrong_language": {"score": "glot", "side": "source"}}
    columns = {"label_glot_source": "sr-Latn", "score_glot_source": 0.777, "flag_glot_source": False}
    assert judge(spec, **columns) is True
    assert evidence(spec, **columns) == "sr-Latn 0.78"
