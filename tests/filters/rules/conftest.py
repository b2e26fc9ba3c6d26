"""How tests of filters judge single rows."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from filters.base import ScoreColumn
from filters.names import Spec, open_filter

Judge = Callable[..., bool | None]


def _frame(source: str | None, output: str | None, columns: dict[str, Any]) -> pl.DataFrame:
    row = {"@source": source, "@output": output, "src_lang": None, "tgt_lang": None, **columns}
    prefixes = {"score_": pl.Float64, "flag_": pl.Boolean}
    types = {name: next((t for prefix, t in prefixes.items() if name.startswith(prefix)), pl.String) for name in row}
    return pl.DataFrame([row], schema=types)


@pytest.fixture
def judge() -> Judge:
    """The verdict on one row: `judge("copied", source="Hello", output="hello")`."""

    def verdict(
        spec: Spec,
        *,
        source: str | None = None,
        output: str | None = None,
        scores: dict[str, ScoreColumn] | None = None,
        **columns: Any,
    ) -> bool | None:
        rejected = open_filter(spec).for_columns(scores or {}).reject()
        value: bool | None = _frame(source, output, columns).select(rejected.alias("v")).item()
        return value

    return verdict


@pytest.fixture
def evidence() -> Callable[..., str | None]:
    """What a filter says of a row that it drops."""

    def told(spec: Spec, *, source: str | None = None, output: str | None = None, **columns: Any) -> str | None:
        expression = open_filter(spec).evidence()
        assert expression is not None
        value: str | None = _frame(source, output, columns).select(expression.cast(pl.String).alias("e")).item()
        return value

    return told
