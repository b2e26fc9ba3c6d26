"""The engine `openai` against `transformers serve`: a server that starts in seconds from a local folder."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from kept import ask, texts
from tiny_models import make_chat_model

from datagen.engines.openai import Openai
from datagen.engines.transformers import Transformers

LACKING = [name for name in ("torch", "transformers", "fastapi", "uvicorn") if find_spec(name) is None]
pytestmark = [
    pytest.mark.skipif(bool(LACKING), reason=f"needs {', '.join(LACKING)}: make test-train"),
    pytest.mark.timeout(300),
]

PROMPTS = ["Hi", "When does the ferry leave?", "去群岛的渡轮几点出发?", "متى تغادر العبارة؟", "島へ" * 20]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Takes the likeliest token always: the server does what the generation config says, whatever it is asked."""
    return make_chat_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def url(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--dtype", "float32"]
    with (folder / "log").open("wb") as out:
        server = subprocess.Popen(
            [Path(sys.executable).with_name("transformers"), "serve", str(model), *options],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(folder)},
        )
    try:
        while not _is_up(f"http://127.0.0.1:{port}/health"):
            assert server.poll() is None, (folder / "log").read_text()[-4000:]
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(30)


def _is_up(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def test_answers_are_those_of_the_engine_in_process(
    url: str, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    served = ask(Openai(model=str(model), base_url=url, max_tokens=12), PROMPTS, n=2)
    ours = ask(Transformers(model=str(model), dtype="float32", device="cpu", max_tokens=12), PROMPTS, n=2)
    assert len(served.answers) == 2 * len(PROMPTS)
    assert not served.failures
    # The server keeps the halves of characters that an answer was cut within.
    assert [text.rstrip("\ufffd") for text in texts(served)] == texts(ours)
    assert {key: body.usage for key, body in served.bodies.items()} == {
        key: body.usage for key, body in ours.bodies.items()
    }
