"""What reader tests share: reading with options as a recipe gives them."""

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from datagen.readers.base import Record
from datagen.readers.names import open_reader


class Reading(NamedTuple):
    """All that a reader gave."""

    records: list[Record]
    counts: dict[str, int]

    @property
    def rows(self) -> list[dict[str, object]]:
        return [record.row for record in self.records if record.row is not None]

    @property
    def aside(self) -> list[tuple[int, str]]:
        return [(record.line, record.reason) for record in self.records if record.row is None]


Read = Callable[..., Reading]


@pytest.fixture(scope="session")
def read() -> Read:
    def read(**options: Any) -> Reading:
        counts: Counter[str] = Counter()
        return Reading(list(open_reader(options).records(counts)), dict(counts))

    return read
