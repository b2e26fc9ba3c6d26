import polars as pl
import pytest
from pydantic import ValidationError

from filters.scorers.human import Human


@pytest.mark.parametrize(
    ("meta", "score"),
    [
        ('{"z": -0.75, "raw": 62}', -0.75),
        ('{"z": 3}', 3.0),
        ('{"z": "0.25"}', 0.25),
        ('{"z": "good"}', None),
        ('{"z": true}', None),
        ('{"z": null}', None),
        ('{"z": "nan"}', None),
        ('{"z": [1]}', None),
        ('{"raw": 62}', None),
        ("", None),
        (None, None),
    ],
)
def test_a_field_of_meta_as_a_number(meta, score):
    frame = pl.DataFrame({"meta": [meta]}, schema={"meta": pl.String})
    assert Human(field="z").score(frame).rows() == [(score,)]


def test_direction_and_name():
    scorer = Human.model_validate({"field": "hter", "as": "effort", "higher_is_better": False})
    [column] = scorer.columns("pair")
    assert (column.name, column.higher_is_better) == ("score_effort", False)
    assert column.signature == "human|field:hter"
    assert scorer.needs("pair") == ("meta",)
    with pytest.raises(ValidationError):
        Human()
