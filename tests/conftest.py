"""What all tests share: the folder of real data, and how hypothesis looks for counter-examples."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from servers import ChatServer

ROOT = Path(__file__).parents[1]

# No deadline: a first call may import polars. CI looks at the same examples every time, people at new ones.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("people", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "people")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real test data, which is no part of the project; without it the test is skipped."""
    folder = Path(os.environ.get("TOWERKIT_DATA") or ROOT.parent / "shared" / "data").resolve()
    if not folder.is_dir():
        pytest.skip("needs the real test data: set TOWERKIT_DATA to its folder, or put it at ../shared/data")
    return folder


@pytest.fixture
def chat_server() -> Iterator[ChatServer]:
    """A server of the Chat Completions API, answering at once and rightly until it is told otherwise."""
    with ChatServer() as server:
        yield server
