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
    assert [column.model_dump() for column in scorer.columns("pair")] == [
        {"name": "score_effort", "higher_is_better": False, "signature": "human|field:hter"}
    ]
    assert scorer.needs("pair") == ("meta",)
    with pytest.raises(ValidationError):
        Human()
