"""What tests of filters and scorers share."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hub_server import Hub

from filters.recognizer import lid176


@pytest.fixture(scope="session")
def own_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that is not lid.176: its label for Cebuano says German in ISO 639-3, that for Ilocano no language."""
    renamed = {b"__label__ceb\0": b"__label__deu\0", b"__label__ilo\0": b"__label__zxx\0"}
    content = lid176().read_bytes()
    for old, new in renamed.items():
        assert content.count(old) == 1
        content = content.replace(old, new)
    file = tmp_path_factory.mktemp("model") / "own.ftz"
    file.write_bytes(content)
    return file


@pytest.fixture
def before_the_hub(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Run lines of Python before a server like the hub, whose address is read at import; give what they print."""
    with Hub() as hub:

        def told(code: str) -> str:
            own = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
            done = subprocess.run(
                [sys.executable, "-c", code], env={**os.environ, **own}, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        yield told
