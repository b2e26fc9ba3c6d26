"""Reading over HTTP from a real server, through the whole path: hash, plan, rows."""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import polars as pl
import pytest

import corpus
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


def test_secrets_of_an_address_are_in_no_file_and_no_message(served: tuple[str, Path], tmp_path: Path) -> None:
    """A password and a token stand in the address alone; with another token it is the same data."""
    address, folder = served
    rows = ["broken", *(json.dumps({"source": f"Hund {n}", "target": "كلب"}) for n in range(9))]
    (folder / "x.jsonl.gz").write_bytes(gzip.compress("\n".join(rows).encode(), mtime=0))
    recipe, runs = tmp_path / "web.yaml", tmp_path / "runs"
    url = address.replace("//", "//user:${PASSWORD}@") + "/x.jsonl.gz?token=${TOKEN}#${TOKEN}"
    recipe.write_text(f"stages:\n  rows: {{read: {{jsonl: '{url}', kind: pair, max_bad: 0.2}}}}\n", encoding="utf-8")
    told = []

    def datagen(*words: str, token: str = "t0ken-one") -> int:
        said = subprocess.run(
            [sys.executable, "-m", "datagen.cli", "run", recipe, "--runs", runs, *words],
            env={**os.environ, "PASSWORD": "pa55word", "TOKEN": token},
            capture_output=True,
            text=True,
            check=False,
        )
        told.append(said.stdout + said.stderr)
        return said.returncode

    assert [datagen(), datagen(token="t0ken-two")] == [0, 0]
    (folder_made,) = (runs / "web").glob("rows-*")
    made = corpus.open(folder_made)
    assert [file.name for file in made.manifest.files] == ["x.jsonl.gz"]
    assert made.manifest.origins == {"x.jsonl.gz": 9}
    (bad,) = made.aside().collect().iter_rows(named=True)
    assert bad["file"] == f"{address}/x.jsonl.gz"

    assert datagen("--set", "rows.max_bad=0") == 2
    assert f"{address}/x.jsonl.gz:1: broken_json" in told[-1]
    (folder / "x.jsonl.gz").write_bytes(b"no gzip")
    assert datagen() == 2
    assert f"{address}/x.jsonl.gz: the compressed data is damaged" in told[-1]
    (folder / "x.jsonl.gz").unlink()
    assert datagen() == 2
    assert f"there is no file {address}/x.jsonl.gz" in told[-1]

    kept = [path for path in runs.rglob("*") if path.is_file()]
    # Columns are compressed, so what they say is looked at as text too.
    told += [pl.read_parquet(path).write_json() for path in kept if path.suffix == ".parquet"]
    for secret in ("pa55word", "t0ken"):
        assert [path for path in kept if secret.encode() in path.read_bytes()] == []
        assert [text for text in told if secret in text] == []


def test_a_served_file_that_changes_while_it_is_read(served: tuple[str, Path], tmp_path: Path) -> None:
    """This server tells versions apart by whole seconds and size."""
    address, folder = served
    line = json.dumps({"source": "Hund", "target": "dog"}) + "\n"
    (folder / "x.jsonl").write_text(line * 40)
    recipe = tmp_path / "web.yaml"
    read = f"{{jsonl: '{address}/x.jsonl', kind: pair, rows_per_shard: 5}}"
    recipe.write_text(f"stages:\n  rows: {{read: {read}}}\n", encoding="utf-8")

    class Meddling(Silent):
        def advanced(self, rows: int) -> None:
            del rows
            (folder / "x.jsonl").write_text(line * 50)

    with pytest.raises(UserError, match=r"x\.jsonl changed while it was read"):
        run(load_recipe(recipe), tmp_path / "runs", until=None, workers=1, progress=Meddling())
    assert not list((tmp_path / "runs").rglob("*.parquet"))


def test_a_missing_address_is_the_users_mistake(served: tuple[str, Path], tmp_path: Path) -> None:
    recipe = tmp_path / "web.yaml"
    recipe.write_text(f"stages:\n  t: {{read: {{text: {{de: '{served[0]}/none.de'}}}}}}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"none\.de"):
        run(load_recipe(recipe), tmp_path / "runs", until=None, workers=1, progress=Silent())
