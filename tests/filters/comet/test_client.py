"""COMET's worker processes seen from here, without COMET: processes that die before they say anything."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import Failure
from filters.comet.client import Load, Workers

DYING = """#!/bin/sh
echo "starting" >&2
echo "no driver" >&2
exit 3
"""


def test_a_death_while_loading_is_told_with_its_last_lines(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(DYING)
    python.chmod(0o755)
    told: list[Mapping[str, Any]] = []
    load = Load(checkpoint=tmp_path / "none.ckpt", encoder=tmp_path, hparams={}, sides=("src", "mt"))
    with (
        pytest.raises(Failure, match=r"(?s)died while it loaded \(exit code 3\).*no driver"),
        Workers(python, load, ["cpu"], tmp_path, told.append),
    ):
        pass
    assert told == [
        {"state": "loading"},
        {"restarted": "once, exit code 3", "last_lines": "starting | no driver"},
    ]
