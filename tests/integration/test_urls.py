"""Reading over HTTP from a real server, through the whole path: hash, plan, rows."""

import gzip
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from corpus.errors import UserError
from datagen.progress import Silent
from datagen.recipe import load_recipe
from datagen.run import run


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing on the test's output."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    folder = tmp_path / "served"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    thread.join()
    server.server_close()


def test_rows_come_over_http_and_a_changed_file_is_another_plan(served: tuple[str, Path], tmp_path: Path) -> None:
    address, folder = served
    (folder / "x.de.gz").write_bytes(gzip.compress("Guten Tag.\nWie geht’s?\n".encode()))
    (folder / "x.ar.gz").write_bytes(gzip.compress("نهارك سعيد.\nكيف حالك؟\n".encode()))
    recipe = tmp_path / "web.yaml"
    recipe.write_text(
        f"stages:\n  pairs: {{read: {{text: {{de: '{address}/x.de.gz', ar: '{address}/x.ar.gz'}}}}}}\n",
        encoding="utf-8",
    )
    first = run(load_recipe(recipe), tmp_path / "runs", until=None, workers=1, progress=Silent())["pairs"]
    assert [row["target"] for row in first.rows()] == ["نهارك سعيد.", "كيف حالك؟"]
    assert {row["origin"] for row in first.rows()} == {"x.de.gz"}
    (folder / "x.ar.gz").write_bytes(gzip.compress("نهارك سعيد.\nكيف حالك اليوم؟\n".encode()))
    second = run(load_recipe(recipe), tmp_path / "runs", until=None, workers=1, progress=Silent())["pairs"]
    assert second.path != first.path
    assert [row["target"] for row in second.rows()] == ["نهارك سعيد.", "كيف حالك اليوم؟"]


def test_a_missing_address_is_the_users_mistake(served: tuple[str, Path], tmp_path: Path) -> None:
    recipe = tmp_path / "web.yaml"
    recipe.write_text(f"stages:\n  t: {{read: {{text: {{de: '{served[0]}/none.de'}}}}}}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"none\.de"):
        run(load_recipe(recipe), tmp_path / "runs", until=None, workers=1, progress=Silent())
