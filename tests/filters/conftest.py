"""What tests of filters and scorers share."""

from pathlib import Path

import pytest

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
